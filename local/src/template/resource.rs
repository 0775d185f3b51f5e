use serde_json::Value;

use super::{build::BuildError, error::LineError, intrinsics::Scope, yaml::Node};
use crate::identity::iam_arn;

/// The properties that `CreateTable` has in common with `AWS::DynamoDB::Table`.
const CREATE_TABLE: [&str; 7] = [
    "TableName",
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "ProvisionedThroughput",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
];

/// One entry of `Resources` with its properties resolved.
pub(super) struct Resource<'a> {
    pub(super) logical_id: &'a str,
    /// Its `Type`.
    pub(super) kind: &'a str,
    /// Its name on AWS.
    pub(super) name: String,
    pub(super) properties: Value,
    /// Itself as it is written, with lines.
    pub(super) node: &'a Node,
    pub(super) scope: &'a Scope<'a>,
}

impl<'a> Resource<'a> {
    pub(super) fn new(
        logical_id: &'a str,
        node: &'a Node,
        scope: &'a Scope<'a>,
    ) -> Result<Self, LineError> {
        let kind = node
            .get("Type")
            .and_then(Node::text)
            .ok_or_else(|| LineError::new(node.line, BuildError::NoType(logical_id.to_owned())))?;
        let properties = match node.get("Properties") {
            Some(properties) => scope.resolve(properties)?.unwrap_or_default(),
            None => Value::Null,
        };
        if !properties.is_null() && !properties.is_object() {
            return Err(LineError::new(node.line, BuildError::Properties(logical_id.to_owned())));
        }
        let name = scope.physical_name(logical_id, kind, node)?;
        Ok(Self { logical_id, kind, name, properties, node, scope })
    }

    /// The node of the property `name`.
    pub(super) fn property(&self, name: &str) -> Option<&'a Node> {
        self.node.get("Properties")?.get(name)
    }

    /// The ARN and the document of a managed policy.
    pub(super) fn managed_policy(&self) -> (String, Value) {
        (iam_arn(&format!("policy/{}", self.name)), self.properties["PolicyDocument"].clone())
    }

    /// The `CreateTable` request of a table.
    pub(super) fn table(&self) -> Value {
        let mut request = self.properties.clone();
        request["TableName"] = self.name.clone().into();
        if let Some(request) = request.as_object_mut() {
            request.retain(|name, _| CREATE_TABLE.contains(&name.as_str()));
        }
        request
    }
}

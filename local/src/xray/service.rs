use serde_json::{Map, Value};

use super::node::{Kind, Node};
use crate::identity::ACCOUNT;

/// How X-Ray spells the services whose names SDKs send in other ways: Python's and Node's send `dynamodb`.
const SPELLINGS: [&str; 12] = [
    "DynamoDB",
    "Events",
    "Firehose",
    "KMS",
    "Kinesis",
    "Lambda",
    "S3",
    "SNS",
    "SQS",
    "SSM",
    "STS",
    "SecretsManager",
];

/// A service as the map shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Service<'a> {
    /// A segment's own name; of a called service the table, bucket, queue, topic or function, where it is known.
    pub(super) name: &'a str,
    /// `AWS::Lambda::Function`, `client`, `remote`, …; what a segment without an origin has not.
    pub(super) kind: Option<&'a str>,
    /// The account that the segment names.
    account: Option<&'a str>,
}

impl<'a> Service<'a> {
    /// The service that sent a segment, or that was inferred from a call.
    pub(super) fn of(node: &'a Node) -> Self {
        let inferred = node.kind == Kind::Inferred;
        let resource = if inferred { resource(&node.body) } else { None };
        Self {
            name: resource.unwrap_or(node.name()),
            kind: node.text("origin").or(inferred.then_some("remote")),
            account: node.find("/aws/account_id").and_then(Value::as_str),
        }
    }

    /// One whose name, type and account are known.
    pub(super) fn known(name: &'a str, kind: Option<&'a str>, account: Option<&'a str>) -> Self {
        Self { name, kind, account }
    }

    /// Who called the root.
    pub(super) fn client(root: &'a Node) -> Self {
        Self { name: root.name(), kind: Some("client"), account: None }
    }

    /// The account that it belongs to: this one unless it says otherwise.
    pub(super) fn account(&self) -> &'a str {
        self.account.unwrap_or(ACCOUNT)
    }

    /// The account in an answer. X-Ray gives it for functions alone.
    pub(super) fn shown_account(&self) -> Option<&'a str> {
        self.account.filter(|_| self.kind == Some("AWS::Lambda::Function"))
    }
}

/// What a call of an AWS service was about. Only a call that names its operation has a resource.
pub(super) fn resource(call: &Map<String, Value>) -> Option<&str> {
    let aws = call.get("aws")?;
    aws.get("operation")?;
    let first = |name: &str| aws[name][0].as_str();
    let resource = match call.get("name")?.as_str()? {
        "DynamoDB" => aws["table_name"].as_str().or_else(|| first("resource_names")),
        "S3" => aws["bucket_name"].as_str(),
        "SQS" => aws["queue_url"].as_str(),
        "SNS" => aws["topic_arn"].as_str(),
        "Lambda" => aws["function_name"].as_str().map(function_name),
        _ => None,
    };
    resource.filter(|resource| !resource.is_empty())
}

/// The name of a function that an ARN or a name, with or without a version, is of.
fn function_name(function: &str) -> &str {
    let name = function.split_once(":function:").map_or(function, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _version)| name)
}

/// Spells the name of an AWS service as X-Ray does.
pub(super) fn spelling(name: &str) -> Option<&'static str> {
    SPELLINGS.into_iter().find(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_called_function_has_its_name() {
        for (function, name) in [
            ("pay", "pay"),
            ("pay:live", "pay"),
            ("arn:aws:lambda:us-east-1:123456789012:function:pay", "pay"),
            ("arn:aws:lambda:us-east-1:123456789012:function:pay:7", "pay"),
            ("123456789012:function:pay", "pay"),
        ] {
            let aws = json!({ "operation": "Invoke", "function_name": function });
            let call = json!({ "name": "Lambda", "aws": aws });
            assert_eq!(resource(call.as_object().unwrap()), Some(name), "{function}");
        }
    }
}

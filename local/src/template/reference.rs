use serde_json::Value;

use super::{
    error::LineError,
    intrinsics::{IntrinsicError, Resolved, Scope},
    rest_api,
    yaml::{Node, scalar},
};
use crate::identity::{ACCOUNT, REGION, arn, iam_arn, queue_url};

/// `AWS::StackName`.
pub(super) const STACK: &str = "local";

impl Scope<'_> {
    /// The value of `Ref`.
    pub(super) fn reference(&self, name: &str, line: usize) -> Resolved {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = self.parameters.get(name) {
            if self.lists.iter().any(|list| list == name) {
                return Ok(Some(value.split(',').map(str::trim).collect()));
            }
            let number = self.numbers.iter().any(|number| number == name);
            return Ok(Some(scalar(value, !number)));
        }
        let pseudo_parameter = match name {
            "AWS::Region" => REGION,
            "AWS::AccountId" => ACCOUNT,
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => STACK,
            // SAM's own notation for what it creates beside a resource, such as `!Ref Api.Stage`.
            _ if name.contains('.') => {
                let (resource, attribute) = name.split_once('.').unwrap_or((name, ""));
                return self.attribute(resource, attribute, line).map(Some);
            }
            _ => return self.attribute(name, "", line).map(Some),
        };
        Ok(Some(pseudo_parameter.into()))
    }

    /// The value of `GetAtt` for an attribute, and of `Ref` for the empty one.
    pub(super) fn attribute(
        &self,
        resource: &str,
        attribute: &str,
        line: usize,
    ) -> Result<Value, LineError> {
        let found = self.resources.iter().find(|(name, _)| name == resource);
        let Some((_, node)) = found else {
            return self.created_by_sam(resource, attribute)?.ok_or_else(|| {
                LineError::new(line, IntrinsicError::UnknownName(resource.to_owned()))
            });
        };
        let kind = node.get("Type").and_then(Node::text).unwrap_or_default();
        let name = self.guarded(resource, line, || self.physical_name(resource, kind, node))?;
        let value = match (kind, attribute) {
            ("AWS::Serverless::Function" | "AWS::Lambda::Function", "Arn") => {
                arn("lambda", &format!("function:{name}"))
            }
            ("AWS::Serverless::Api", "") => rest_api::id(&name),
            ("AWS::Serverless::Api", "Stage") => match property(node, "StageName") {
                Some(stage) => self.text(stage)?,
                None => rest_api::DEFAULT_STAGE.to_owned(),
            },
            ("AWS::DynamoDB::Table", "Arn") => arn("dynamodb", &format!("table/{name}")),
            ("AWS::Events::EventBus", "Arn") => arn("events", &format!("event-bus/{name}")),
            ("AWS::Events::Archive", "Arn") => arn("events", &format!("archive/{name}")),
            ("AWS::SNS::Topic", "" | "TopicArn") => arn("sns", &name),
            ("AWS::SQS::Queue", "Arn") => arn("sqs", &name),
            ("AWS::SQS::Queue", "" | "QueueUrl") => queue_url(&name),
            ("AWS::IAM::Role", "Arn") => iam_arn(&format!("role/{name}")),
            ("AWS::IAM::ManagedPolicy", "" | "PolicyArn") => iam_arn(&format!("policy/{name}")),
            ("AWS::Logs::LogGroup", "Arn") => arn("logs", &format!("log-group:{name}:*")),
            ("AWS::Events::EventBus", "Name")
            | ("AWS::SNS::Topic", "TopicName")
            | ("AWS::SQS::Queue", "QueueName")
            | (_, "") => name,
            // Nothing calls what is not emulated, so any text does for its attributes.
            _ => format!("{resource}.{attribute}"),
        };
        Ok(value.into())
    }

    /// The name that the template gives a resource, or one made from its logical id.
    pub(super) fn physical_name(
        &self,
        logical_id: &str,
        kind: &str,
        node: &Node,
    ) -> Result<String, LineError> {
        let key = match kind {
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => "FunctionName",
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::SNS::Topic" => "TopicName",
            "AWS::SQS::Queue" => "QueueName",
            "AWS::IAM::ManagedPolicy" => "ManagedPolicyName",
            "AWS::IAM::Role" => "RoleName",
            "AWS::Logs::LogGroup" => "LogGroupName",
            "AWS::Events::EventBus" | "AWS::Events::Rule" => "Name",
            "AWS::Events::Archive" => "ArchiveName",
            "AWS::Serverless::Api" => {
                let name = property(node, "Name").or_else(|| self.global_api?.get("Name"));
                return name.map_or_else(|| Ok(logical_id.to_owned()), |name| self.text(name));
            }
            _ => return Ok(logical_id.to_owned()),
        };
        if let Some(name) = property(node, key) {
            return self.text(name);
        }
        // CloudFormation gives what is FIFO the ending that it has to have.
        let fifo = ["FifoQueue", "FifoTopic"].iter().find_map(|key| property(node, key));
        let fifo = fifo.map(|fifo| self.text(fifo)).transpose()?;
        let ending = if fifo.as_deref() == Some("true") { ".fifo" } else { "" };
        Ok(format!("{STACK}-{logical_id}{ending}"))
    }

    /// The value of a reference to a resource that SAM adds to a template: the role of each
    /// function, and the REST API of events that name none.
    fn created_by_sam(&self, resource: &str, attribute: &str) -> Result<Option<Value>, LineError> {
        if resource == rest_api::IMPLICIT
            && self.resources.iter().any(|(_, node)| rest_api::is_implied_by(node))
        {
            return Ok(Some(match attribute {
                "" => rest_api::id(&self.implicit_api_name()?).into(),
                "Stage" => rest_api::DEFAULT_STAGE.into(),
                _ => format!("{resource}.{attribute}").into(),
            }));
        }
        let Some(function) = resource.strip_suffix("Role") else { return Ok(None) };
        let found = self.resources.iter().find(|(name, _)| name == function);
        let is_function = |(_, node): &&(String, Node)| {
            node.get("Type").and_then(Node::text) == Some("AWS::Serverless::Function")
        };
        Ok(found.filter(is_function).map(|_| {
            let name = format!("{STACK}-{resource}");
            if attribute == "Arn" { iam_arn(&format!("role/{name}")).into() } else { name.into() }
        }))
    }

    /// The name of the implicit REST API: that of the stack, unless `Globals` has one.
    pub(super) fn implicit_api_name(&self) -> Result<String, LineError> {
        let name = self.global_api.and_then(|globals| globals.get("Name"));
        name.map_or_else(|| Ok(STACK.to_owned()), |name| self.text(name))
    }
}

fn property<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    node.get("Properties")?.get(name)
}

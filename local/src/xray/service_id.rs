use serde_json::{Value, json};

use super::trace::{Kind, Node};

/// The type of the node that stands for the clients of a trace.
pub(super) const CLIENT: &str = "client";
/// The type of a service outside of AWS that does not report itself.
pub(super) const REMOTE: &str = "remote";

/// What makes a node of the map: a Lambda function has two with the same name and different types.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ServiceId {
    /// A table's or function's own name where the service was called, else the segment's.
    pub(super) name: String,
    /// The segment's `origin`; a segment need not have one.
    pub(super) kind: Option<String>,
    /// The account, where the segment names it.
    pub(super) account: Option<String>,
}

impl ServiceId {
    /// The service that a segment, sent or inferred, belongs to.
    pub(super) fn of(segment: &Node) -> Self {
        let kind = segment.text("origin").map(str::to_owned);
        let aws = segment.body.get("aws").unwrap_or(&Value::Null);
        if segment.kind == Kind::Inferred {
            let kind = kind.unwrap_or_else(|| REMOTE.to_owned());
            let resource = Resource::of(segment.name(), aws);
            let name = resource.map_or(segment.name(), |resource| resource.name).to_owned();
            return Self { name, kind: Some(kind), account: None };
        }
        let account = aws["account_id"].as_str().map(str::to_owned);
        Self { name: segment.name().to_owned(), kind, account }
    }

    /// The clients of the service that a trace enters by.
    pub(super) fn clients_of(entry: &Self) -> Self {
        Self { kind: Some(CLIENT.to_owned()), account: None, ..entry.clone() }
    }

    /// What the call `call` is to, whether or not the callee reports itself.
    pub(super) fn called_by(call: &Node) -> Self {
        let name = canonical(call.name());
        if call.text("namespace") != Some("aws") {
            return Self { name: name.to_owned(), kind: Some(REMOTE.to_owned()), account: None };
        }
        let aws = call.body.get("aws").unwrap_or(&Value::Null);
        let (name, kind) = match Resource::of(name, aws) {
            Some(resource) => (resource.name, resource.kind.to_owned()),
            None => (name, format!("AWS::{name}")),
        };
        Self { name: name.to_owned(), kind: Some(kind), account: None }
    }

    /// As an answer has it; `more` is put beside it.
    pub(super) fn to_json(&self) -> Value {
        let mut shown = json!({ "Name": self.name, "Names": [self.name] });
        if let Some(kind) = &self.kind {
            shown["Type"] = kind.clone().into();
        }
        if let Some(account) = &self.account {
            shown["AccountId"] = account.clone().into();
        }
        shown
    }
}

/// A resource of an AWS service that the map shows in place of the service.
pub(super) struct Resource<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'static str,
}

/// The services whose resources are shown: their name, the member of `aws` that names the resource, the type.
const RESOURCES: [(&str, &str, &str); 5] = [
    ("DynamoDB", "table_name", "AWS::DynamoDB::Table"),
    ("S3", "bucket_name", "AWS::S3::Bucket"),
    ("SQS", "queue_url", "AWS::SQS::Queue"),
    ("SNS", "topic_arn", "AWS::SNS"),
    ("Lambda", "function_name", "AWS::Lambda"),
];

impl<'a> Resource<'a> {
    /// The resource that a call of `service` was about. Without an operation X-Ray shows the service.
    pub(super) fn of(service: &str, aws: &'a Value) -> Option<Self> {
        aws["operation"].as_str().filter(|operation| !operation.is_empty())?;
        let (_, member, kind) = RESOURCES.iter().find(|(name, ..)| *name == service)?;
        let named = aws[*member].as_str().or_else(|| aws["resource_names"][0].as_str());
        named.filter(|name| !name.is_empty()).map(|name| Self { name, kind })
    }
}

/// The services whose names some SDKs write in lower case, and X-Ray answers as AWS writes them.
const SERVICES: [&str; 12] = [
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

/// The name of an AWS service as X-Ray answers it.
pub(super) fn canonical(service: &str) -> &str {
    SERVICES.iter().find(|known| known.eq_ignore_ascii_case(service)).unwrap_or(&service)
}

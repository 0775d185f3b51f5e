use serde_json::{Value, json};

use super::{
    node::Node,
    service::{Service, resource},
};

/// The type of the node that stands for the clients of a trace.
const CLIENT: &str = "client";
/// The type of a service outside of AWS that does not report itself.
pub(super) const REMOTE: &str = "remote";

/// A node of the map: a Lambda function has two with the same name and different types.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ServiceId {
    /// A table's or function's own name where the service was called, else the segment's.
    pub(super) name: String,
    /// The segment's `origin`; a segment need not have one.
    pub(super) kind: Option<String>,
    /// The account, of functions alone.
    pub(super) account: Option<String>,
}

impl From<Service<'_>> for ServiceId {
    fn from(service: Service<'_>) -> Self {
        Self {
            name: service.name.to_owned(),
            kind: service.kind.map(str::to_owned),
            account: service.shown_account().map(str::to_owned),
        }
    }
}

impl ServiceId {
    /// The service that a segment, sent or inferred, belongs to.
    pub(super) fn of(segment: &Node) -> Self {
        Service::of(segment).into()
    }

    /// The clients of the service that a trace enters by.
    pub(super) fn clients_of(entry: &Self) -> Self {
        Self { kind: Some(CLIENT.to_owned()), account: None, ..entry.clone() }
    }

    /// What the call `call` is to, whether or not the callee reports itself.
    pub(super) fn called_by(call: &Node) -> Self {
        let kind = called_type(call).unwrap_or_else(|| REMOTE.to_owned());
        let name = if kind == REMOTE { None } else { resource(&call.body) };
        Self { name: name.unwrap_or(call.name()).to_owned(), kind: Some(kind), account: None }
    }

    /// Whether `shown` of an answer is it.
    pub(super) fn is_shown_as(&self, shown: &Value) -> bool {
        shown["Name"] == self.name.as_str()
            && shown["Type"].as_str() == self.kind.as_deref()
            && shown["AccountId"].as_str() == self.account.as_deref()
    }

    /// As an answer has it.
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

/// The type of the AWS service that `call` is to, or of its resource where the map shows that.
pub(super) fn called_type(call: &Node) -> Option<String> {
    call.text("namespace").filter(|namespace| *namespace == "aws")?;
    let resource = resource(&call.body).and(match call.name() {
        "DynamoDB" => Some("Table"),
        "S3" => Some("Bucket"),
        "SQS" => Some("Queue"),
        _ => None,
    });
    let resource = resource.map(|resource| format!("::{resource}")).unwrap_or_default();
    Some(format!("AWS::{}{resource}", call.name()))
}

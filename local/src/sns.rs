use std::{collections::BTreeMap, future};

use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    clock,
    ring_buffer::RingBuffer,
    template::Topic,
    wire::{AwsApi, AwsError, AwsRequest, Outcome, Permission, Protocol, Response},
};

/// The largest message and subject (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
const MAX_MESSAGE: usize = 256 * 1024;
const MAX_SUBJECT: usize = 100;
/// How many notifications are kept; the oldest are dropped first.
const CAPACITY: usize = 1_000;

/// SNS: the topics of a template and what was published to them. `Publish` is its one operation here.
#[derive(Debug)]
pub(crate) struct Sns {
    topics: Vec<Topic>,
    published: RingBuffer<Notification>,
}

/// What was published.
#[derive(Clone, Debug, Serialize)]
pub struct Notification {
    /// SNS's id for it.
    pub id: String,
    /// The topic's ARN.
    pub topic: String,
    /// When, RFC 3339.
    pub time: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub message: String,
    /// Its message attributes.
    pub attributes: BTreeMap<String, String>,
    /// The trace that it belongs to.
    pub trace_id: Option<String>,
}

impl Sns {
    /// The topics of a template.
    pub(crate) fn new(topics: Vec<Topic>) -> Self {
        Self { topics, published: RingBuffer::new(CAPACITY) }
    }

    /// Up to `limit` notifications, newest first.
    pub(crate) fn published(&self, limit: usize) -> Vec<Notification> {
        self.published.latest(limit)
    }

    /// How many notifications are kept.
    pub(crate) fn count(&self) -> usize {
        self.published.len()
    }

    fn respond(&self, request: &AwsRequest) -> Outcome {
        if request.operation != "Publish" {
            let message =
                format!("SNS has no operation `{}` here; it has Publish", request.operation);
            return Err(AwsError::bad_request("InvalidAction", message));
        }
        let id = self.publish(request)?;
        Ok(Response::Xml(format!("<MessageId>{id}</MessageId>")))
    }

    fn publish(&self, request: &AwsRequest) -> Result<String, AwsError> {
        let topic = request.field("TopicArn");
        if !self.topics.iter().any(|known| known.arn == topic) {
            let message = format!("Topic does not exist: {topic}");
            return Err(AwsError::not_found("NotFound", message));
        }
        let (subject, message) = (request.field("Subject"), request.field("Message"));
        check(subject, message)
            .map_err(|problem| AwsError::bad_request("InvalidParameter", problem))?;
        let id = Uuid::new_v4().to_string();
        self.published.push(Notification {
            id: id.clone(),
            topic: topic.to_owned(),
            time: clock::rfc3339(),
            subject: subject.to_owned(),
            message: message.to_owned(),
            attributes: attributes(request),
            trace_id: request.trace.as_ref().map(|trace| trace.root.clone()),
        });
        Ok(id)
    }
}

impl AwsApi for Sns {
    fn name(&self) -> &'static str {
        "sns"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Query { namespace: "http://sns.amazonaws.com/doc/2010-03-31/" }
    }

    fn permissions(&self, request: &AwsRequest) -> Vec<Permission> {
        vec![Permission::new("sns", &request.operation, request.field("TopicArn"))]
    }

    fn denial(&self) -> (StatusCode, &'static str) {
        (StatusCode::FORBIDDEN, "AuthorizationError")
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        Box::pin(future::ready(self.respond(request)))
    }
}

fn check(subject: &str, message: &str) -> Result<(), String> {
    if message.is_empty() || message.len() > MAX_MESSAGE {
        return Err(format!("Invalid parameter: Message has to have 1 to {MAX_MESSAGE} bytes"));
    }
    if subject.len() > MAX_SUBJECT || !subject.chars().all(|c| c.is_ascii() && !c.is_control()) {
        return Err(format!("Invalid parameter: Subject has to be ASCII of at most {MAX_SUBJECT}"));
    }
    Ok(())
}

fn attributes(request: &AwsRequest) -> BTreeMap<String, String> {
    let names = (1..).map_while(|number| {
        let entry = format!("MessageAttributes.entry.{number}");
        Some((entry.clone(), request.form.get(&format!("{entry}.Name"))?))
    });
    names
        .map(|(entry, name)| {
            (name.clone(), request.field(&format!("{entry}.Value.StringValue")).to_owned())
        })
        .collect()
}

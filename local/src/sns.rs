use std::collections::BTreeMap;

use axum::{body::Body, http::Response};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    clock,
    ring_buffer::RingBuffer,
    template::Topic,
    trace_header::TraceHeader,
    wire::{AwsError, query_answer, read_form},
};

/// The namespace of SNS's answers.
pub(crate) const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";
/// The largest message and subject (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
const MAX_MESSAGE: usize = 256 * 1024;
const MAX_SUBJECT: usize = 100;
/// How many notifications are kept; the oldest go first.
const MOST: usize = 1_000;

/// The topics of a template and what was published to them.
#[derive(Debug)]
pub struct Sns {
    topics: Vec<Topic>,
    sent: RingBuffer<Notification>,
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
    pub fn new(topics: Vec<Topic>) -> Self {
        Self { topics, sent: RingBuffer::new(MOST) }
    }

    /// Answers a request in the query protocol: a form, and XML.
    pub fn answer(
        &self,
        trace: Option<&TraceHeader>,
        body: &[u8],
    ) -> Result<Response<Body>, AwsError> {
        let id = self.publish(&read_form(body), trace)?;
        Ok(query_answer(NAMESPACE, "Publish", &format!("<MessageId>{id}</MessageId>")))
    }

    /// The latest `most` that were published, newest first.
    pub fn sent(&self, most: usize) -> Vec<Notification> {
        self.sent.latest(most)
    }

    /// How many published messages are kept.
    pub fn count(&self) -> usize {
        self.sent.len()
    }

    fn publish(
        &self,
        form: &BTreeMap<String, String>,
        trace: Option<&TraceHeader>,
    ) -> Result<String, AwsError> {
        let refuse = |kind, message: String| AwsError::bad_request(kind, message);
        let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if text("Action") != "Publish" {
            let message = format!("SNS has no operation `{}` here; it has Publish", text("Action"));
            return Err(refuse("InvalidAction", message));
        }
        let topic = text("TopicArn");
        if !self.topics.iter().any(|known| known.arn == topic) {
            let message = format!("Topic does not exist: {topic}");
            return Err(AwsError::not_found("NotFound", message));
        }
        let (subject, message) = (text("Subject"), text("Message"));
        if message.is_empty() || message.len() > MAX_MESSAGE {
            let message =
                format!("Invalid parameter: Message has to have 1 to {MAX_MESSAGE} bytes");
            return Err(refuse("InvalidParameter", message));
        }
        if subject.len() > MAX_SUBJECT || !subject.chars().all(|c| c.is_ascii() && !c.is_control())
        {
            let message =
                format!("Invalid parameter: Subject has to be ASCII of at most {MAX_SUBJECT}");
            return Err(refuse("InvalidParameter", message));
        }
        let attributes = (1..)
            .map_while(|number| {
                let name = form.get(&format!("MessageAttributes.entry.{number}.Name"))?;
                let value =
                    form.get(&format!("MessageAttributes.entry.{number}.Value.StringValue"));
                Some((name.clone(), value.cloned().unwrap_or_default()))
            })
            .collect();
        let id = Uuid::new_v4().to_string();
        self.sent.push(Notification {
            id: id.clone(),
            topic: topic.to_owned(),
            time: clock::rfc3339(),
            subject: subject.to_owned(),
            message: message.to_owned(),
            attributes,
            trace_id: trace.map(|trace| trace.root.clone()),
        });
        Ok(id)
    }
}

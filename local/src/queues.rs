use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{clock, recent::Recent, template::Queue, xray::TraceHeader};

/// How many messages a queue keeps; the oldest go first.
const MOST: usize = 1_000;

/// The queues for what could not be delivered or handled.
#[derive(Debug)]
pub struct Queues {
    queues: Vec<Queue>,
    messages: Recent<Message>,
}

/// A message in a queue.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// The queue's name.
    pub queue: String,
    /// When it came, RFC 3339.
    pub time: String,
    /// Why it is there.
    pub reason: String,
    /// The trace that it belongs to: SQS has it as the system attribute `AWSTraceHeader`.
    pub trace_id: Option<String>,
    /// Its message attributes.
    pub attributes: Value,
    /// Its body.
    pub body: Value,
}

impl Queues {
    /// The queues of a template.
    pub fn new(queues: Vec<Queue>) -> Self {
        Self { queues, messages: Recent::new(MOST) }
    }

    /// Puts a message into the queue with that ARN, which the template's check has seen.
    pub fn send(
        &self,
        arn: &str,
        body: Value,
        reason: &str,
        header: Option<&TraceHeader>,
        attributes: Value,
    ) {
        let queue = self.queues.iter().find(|queue| queue.arn == arn);
        self.messages.push(Message {
            id: Uuid::new_v4().to_string(),
            queue: queue.map_or(arn, |queue| &queue.name).to_owned(),
            time: clock::rfc3339(),
            reason: reason.to_owned(),
            trace_id: header.map(|header| header.root.clone()),
            attributes,
            body,
        });
    }

    /// The latest `most` messages of all queues, newest first.
    pub fn messages(&self, most: usize) -> Vec<Message> {
        self.messages.latest(most)
    }

    /// How many messages there are.
    pub fn count(&self) -> usize {
        self.messages.len()
    }
}

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{clock, ring_buffer::RingBuffer, template::Queue, trace_header::TraceHeader};

/// How many messages are kept; the oldest are dropped first.
const CAPACITY: usize = 1_000;

/// The queues for what could not be delivered or handled.
#[derive(Debug)]
pub(crate) struct Queues {
    known: Vec<Queue>,
    messages: RingBuffer<Message>,
    /// Until when a message that somebody received is hidden from others, by its id.
    hidden: Mutex<HashMap<String, f64>>,
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
    pub(crate) fn new(queues: Vec<Queue>) -> Self {
        Self { known: queues, messages: RingBuffer::new(CAPACITY), hidden: Mutex::default() }
    }

    /// Sends a message to the queue with that ARN, which the template's checks have seen.
    pub(crate) fn send(
        &self,
        arn: &str,
        body: Value,
        reason: &str,
        header: Option<&TraceHeader>,
        attributes: Value,
    ) {
        let queue = self.known.iter().find(|queue| queue.arn == arn);
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

    /// Whether there is a queue of that name.
    pub(crate) fn has(&self, queue: &str) -> bool {
        self.known.iter().any(|existing| existing.name == queue)
    }

    /// Up to `limit` messages of a queue, oldest first, which are then hidden from others for `seconds`.
    pub(crate) fn receive(&self, queue: &str, limit: usize, seconds: f64) -> Vec<Message> {
        let now = clock::seconds();
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        hidden.retain(|_, until| *until > now);
        let visible =
            |message: &Message| message.queue == queue && !hidden.contains_key(&message.id);
        let mut received = self.messages.matching(visible);
        received.truncate(limit);
        hidden.extend(received.iter().map(|message| (message.id.clone(), now + seconds)));
        received
    }

    /// Deletes the message with that id.
    pub(crate) fn delete(&self, id: &str) {
        self.messages.remove(|message| message.id == id);
    }

    /// Up to `limit` messages of all queues, newest first.
    pub(crate) fn messages(&self, limit: usize) -> Vec<Message> {
        self.messages.latest(limit)
    }

    /// How many messages there are.
    pub(crate) fn count(&self) -> usize {
        self.messages.len()
    }
}

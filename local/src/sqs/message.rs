use serde::Serialize;

use super::Attributes;
use crate::payload::Payload;

/// A message in a queue.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// The queue's name.
    pub queue: String,
    /// When it came, RFC 3339.
    pub time: String,
    /// Why it is a dead letter; empty for one that is none.
    pub reason: String,
    /// The trace that it belongs to.
    pub trace_id: Option<String>,
    /// Its message attributes.
    pub attributes: Attributes,
    /// Its body.
    pub body: Payload,
    /// Its message group.
    pub group_id: Option<String>,
    /// Its deduplication id, in a FIFO queue.
    pub deduplication_id: Option<String>,
    /// Its sequence number, in a FIFO queue.
    pub sequence_number: Option<String>,
    /// The system attribute `AWSTraceHeader`.
    #[serde(skip)]
    pub(super) trace_header: Option<String>,
}

/// What a sender says.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewMessage {
    /// Its body.
    pub(crate) body: String,
    /// Its message attributes.
    pub(crate) attributes: Attributes,
    /// Why it is a dead letter; empty for one that is none.
    pub(crate) reason: String,
    /// The trace header.
    pub(crate) trace_header: Option<String>,
    /// The message group.
    pub(crate) group_id: Option<String>,
    /// The deduplication id; a queue with content-based deduplication needs none.
    pub(crate) deduplication_id: Option<String>,
    /// How many seconds the message is hidden at first; the queue's own setting if it does not say.
    pub(crate) delay: Option<u32>,
}

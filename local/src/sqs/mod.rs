//! SQS: the template's queues, standard and FIFO, and what is in them.

/// The API: operations on queues.
mod api;
/// Message attributes.
mod attributes;
/// The API: operations on several messages at once.
mod batch;
/// The checksums that clients compare.
mod checksum;
/// The parameters of requests, and the errors about them.
mod input;
/// A message, and what its sender says.
mod message;
/// One queue: order, visibility, deduplication.
mod queue;
/// All queues of a template.
mod queues;
/// The API: receiving.
mod receive;
/// The API: sending.
mod send;

pub(crate) use attributes::AttributeValue;
pub use attributes::{Attribute, Attributes};
pub use message::Message;
pub(crate) use message::NewMessage;
pub(crate) use queues::Queues;

//! SQS: the queues for what could not be delivered or handled.

/// The API.
mod api;
/// The queues and their messages.
mod queues;

pub use queues::Message;
pub(crate) use queues::Queues;

//! Queues: what could not be delivered or handled.

/// The SQS API: seeing to dead letters.
pub mod api;
/// The queues and their messages.
mod queues;

pub use queues::{Message, Queues};

//! SNS: topics, standard and FIFO, and the queues that subscribe to them.

/// The API.
mod api;
/// What a subscriber gets.
mod delivery;
/// One message to publish: its parameters and what is wrong with them.
mod publication;
/// The topics and what was published to them.
mod topics;

pub use topics::Notification;
pub(crate) use topics::Sns;

//! EventBridge: what is put on a bus, which rules match, and where it goes.

/// The API.
mod api;
/// The buses, their rules, and what came over them.
mod bus;
/// One entry of `PutEvents`: what is accepted, and the event that it becomes.
mod entry;

pub(crate) use api::EventBridge;
pub(crate) use bus::Buses;
pub use bus::EventRecord;

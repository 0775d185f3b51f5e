//! An event bus: what is put on it, which rules match, where it goes.

/// `PutEvents` and `TestEventPattern`.
mod put_events;

pub use put_events::Bus;

//! An event bus: what is put on it, which rules match, where it goes.

/// Whether an event matches a pattern.
mod matching;
/// Event patterns and why they are refused.
mod pattern;
/// `PutEvents` and `TestEventPattern`.
mod put_events;

pub use pattern::{Pattern, PatternError};
pub use put_events::Bus;

//! An event bus: what is put on it, which rules match, where it goes.

/// What requests break of the API's model.
mod constraint;
/// An entry of `PutEvents` and the event that it becomes.
#[cfg_attr(not(test), expect(dead_code, reason = "`PutEvents` is about to be moved onto it"))]
mod entry;
/// JSON, token by token.
mod json;
/// Event patterns, why they are refused, and which events match.
mod pattern;
/// `PutEvents` and `TestEventPattern`.
mod put_events;
/// A request of `PutEvents`.
#[cfg_attr(not(test), expect(dead_code, reason = "`PutEvents` is about to be moved onto it"))]
mod request;
/// `TestEventPattern`.
#[cfg_attr(not(test), expect(dead_code, reason = "`PutEvents` is about to be moved onto it"))]
mod sample;

pub use pattern::{Leaves, Pattern, PatternError};
pub use put_events::Bus;

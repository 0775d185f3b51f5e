//! An event bus: what is put on it, which rules match, where it goes.

/// IP addresses and their ranges.
mod cidr;
/// Which wildcards EventBridge refuses.
mod complexity;
/// What requests break of the API's model.
mod constraint;
/// An entry of `PutEvents` and the event that it becomes.
#[cfg_attr(not(test), expect(dead_code, reason = "`PutEvents` is about to be moved onto it"))]
mod entry;
/// The alternatives for the value of a field.
mod expression;
/// Comparison without regard to case.
mod fold;
/// JSON, token by token.
mod json;
/// The values of an event.
mod leaves;
/// Whether a value matches an alternative.
mod matcher;
/// Whether an event matches a pattern.
mod matching;
/// Numbers, whatever their notation.
mod number;
/// Comparisons with numbers.
mod numeric;
/// Event patterns and why they are refused.
mod pattern;
/// `PutEvents` and `TestEventPattern`.
mod put_events;
/// A request of `PutEvents`.
#[cfg_attr(not(test), expect(dead_code, reason = "`PutEvents` is about to be moved onto it"))]
mod request;
/// `TestEventPattern`.
#[cfg_attr(not(test), expect(dead_code, reason = "`PutEvents` is about to be moved onto it"))]
mod sample;
/// Texts with stars.
mod wildcard;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;

pub use leaves::Leaves;
pub use pattern::{Pattern, PatternError};
pub use put_events::Bus;

//! The rules of a template: which events match a pattern, and what a policy allows.

/// JSON as EventBridge reads it.
mod json;
/// Event patterns and why they are refused.
mod pattern;
/// Statements, and what they say about an action on a resource.
mod policy;
/// `*` and `?`.
mod wildcard;

pub(crate) use pattern::{Pattern, PatternError};
pub(crate) use policy::{PolicyError, Role, Statement, Verdict};

//! The rules of a template: which events match a pattern, and what a policy allows.

/// JSON as EventBridge reads it.
mod json;
/// Event patterns and why they are refused.
mod pattern;
/// Statements, and what they say about an action on a resource.
mod policy;
/// When a schedule is due.
mod schedule;
/// `*` and `?`.
mod wildcard;

pub(crate) use json::{Reader, Token};
pub(crate) use pattern::{Leaves, Pattern, PatternError};
pub(crate) use policy::{PolicyError, Role, Statement, Verdict};
pub(crate) use schedule::{Expression, ExpressionError};
pub(crate) use wildcard::matches as wildcard_matches;

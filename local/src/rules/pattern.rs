/// IP addresses and their ranges.
mod cidr;
/// From a pattern's text to its clauses.
mod compiler;
/// Which wildcards EventBridge refuses.
mod complexity;
/// The alternatives for the value of a field.
mod expression;
/// Comparison without regard to case.
mod fold;
/// The values of an event.
mod leaves;
/// Whether a value matches an alternative.
mod matcher;
/// Whether an event matches a clause.
mod matching;
/// Numbers, whatever their notation.
mod number;
/// Comparisons with numbers.
mod numeric;
/// Why a pattern is refused.
mod refusal;
/// Texts with stars.
mod wildcard;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use serde_json::Value;

use self::matching::Clause;
use super::json;

pub(crate) use self::leaves::Leaves;
pub(crate) use self::refusal::PatternError;

/// The longest pattern that EventBridge takes, in characters
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>).
const MAX_LENGTH: usize = 2048;
/// An event pattern, accepted and matched as EventBridge does it.
/// See <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// One of them has to match.
    clauses: Vec<Clause>,
    source: Value,
}

impl Pattern {
    /// Reads a pattern's JSON text.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.chars().count() > MAX_LENGTH {
            let reason = format!("the pattern is longer than {MAX_LENGTH} characters");
            return Err(PatternError(reason));
        }
        let clauses = compiler::compile(text).map_err(|refusal| refusal.about(text))?;
        Ok(Self { clauses, source: Value::Null })
    }

    /// Reads a pattern of a template.
    pub fn from_value(value: &Value) -> Result<Self, PatternError> {
        let mut text = String::new();
        write_json(value, &mut text);
        Ok(Self { source: value.clone(), ..Self::parse(&text)? })
    }

    /// Whether an event, the JSON text that a target receives, matches.
    pub fn matches(&self, event: &str) -> bool {
        Leaves::parse(event).is_some_and(|leaves| self.matches_leaves(&leaves))
    }

    /// Whether an event matches.
    pub(crate) fn matches_leaves(&self, leaves: &Leaves<'_>) -> bool {
        self.clauses.iter().any(|clause| clause.matches(leaves))
    }

    /// The pattern as the template has it; null for one that is none of a template.
    pub fn source(&self) -> &Value {
        &self.source
    }
}

/// Writes the JSON of a template's pattern. The tree has lost the order of its names, and order matters
/// for `$or` alone: a branch overrides the same field beside it when it comes later. So it comes last,
/// where people write it.
fn write_json(value: &Value, text: &mut String) {
    let Value::Object(object) = value else {
        text.push_str(&value.to_string());
        return;
    };
    let (or, others): (Vec<_>, Vec<_>) = object.iter().partition(|(name, _)| *name == compiler::OR);
    text.push('{');
    for (number, (name, value)) in others.into_iter().chain(or).enumerate() {
        if number > 0 {
            text.push(',');
        }
        let _infallible = write!(text, "{}:", Value::from(name.as_str()));
        write_json(value, text);
    }
    text.push('}');
}

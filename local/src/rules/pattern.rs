/// IP addresses and their ranges.
mod cidr;
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
/// Texts with stars.
mod wildcard;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;

use std::{fmt, fmt::Write as _, sync::Arc};

use serde_json::Value;

use self::{expression::next, matching::Clause};
use super::json::{self, Malformed, Reader, Token};

pub(crate) use self::leaves::Leaves;

/// The longest pattern that EventBridge takes, in characters
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>).
const MAX_LENGTH: usize = 2048;
/// The most ways to match that `$or` may produce.
const MAX_CLAUSES: usize = 1000;
/// The deepest JSON that EventBridge reads.
const MAX_DEPTH: usize = 1000;
/// How many characters of a pattern an error shows.
const MAX_SHOWN: usize = 500;
const OR: &str = "$or";
/// Names that no field inside `$or` may have: operators, and some that EventBridge keeps for later.
const RESERVED: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// An event pattern, accepted and matched as EventBridge does it.
/// See <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// One of them has to match.
    clauses: Vec<Clause>,
    source: Value,
}

/// Why EventBridge refuses a pattern, in its words.
#[derive(Debug, PartialEq, Eq)]
pub struct PatternError(String);

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event pattern is not valid. Reason: {}", self.0)
    }
}

impl std::error::Error for PatternError {}

/// Why a pattern is refused, and at which of its bytes.
#[derive(Debug)]
struct Refusal {
    reason: String,
    at: Option<usize>,
    /// EventBridge names the place of some problems in lists twice.
    is_twice: bool,
}

impl Pattern {
    /// Reads a pattern's JSON text.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.chars().count() > MAX_LENGTH {
            let reason = format!("the pattern is longer than {MAX_LENGTH} characters");
            return Err(PatternError(reason));
        }
        let clauses = compile(text).map_err(|refusal| refusal.about(text))?;
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
    let (or, others): (Vec<_>, Vec<_>) = object.iter().partition(|(name, _)| *name == OR);
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

/// What is open while a pattern is read.
enum Frame {
    Object {
        is_empty: bool,
        in_or: bool,
    },
    Or {
        /// The clauses before the `$or`: each branch continues them.
        base: Vec<Clause>,
        branches: usize,
        continued: Vec<Clause>,
    },
}

/// Reads a pattern as EventBridge does: a field's alternatives are written into all clauses so far, and
/// replace those that the same field had before.
fn compile(text: &str) -> Result<Vec<Clause>, Refusal> {
    let mut reader = Reader::new(text, MAX_DEPTH);
    let first = next(&mut reader)?;
    if first.token != Token::BeginObject {
        return Err(Refusal::at(first.seen, "Filter is not an object"));
    }
    let mut clauses = vec![Clause::default()];
    let mut path: Vec<String> = Vec::new();
    let mut open = vec![Frame::Object { is_empty: true, in_or: false }];
    while let Some(frame) = open.last_mut() {
        let lexed = next(&mut reader)?;
        match (frame, lexed.token) {
            (Frame::Object { is_empty: true, .. }, Token::EndObject) => {
                return Err(Refusal::at(lexed.end, "Empty objects are not allowed"));
            }
            (Frame::Object { .. }, Token::EndObject) => {
                open.pop();
                if let Some(Frame::Or { continued, .. }) = open.last_mut() {
                    continued.append(&mut clauses);
                    if continued.len() > MAX_CLAUSES {
                        let reason = format!(
                            "Or operator is producing over {MAX_CLAUSES} rule combinations"
                        );
                        return Err(Refusal::anywhere(reason));
                    }
                } else {
                    path.pop();
                }
            }
            (Frame::Object { is_empty, .. }, Token::Name(name)) if name == OR => {
                *is_empty = false;
                let opening = next(&mut reader)?;
                if opening.token != Token::BeginArray {
                    let reason = format!("It must be an Array followed with {OR}.");
                    return Err(Refusal::at(opening.seen, reason));
                }
                let base = std::mem::take(&mut clauses);
                open.push(Frame::Or { base, branches: 0, continued: Vec::new() });
            }
            (Frame::Object { is_empty, in_or }, Token::Name(name)) => {
                let in_or = *in_or;
                *is_empty = false;
                if in_or && RESERVED.contains(&&*name) {
                    let reason = format!(
                        "{name} is Ruler reserved fieldName which cannot be used inside {OR}."
                    );
                    return Err(Refusal::at(lexed.seen, reason));
                }
                path.push(name.into_owned());
                let value = next(&mut reader)?;
                match value.token {
                    Token::BeginObject => open.push(Frame::Object { is_empty: true, in_or }),
                    Token::BeginArray => {
                        let name: Arc<str> = path.join(".").into();
                        path.pop();
                        let matchers: Arc<[_]> = expression::parse_all(&mut reader)?.into();
                        for clause in &mut clauses {
                            clause.fields.insert(Arc::clone(&name), Arc::clone(&matchers));
                        }
                    }
                    _ => {
                        let name = path.pop().unwrap_or_default();
                        let reason = format!("\"{name}\" must be an object or an array");
                        return Err(Refusal::at(value.seen, reason));
                    }
                }
            }
            (Frame::Or { base, branches, .. }, Token::BeginObject) => {
                *branches += 1;
                clauses.clone_from(base);
                open.push(Frame::Object { is_empty: true, in_or: true });
            }
            (Frame::Or { branches, continued, .. }, Token::EndArray) => {
                if *branches < 2 {
                    let reason =
                        format!("There must have at least 2 Objects in {OR} relationship.");
                    return Err(Refusal::at(lexed.end, reason));
                }
                clauses = std::mem::take(continued);
                open.pop();
            }
            _ => {
                let reason = format!("Only JSON object is allowed in array of {OR} relationship.");
                return Err(Refusal::at(lexed.seen, reason));
            }
        }
    }
    // Only space may follow.
    reader.next()?;
    if complexity::is_too_complex(&clauses) {
        return Err(Refusal::anywhere(
            "Rule is too complex - try using fewer wildcard characters or fewer repeating character \
             sequences after a wildcard character",
        ));
    }
    Ok(clauses)
}

impl Refusal {
    /// A problem at a byte of the pattern.
    fn at(at: usize, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), at: Some(at), is_twice: false }
    }

    /// A problem whose place EventBridge names twice.
    fn twice_at(at: usize, reason: impl Into<String>) -> Self {
        Self { is_twice: true, ..Self::at(at, reason) }
    }

    /// A problem whose place EventBridge does not name.
    fn anywhere(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), at: None, is_twice: false }
    }

    /// The whole sentence about a pattern.
    fn about(self, pattern: &str) -> PatternError {
        let mut sentence = self.reason;
        if let Some(at) = self.at {
            let (before, _) = pattern.split_at(at);
            let line = before.rfind('\n').map_or(0, |newline| newline + 1);
            let column = before[line..].encode_utf16().count() + 1;
            let line = before.matches('\n').count() + 1;
            let hidden = pattern.chars().count().saturating_sub(MAX_SHOWN);
            let shown: String = pattern.chars().take(MAX_SHOWN).collect();
            let hidden =
                if hidden > 0 { format!("[truncated {hidden} chars]") } else { String::new() };
            let place = format!(
                "\n at [Source: (String)\"{shown}\"{hidden}; line: {line}, column: {column}]"
            );
            sentence += &place.repeat(1 + usize::from(self.is_twice));
        }
        PatternError(sentence)
    }
}

impl From<Malformed> for Refusal {
    fn from(Malformed { problem, at }: Malformed) -> Self {
        Self::at(at, problem)
    }
}

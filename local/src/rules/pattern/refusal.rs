use std::fmt;

use crate::rules::json::Malformed;

/// How many characters of a pattern an error shows.
const MAX_SHOWN: usize = 500;

/// Why EventBridge refuses a pattern, in its words.
#[derive(Debug, PartialEq, Eq)]
pub struct PatternError(pub(super) String);

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event pattern is not valid. Reason: {}", self.0)
    }
}

impl std::error::Error for PatternError {}

/// Why a pattern is refused, and at which of its bytes.
#[derive(Debug)]
pub(super) struct Refusal {
    reason: String,
    at: Option<usize>,
    /// EventBridge names the place of some problems in lists twice.
    is_twice: bool,
}

impl Refusal {
    /// A problem at a byte of the pattern.
    pub(super) fn at(at: usize, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), at: Some(at), is_twice: false }
    }

    /// A problem whose place EventBridge names twice.
    pub(super) fn twice_at(at: usize, reason: impl Into<String>) -> Self {
        Self { is_twice: true, ..Self::at(at, reason) }
    }

    /// A problem whose place EventBridge does not name.
    pub(super) fn anywhere(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), at: None, is_twice: false }
    }

    /// The whole sentence about a pattern.
    pub(super) fn about(self, pattern: &str) -> PatternError {
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

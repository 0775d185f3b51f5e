use std::net::IpAddr;

use super::{
    cidr::{self, Network},
    fold,
    leaves::Scalar,
    number::{self, Number},
    wildcard::Wildcard,
};

/// One alternative for the value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Matcher {
    Text(String),
    /// An address in any notation.
    Address(IpAddr),
    Number(Number),
    Bool(bool),
    Null,
    Prefix(String),
    PrefixIgnoreCase(String),
    Suffix(String),
    SuffixIgnoreCase(String),
    EqualsIgnoreCase(String),
    Wildcard(Wildcard),
    /// Both bounds have to hold.
    Numeric(Bound, Option<Bound>),
    Cidr(Network),
    Exists(bool),
    /// The value is there and none of these match it.
    AnythingBut(Vec<Self>),
}

/// A comparison with a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    Less(f64),
    LessOrEqual(f64),
    Greater(f64),
    GreaterOrEqual(f64),
}

impl Matcher {
    /// Whether a value that is there matches.
    pub(super) fn matches(&self, value: &Scalar<'_>) -> bool {
        match (self, value) {
            (Self::Exists(wanted), _) => *wanted,
            (Self::AnythingBut(others), _) => !others.iter().any(|other| other.matches(value)),
            (Self::Null, Scalar::Null) => true,
            (Self::Bool(wanted), Scalar::Bool(found)) => wanted == found,
            (Self::Number(wanted), Scalar::Number(found)) => wanted.equals(found),
            (Self::Numeric(one, other), Scalar::Number(found)) => {
                let found = number::double(found);
                one.holds(found) && other.is_none_or(|bound| bound.holds(found))
            }
            (_, Scalar::Text(text)) => self.matches_text(text),
            _ => false,
        }
    }

    fn matches_text(&self, text: &str) -> bool {
        match self {
            Self::Text(wanted) => text == wanted,
            Self::Address(wanted) => cidr::parse_address(text) == Some(*wanted),
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::PrefixIgnoreCase(prefix) => fold::strip_prefix(text, prefix).is_some(),
            Self::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Self::SuffixIgnoreCase(suffix) => fold::strip_suffix(text, suffix).is_some(),
            Self::EqualsIgnoreCase(wanted) => fold::equals(text, wanted),
            Self::Wildcard(wildcard) => wildcard.matches(text),
            Self::Cidr(network) => {
                cidr::parse_address(text).is_some_and(|address| network.contains(address))
            }
            _ => false,
        }
    }
}

impl Bound {
    fn holds(self, found: f64) -> bool {
        match self {
            Self::Less(bound) => found < bound,
            Self::LessOrEqual(bound) => found <= bound,
            Self::Greater(bound) => found > bound,
            Self::GreaterOrEqual(bound) => found >= bound,
        }
    }
}

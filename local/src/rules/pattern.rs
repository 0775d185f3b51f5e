use std::{fmt, net::IpAddr};

use serde_json::{Map, Value};

use super::matching::Fields;

/// The longest pattern that EventBridge takes, in characters
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>).
const MAX_LENGTH: usize = 2048;
/// Numbers in patterns lie between plus and minus this
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>).
const MAX_NUMBER: f64 = 5_000_000_000.0;

/// An event pattern, accepted and matched as EventBridge does it.
/// See <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>.
#[derive(Clone, Debug)]
pub struct Pattern {
    fields: Fields,
    source: Value,
}

/// Why EventBridge refuses a pattern.
#[derive(Debug, PartialEq, Eq)]
pub struct PatternError(String);

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event pattern is not valid. Reason: {}", self.0)
    }
}

impl std::error::Error for PatternError {}

/// One alternative for the value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Matcher {
    Exact(Value),
    Prefix(Text),
    Suffix(Text),
    EqualsIgnoreCase(String),
    Wildcard(Wildcard),
    Numeric(Vec<(Comparison, f64)>),
    Cidr(IpAddr, u8),
    Exists(bool),
    /// The value is there and none of these match it.
    AnythingBut(Vec<Self>),
}

/// A text that may be compared without regard to case.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) ignore_case: bool,
}

/// The literal parts between the stars; the first and the last are anchored.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wildcard(pub(super) Vec<String>);

/// How a number compares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a field has to be.
#[derive(Clone, Debug)]
pub(super) enum Field {
    Nested(Fields),
    Leaf(Vec<Matcher>),
}

impl Pattern {
    /// Reads a pattern's JSON text.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.chars().count() > MAX_LENGTH {
            return Err(refuse(format!("the pattern is longer than {MAX_LENGTH} characters")));
        }
        let value = serde_json::from_str(text)
            .map_err(|error| refuse(format!("the pattern is not JSON: {error}")))?;
        Self::from_value(&value)
    }

    /// Reads a pattern.
    pub fn from_value(value: &Value) -> Result<Self, PatternError> {
        match value {
            Value::Object(object) => Ok(Self { fields: fields(object)?, source: value.clone() }),
            _ => Err(refuse("Filter is not an object")),
        }
    }

    /// Whether `event`, in the form in which a target receives it, matches.
    pub fn matches(&self, event: &Value) -> bool {
        self.fields.match_value(Some(event))
    }

    /// The pattern as it was written.
    pub fn source(&self) -> &Value {
        &self.source
    }
}

fn refuse(reason: impl Into<String>) -> PatternError {
    PatternError(reason.into())
}

fn fields(object: &Map<String, Value>) -> Result<Fields, PatternError> {
    if object.is_empty() {
        return Err(refuse("Empty objects are not allowed"));
    }
    let mut result = Fields::default();
    for (name, value) in object {
        match value {
            Value::Array(items) if name == "$or" && is_or(items) => {
                let branches = items.iter().filter_map(Value::as_object).map(fields);
                result.any_of.push(branches.collect::<Result<_, _>>()?);
            }
            Value::Array(items) if items.is_empty() => {
                return Err(refuse("Empty arrays are not allowed"));
            }
            Value::Array(items) => {
                let matchers = items.iter().map(matcher).collect::<Result<_, _>>()?;
                result.all_of.push((name.clone(), Field::Leaf(matchers)));
            }
            Value::Object(nested) => {
                result.all_of.push((name.clone(), Field::Nested(fields(nested)?)));
            }
            _ => return Err(refuse(format!("\"{name}\" must be an object or an array"))),
        }
    }
    Ok(result)
}

/// `$or` is an operator only before two or more objects that are not match expressions themselves;
/// anywhere else it is the name of a field, as in the engine that EventBridge runs on.
fn is_or(items: &[Value]) -> bool {
    let is_branch = |item: &Value| {
        let Some(object) = item.as_object() else { return false };
        !object.is_empty() && !object.keys().any(|key| OPERATORS.contains(&key.as_str()))
    };
    items.len() > 1 && items.iter().all(is_branch)
}

const OPERATORS: [&str; 8] = [
    "anything-but",
    "cidr",
    "equals-ignore-case",
    "exists",
    "numeric",
    "prefix",
    "suffix",
    "wildcard",
];

fn matcher(value: &Value) -> Result<Matcher, PatternError> {
    match value {
        Value::Object(expression) => expression_matcher(expression),
        Value::Array(_) => Err(refuse("Match value must be String, number, true, false, or null")),
        Value::Number(_) => {
            number(value)?;
            Ok(Matcher::Exact(value.clone()))
        }
        scalar => Ok(Matcher::Exact(scalar.clone())),
    }
}

fn expression_matcher(expression: &Map<String, Value>) -> Result<Matcher, PatternError> {
    let mut entries = expression.iter();
    let (Some((operator, operand)), None) = (entries.next(), entries.next()) else {
        return Err(refuse("Only one key allowed in match expression"));
    };
    match operator.as_str() {
        "prefix" => Ok(Matcher::Prefix(affix(operator, operand)?)),
        "suffix" => Ok(Matcher::Suffix(affix(operator, operand)?)),
        "equals-ignore-case" => Ok(Matcher::EqualsIgnoreCase(text(operator, operand)?)),
        "wildcard" => Ok(Matcher::Wildcard(wildcard(&text(operator, operand)?)?)),
        "exists" => operand
            .as_bool()
            .map(Matcher::Exists)
            .ok_or_else(|| refuse("exists match pattern must be either true or false.")),
        "numeric" => numeric(operand),
        "cidr" => cidr(&text(operator, operand)?),
        "anything-but" => anything_but(operand).map(Matcher::AnythingBut),
        other => Err(refuse(format!("Unrecognized match type {other}"))),
    }
}

fn text(operator: &str, operand: &Value) -> Result<String, PatternError> {
    operand
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| refuse(format!("{operator} match pattern must be a string")))
}

/// A prefix or suffix: a text, or `{"equals-ignore-case": text}`.
fn affix(operator: &str, operand: &Value) -> Result<Text, PatternError> {
    let (operand, ignore_case) = match operand {
        Value::Object(nested) if nested.len() == 1 && nested.contains_key("equals-ignore-case") => {
            (&nested["equals-ignore-case"], true)
        }
        other => (other, false),
    };
    let text = text(operator, operand)?;
    if text.is_empty() {
        return Err(refuse(format!("Null {operator} not allowed")));
    }
    Ok(Text { text, ignore_case })
}

fn anything_but(operand: &Value) -> Result<Vec<Matcher>, PatternError> {
    let one_or_many = |operand: &Value, each: &dyn Fn(&Value) -> Result<Matcher, PatternError>| {
        let items = operand.as_array().map_or(std::slice::from_ref(operand), Vec::as_slice);
        if items.is_empty() {
            return Err(refuse("Empty arrays are not allowed"));
        }
        items.iter().map(each).collect::<Result<Vec<_>, _>>()
    };
    if let Value::Object(nested) = operand {
        let mut entries = nested.iter();
        let (Some((operator, operand)), None) = (entries.next(), entries.next()) else {
            return Err(refuse("Only one key allowed in match expression"));
        };
        let plain = |operand: &Value| {
            let text = text(operator, operand)?;
            if text.is_empty() {
                return Err(refuse(format!("Null {operator} not allowed")));
            }
            Ok(Text { text, ignore_case: false })
        };
        return match operator.as_str() {
            "prefix" => one_or_many(operand, &|item| plain(item).map(Matcher::Prefix)),
            "suffix" => one_or_many(operand, &|item| plain(item).map(Matcher::Suffix)),
            "equals-ignore-case" => {
                one_or_many(operand, &|item| text(operator, item).map(Matcher::EqualsIgnoreCase))
            }
            "wildcard" => one_or_many(operand, &|item| {
                wildcard(&text(operator, item)?).map(Matcher::Wildcard)
            }),
            other => Err(refuse(format!("Unsupported anything-but pattern: {other}"))),
        };
    }
    let matchers = one_or_many(operand, &|item| match item {
        Value::String(_) => Ok(Matcher::Exact(item.clone())),
        Value::Number(_) => number(item).map(|_| Matcher::Exact(item.clone())),
        _ => Err(refuse("Inside anything but list, start|null|boolean is not supported.")),
    })?;
    let is_text = |matcher: &Matcher| matches!(matcher, Matcher::Exact(Value::String(_)));
    if matchers.iter().any(is_text) && !matchers.iter().all(is_text) {
        return Err(refuse("Inside anything but list, either all values are number or string"));
    }
    Ok(matchers)
}

fn number(value: &Value) -> Result<f64, PatternError> {
    value.as_f64().filter(|number| number.abs() <= MAX_NUMBER).ok_or_else(|| {
        refuse(format!("Value must be between -{MAX_NUMBER} and {MAX_NUMBER}, inclusive"))
    })
}

fn numeric(operand: &Value) -> Result<Matcher, PatternError> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    let Some(items) = operand.as_array().filter(|items| !items.is_empty()) else {
        return Err(refuse("Value of numeric must be an array."));
    };
    let comparison = |pair: &[Value]| {
        let [Value::String(operator), bound] = pair else {
            return Err(refuse("Invalid member in numeric match"));
        };
        let operator = match operator.as_str() {
            "=" => Equal,
            "<" => Less,
            "<=" => LessOrEqual,
            ">" => Greater,
            ">=" => GreaterOrEqual,
            other => return Err(refuse(format!("Unrecognized numeric range operator: {other}"))),
        };
        Ok((operator, number(bound)?))
    };
    let comparisons: Vec<_> = items.chunks(2).map(comparison).collect::<Result<_, _>>()?;
    match comparisons.as_slice() {
        [_] => Ok(Matcher::Numeric(comparisons)),
        [(Greater | GreaterOrEqual, bottom), (Less | LessOrEqual, top)] if bottom < top => {
            Ok(Matcher::Numeric(comparisons))
        }
        [(Greater | GreaterOrEqual, _), (Less | LessOrEqual, _)] => {
            Err(refuse("Bottom must be less than top"))
        }
        _ => Err(refuse("Too many elements in numeric expression")),
    }
}

fn cidr(text: &str) -> Result<Matcher, PatternError> {
    let malformed = || refuse(format!("Malformed CIDR, one '/' required: {text}"));
    let (address, bits) = text.split_once('/').ok_or_else(malformed)?;
    let address: IpAddr = address.parse().map_err(|_| malformed())?;
    let widest = if address.is_ipv4() { 32 } else { 128 };
    match bits.parse::<u8>() {
        Ok(bits) if bits <= widest => Ok(Matcher::Cidr(address, bits)),
        _ => Err(malformed()),
    }
}

fn wildcard(text: &str) -> Result<Wildcard, PatternError> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '*' if characters.peek() == Some(&'*') => {
                return Err(refuse("Consecutive wildcard characters are not allowed"));
            }
            '*' => parts.push(std::mem::take(&mut part)),
            '\\' => match characters.next() {
                Some(escaped @ ('*' | '\\')) => part.push(escaped),
                _ => return Err(refuse("Invalid escape character in wildcard")),
            },
            other => part.push(other),
        }
    }
    parts.push(part);
    Ok(Wildcard(parts))
}

/// From text to filter.
mod read;

use serde_json::Value;

use super::trace::{Node, Trace};

/// A filter expression, as far as it is understood here: keywords about the trace (`ok`, `fault`,
/// `responsetime`, `http.url`, …), `annotation[key]`, `service("name") { … }`, `!`, `AND`, `OR` and
/// parentheses. See <https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html>.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::xray) enum Filter {
    /// Matches everything.
    All,
    /// One of these matches.
    Or(Vec<Self>),
    /// All of these match.
    And(Vec<Self>),
    /// This does not match.
    Not(Box<Self>),
    /// A field compares so with a value; without one it only has to be there (or be true).
    Field(String, Option<(Operator, Operand)>),
    /// A node of that name and type, any where empty, about which something is true.
    Service { name: String, kind: String, inside: Box<Self> },
}

/// How a field compares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::xray) enum Operator {
    /// `=`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `CONTAINS`.
    Contains,
    /// `BEGINSWITH`.
    BeginsWith,
    /// `ENDSWITH`.
    EndsWith,
}

/// What a field compares with.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::xray) enum Operand {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Truth(bool),
}

impl Filter {
    /// Reads an expression; the empty one matches everything.
    pub(in crate::xray) fn parse(text: &str) -> Result<Self, String> {
        read::filter(text)
    }

    /// Whether `trace` matches.
    pub(in crate::xray) fn matches(&self, trace: &Trace) -> bool {
        self.holds(trace, None)
    }

    fn holds(&self, trace: &Trace, node: Option<&Node>) -> bool {
        match self {
            Self::All => true,
            Self::Or(parts) => parts.iter().any(|part| part.holds(trace, node)),
            Self::And(parts) => parts.iter().all(|part| part.holds(trace, node)),
            Self::Not(part) => !part.holds(trace, node),
            Self::Field(name, test) => {
                let values = values(name, trace, node);
                match test {
                    Some((operator, operand)) => values.iter().any(|v| operator.holds(v, operand)),
                    None => values.iter().any(|value| *value != Value::Bool(false)),
                }
            }
            Self::Service { name, kind, inside } => trace.nodes.iter().any(|node| {
                node.is_segment()
                    && (name.is_empty() || node.name() == name)
                    && (kind.is_empty() || node.text("origin") == Some(kind))
                    && inside.holds(trace, Some(node))
            }),
        }
    }
}

/// The values of a field: of the trace's root, or of `node` inside of `service() { }`.
fn values(name: &str, trace: &Trace, node: Option<&Node>) -> Vec<Value> {
    if let Some(key) = name.strip_prefix("annotation.") {
        return annotations(key, trace, node);
    }
    let Some(subject) = node.or_else(|| trace.root()) else { return Vec::new() };
    let http = subject.body.get("http").cloned().unwrap_or_default();
    let value = match name {
        "ok" => (!["error", "throttle", "fault"].iter().any(|flag| subject.flag(flag))).into(),
        "error" | "throttle" | "fault" => subject.flag(name).into(),
        "partial" => trace.is_partial().into(),
        "responsetime" => subject.duration().into(),
        "duration" => trace.duration().into(),
        "http.status" => http["response"]["status"].clone(),
        "http.url" => http["request"]["url"].clone(),
        "http.method" => http["request"]["method"].clone(),
        "http.useragent" => http["request"]["user_agent"].clone(),
        "http.clientip" => http["request"]["client_ip"].clone(),
        "user" => return everywhere("user", trace, node),
        "resource.arn" => return everywhere("resource_arn", trace, node),
        _ => Value::Null,
    };
    if value.is_null() { Vec::new() } else { vec![value] }
}

fn everywhere(field: &str, trace: &Trace, node: Option<&Node>) -> Vec<Value> {
    match node {
        Some(node) => node.body.get(field).cloned().into_iter().collect(),
        None => trace.nodes.iter().filter_map(|node| node.body.get(field).cloned()).collect(),
    }
}

/// The annotation `key`, which subsegments set for the segment that they belong to.
fn annotations(key: &str, trace: &Trace, node: Option<&Node>) -> Vec<Value> {
    let belongs = |candidate: &Node| node.is_none_or(|node| trace.owner(candidate).id == node.id);
    let found = trace.nodes.iter().filter(|candidate| belongs(candidate));
    found.filter_map(|node| node.body.get("annotations")?.get(key).cloned()).collect()
}

impl Operator {
    fn holds(self, value: &Value, operand: &Operand) -> bool {
        match (value, operand) {
            (Value::Bool(value), Operand::Truth(operand)) => match self {
                Self::Equal => value == operand,
                Self::NotEqual => value != operand,
                _ => false,
            },
            (Value::Number(value), Operand::Number(operand)) => {
                let order = value.as_f64().and_then(|value| value.partial_cmp(operand));
                order.is_some_and(|order| match self {
                    Self::Equal => order.is_eq(),
                    Self::NotEqual => order.is_ne(),
                    Self::Less => order.is_lt(),
                    Self::LessOrEqual => order.is_le(),
                    Self::Greater => order.is_gt(),
                    Self::GreaterOrEqual => order.is_ge(),
                    _ => false,
                })
            }
            (Value::String(value), Operand::Text(operand)) => match self {
                Self::Equal => value == operand,
                Self::NotEqual => value != operand,
                Self::Contains => value.contains(operand.as_str()),
                Self::BeginsWith => value.starts_with(operand.as_str()),
                Self::EndsWith => value.ends_with(operand.as_str()),
                _ => false,
            },
            _ => self == Self::NotEqual,
        }
    }
}

use std::iter::Peekable;

use serde_json::Value;

use super::trace::{Node, Trace};

/// A filter expression, as far as it is understood here: keywords about the trace (`ok`, `fault`,
/// `responsetime`, `http.url`, …), `annotation[key]`, `service("name") { … }`, `!`, `AND`, `OR` and
/// parentheses. See <https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html>.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
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
pub(super) enum Operator {
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
pub(super) enum Operand {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Truth(bool),
}

/// Fields of the trace, or of a node inside of `service() { }`.
const FIELDS: [&str; 14] = [
    "ok",
    "error",
    "throttle",
    "fault",
    "partial",
    "responsetime",
    "duration",
    "http.status",
    "http.url",
    "http.method",
    "http.useragent",
    "http.clientip",
    "user",
    "resource.arn",
];
/// Deeper nesting is refused rather than risked.
const MAX_DEPTH: usize = 32;

impl Filter {
    /// Reads an expression; the empty one matches everything.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut reader = Reader { tokens: tokens.into_iter().peekable(), depth: 0 };
        if reader.tokens.peek().is_none() {
            return Ok(Self::All);
        }
        let filter = reader.or()?;
        match reader.tokens.next() {
            None => Ok(filter),
            Some(token) => Err(format!("{token:?} is not expected here")),
        }
    }

    /// Whether `trace` matches.
    pub(super) fn matches(&self, trace: &Trace) -> bool {
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
    let belongs = |candidate: &Node| {
        let Some(node) = node else { return true };
        let mut owner = candidate;
        while !owner.is_segment() {
            match owner.parent {
                Some(parent) => owner = &trace.nodes[parent],
                None => return false,
            }
        }
        owner.id == node.id
    };
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

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A keyword, a number or an unquoted text.
    Word(String),
    /// Between double quotes.
    Quoted(String),
    /// An operator, a bracket or a comma.
    Sign(&'static str),
}

const SIGNS: [&str; 15] =
    ["!=", "<=", ">=", "=", "<", ">", "!", "(", ")", "{", "}", "[", "]", ",", ":"];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (inside, after) = quoted.split_once('"').ok_or("a quote is not closed")?;
            tokens.push(Token::Quoted(inside.to_owned()));
            rest = after;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let ends = |c: char| c.is_whitespace() || c == '"' || "!=<>(){}[],:".contains(c);
            let length = rest.find(ends).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..length].to_owned()));
            rest = &rest[length..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

struct Reader {
    tokens: Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Reader {
    fn or(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.and()?];
        while self.take_word("or") {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::Or(parts) })
    }

    /// Terms side by side are joined by AND, said or unsaid.
    fn and(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.unary()?];
        loop {
            let said = self.take_word("and");
            let ends = match self.tokens.peek() {
                None => true,
                Some(Token::Word(word)) => word.eq_ignore_ascii_case("or"),
                Some(token) => matches!(token, Token::Sign(")" | "}")),
            };
            if ends && !said {
                return Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::And(parts) });
            }
            parts.push(self.unary()?);
        }
    }

    fn unary(&mut self) -> Result<Filter, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("the expression nests deeper than {MAX_DEPTH} levels"));
        }
        let filter = if self.take("!") {
            Filter::Not(Box::new(self.unary()?))
        } else if self.take("(") {
            let inside = self.or()?;
            self.expect(")")?;
            inside
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn term(&mut self) -> Result<Filter, String> {
        let Some(Token::Word(word)) = self.tokens.next() else {
            return Err("a keyword is expected".to_owned());
        };
        let keyword = word.to_ascii_lowercase();
        if keyword == "service" {
            return self.service();
        }
        let field = if keyword == "annotation" {
            self.expect("[")?;
            let key = self.text()?;
            self.expect("]")?;
            format!("annotation.{key}")
        } else if keyword.starts_with("annotation.") {
            format!("annotation.{}", &word["annotation.".len()..])
        } else if FIELDS.contains(&keyword.as_str()) {
            keyword
        } else {
            let known = FIELDS.join(", ");
            return Err(format!(
                "`{word}` is not understood here; these are: {known}, annotation, service"
            ));
        };
        let test = match self.operator() {
            Some(operator) => Some((operator, self.operand()?)),
            None => None,
        };
        Ok(Filter::Field(field, test))
    }

    fn service(&mut self) -> Result<Filter, String> {
        let (mut name, mut kind) = (String::new(), String::new());
        if self.take("(") {
            if self.take_word("id") {
                self.expect("(")?;
                while !self.take(")") {
                    let key = self.text()?.to_ascii_lowercase();
                    self.expect(":")?;
                    match key.as_str() {
                        "name" => name = self.text()?,
                        "type" => kind = self.text()?,
                        "account.id" => drop(self.text()?),
                        other => {
                            return Err(format!("`{other}` is none of name, type, account.id"));
                        }
                    }
                    self.take(",");
                }
            } else if self.tokens.peek() != Some(&Token::Sign(")")) {
                name = self.text()?;
            }
            self.expect(")")?;
        }
        let mut inside = Filter::All;
        if self.take("{") {
            inside = self.or()?;
            self.expect("}")?;
        }
        Ok(Filter::Service { name, kind, inside: Box::new(inside) })
    }

    fn operator(&mut self) -> Option<Operator> {
        let operator = match self.tokens.peek()? {
            Token::Sign("=") => Operator::Equal,
            Token::Sign("!=") => Operator::NotEqual,
            Token::Sign("<") => Operator::Less,
            Token::Sign("<=") => Operator::LessOrEqual,
            Token::Sign(">") => Operator::Greater,
            Token::Sign(">=") => Operator::GreaterOrEqual,
            Token::Word(word) if word.eq_ignore_ascii_case("contains") => Operator::Contains,
            Token::Word(word) if word.eq_ignore_ascii_case("beginswith") => Operator::BeginsWith,
            Token::Word(word) if word.eq_ignore_ascii_case("endswith") => Operator::EndsWith,
            _ => return None,
        };
        self.tokens.next();
        Some(operator)
    }

    fn operand(&mut self) -> Result<Operand, String> {
        match self.tokens.next() {
            Some(Token::Quoted(text)) => Ok(Operand::Text(text)),
            Some(Token::Word(word)) => {
                Ok(match (word.to_ascii_lowercase().as_str(), word.parse()) {
                    ("true", _) => Operand::Truth(true),
                    ("false", _) => Operand::Truth(false),
                    (_, Ok(number)) => Operand::Number(number),
                    _ => Operand::Text(word),
                })
            }
            _ => Err("a value is expected".to_owned()),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        match self.tokens.next() {
            Some(Token::Word(text) | Token::Quoted(text)) => Ok(text),
            _ => Err("a name is expected".to_owned()),
        }
    }

    fn take(&mut self, sign: &'static str) -> bool {
        self.tokens.next_if_eq(&Token::Sign(sign)).is_some()
    }

    fn take_word(&mut self, word: &str) -> bool {
        let same = |token: &Token| matches!(token, Token::Word(w) if w.eq_ignore_ascii_case(word));
        self.tokens.next_if(same).is_some()
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(format!("`{sign}` is expected")) }
    }
}

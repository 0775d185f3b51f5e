//! Filter expressions: what they are, how they are parsed, and which traces they match. See
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html>.

/// Which traces match.
mod evaluate;
/// From text to filter.
mod parse;
/// A place on the way of a root cause.
mod place;
/// What keywords look at.
mod scope;
/// Which outlines match.
mod sketch;

use std::fmt;

use serde_json::Value;

use super::{cause::Category, service::Service, snapshot, trace::Trace};

/// The most steps that one query may take: some thousand times of what a person's expression needs for a
/// thousand traces, and a second or two in a debug build.
const MAX_WORK: u64 = 20_000_000;

/// A filter expression. The empty one matches everything.
#[derive(Clone, Debug)]
pub(in crate::xray) struct Filter {
    expression: Expression,
    /// How many complex terms there are: each is evaluated at most once for a trace.
    terms: usize,
}

/// The filter expressions of the groups, for `group.name` and `group.arn`.
#[derive(Clone, Debug, Default)]
pub(in crate::xray) struct Groups(pub(in crate::xray) Vec<GroupFilter>);

/// A group's filter expression.
#[derive(Clone, Debug)]
pub(in crate::xray) struct GroupFilter {
    /// The group's name.
    pub(in crate::xray) name: String,
    /// The group's ARN.
    pub(in crate::xray) arn: String,
    /// Which traces belong to it; the empty expression is every trace.
    pub(in crate::xray) expression: String,
}

/// What evaluating filters has cost so far.
#[derive(Debug, Default)]
pub(in crate::xray) struct Work(u64);

/// What is wrong with an expression, worded as X-Ray does, with a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilterError {
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) position: usize,
    /// In a sentence.
    pub(crate) message: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    All,
    Or(Vec<Self>),
    And(Vec<Self>),
    Not(Box<Self>),
    /// Something about the trace, or about what the braces around it speak of.
    Simple(Keyword, Test),
    /// Something about the trace wherever it stands, with its number.
    Complex(usize, Box<Complex>),
}

#[derive(Clone, Debug, PartialEq)]
enum Complex {
    /// `service(id) { … }`.
    Service(Identity, Expression),
    /// `edge(source, destination) { … }`.
    Edge(Identity, Identity, Expression),
    /// `rootcause.fault.service { … }`.
    Cause(Category, Level, Expression),
    /// `rootcause.json = #[…]`.
    CauseJson(Vec<Value>),
    /// `group.name = "…"`: the group's own expression.
    Group(Expression),
}

/// What a root cause is looked through for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Level {
    Service,
    Entity,
    Exception,
}

/// Which services are meant; what is not said may be any.
#[derive(Clone, Debug, Default, PartialEq)]
struct Identity {
    name: Option<String>,
    kind: Option<String>,
    account: Option<String>,
}

/// What a simple term looks at.
#[derive(Clone, Debug, PartialEq)]
enum Keyword {
    Ok,
    Error,
    Throttle,
    Fault,
    Partial,
    Inferred,
    First,
    Last,
    Remote,
    Root,
    ResponseTime,
    Duration,
    HttpStatus,
    Index,
    Coverage,
    /// A text at this path of the documents.
    Text(&'static str),
    /// The same of the root, or of the segment that the braces speak of.
    OwnText(&'static str),
    Name,
    Type,
    Message,
    /// An annotation; inside of `edge() { }` of one of its ends.
    Annotation(Option<End>, String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Source,
    Destination,
}

/// What has to be true of a value. Values of another type never pass.
#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// It is there, and if it is a truth, it is true.
    Is,
    Truth(bool),
    Number(Comparison, f64),
    Text(TextOperator, String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum TextOperator {
    Equal,
    NotEqual,
    Contains,
    BeginsWith,
    EndsWith,
}

impl Filter {
    /// Parses an expression.
    pub(in crate::xray) fn parse(text: &str, groups: &Groups) -> Result<Self, FilterError> {
        parse::filter(text, groups)
    }

    /// Whether it matches everything.
    pub(in crate::xray) fn is_empty(&self) -> bool {
        self.expression == Expression::All
    }

    /// Whether a trace matches that is kept in the store. Its documents are looked at only if its outline does not say.
    pub(in crate::xray) fn finds(&self, found: &snapshot::Found, work: &mut Work) -> bool {
        let says = sketch::matches(self, &found.outline, work);
        says.unwrap_or_else(|| self.matches(&found.trace(), work))
    }

    /// Whether `trace` matches. Once there was too much work, nothing does.
    pub(in crate::xray) fn matches(&self, trace: &Trace, work: &mut Work) -> bool {
        evaluate::matches(self, trace, work)
    }
}

impl FilterError {
    /// Evaluating takes too long.
    pub(in crate::xray) fn too_much_work() -> Self {
        let message = "it needs too much work for so many traces; hint: use a shorter expression or time range";
        Self { line: 1, position: 1, message: message.to_owned() }
    }
}

impl Work {
    /// Whether answers no longer count.
    pub(in crate::xray) fn is_exceeded(&self) -> bool {
        self.0 > MAX_WORK
    }

    fn add(&mut self, steps: usize) {
        self.0 = self.0.saturating_add(steps as u64);
    }
}

impl Identity {
    /// Whether a service with that name and type is called as wanted. Clients and services outside of AWS are also called by
    /// their types: nobody knows the name of a client, and it is that of the service that it calls.
    fn is_name(&self, name: &str, kind: Option<&str>) -> bool {
        let by_kind = kind.filter(|kind| matches!(*kind, "client" | "remote"));
        self.name.as_deref().is_none_or(|wanted| wanted == name || Some(wanted) == by_kind)
    }

    /// Whether `service` is meant.
    fn is(&self, service: &Service<'_>) -> bool {
        let fits = |wanted: &Option<String>, value: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| value == Some(wanted))
        };
        self.is_name(service.name, service.kind)
            && fits(&self.kind, service.kind)
            && fits(&self.account, Some(service.account()))
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, position, message } = self;
        write!(f, "Error Location: line {line}, position {position} : {message}")
    }
}

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use super::{
    flags::Flags,
    names::Known,
    node::{Node, to_millis},
    trace::Trace,
};

/// How far below a failed call its cause is looked for.
const MAX_DEPTH: usize = 64;

/// What statistics ask of a segment or a call: when it was, and how it ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Seconds since the epoch.
    pub(crate) start: f64,
    /// Seconds since the epoch; `None` while it is in progress.
    pub(crate) end: Option<f64>,
    /// The status of the HTTP response.
    pub(super) status: Option<i32>,
    flags: Flags,
    /// What went wrong first, where it carries a flag.
    cause: Option<Arc<str>>,
}

impl Sample {
    /// What there is to say of `node`.
    pub(super) fn of(trace: &Trace, node: &Node, known: &mut Known) -> Self {
        let flags = node.flags;
        let cause = flags.carried().map(|_| known.text(&cause(trace, node)));
        Self { start: node.start, end: node.end, status: node.status, flags, cause }
    }

    pub(super) fn flags(&self) -> Flags {
        self.flags
    }

    /// How long it took, in seconds; nothing while it is in progress.
    pub(crate) fn duration(&self) -> f64 {
        self.end.map_or(0.0, |end| (end - self.start).max(0.0))
    }

    /// The same in whole milliseconds, as X-Ray answers and compares it.
    pub(super) fn known_duration(&self) -> Option<f64> {
        self.end.map(|_| to_millis(self.duration()) / 1000.0)
    }

    /// The flag that it carries, if any, and what went wrong first.
    pub(crate) fn failure(&self) -> Option<(&'static str, &str)> {
        self.flags.carried().zip(self.cause.as_deref())
    }
}

/// The innermost cause: failures are passed on, and the outermost says only that something failed.
fn cause(trace: &Trace, node: &Node) -> String {
    let (mut here, mut found) = (node, None);
    for _ in 0..MAX_DEPTH {
        found = exception(here).or(found);
        let mut children = here.children.iter().map(|child| &trace.nodes[*child]);
        match children.find(|child| child.flags.carried().is_some()) {
            Some(child) => here = child,
            None => break,
        }
    }
    let code = || node.body.get("http").map(|http| http["response"]["status"].clone());
    found.unwrap_or_else(|| match code() {
        Some(Value::Number(code)) => format!("answered with {code}"),
        _ => "no cause given".to_owned(),
    })
}

/// The last of a chain of exceptions: the first thing that went wrong.
fn exception(node: &Node) -> Option<String> {
    let exceptions = node.body.get("cause")?.get("exceptions")?.as_array()?;
    let last = exceptions.last()?;
    let text = |name: &str| last[name].as_str().filter(|text| !text.is_empty());
    match (text("type"), text("message")) {
        (Some(kind), Some(message)) => Some(format!("{kind}: {message}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

use serde::Serialize;
use serde_json::{Value, json};

use super::Console;
use crate::{
    events::EventRecord,
    trace_header::is_trace_id,
    xray::{Graph, Kind, Node, Trace},
};

/// How many events and log lines of a trace are shown.
const LIMIT: usize = 500;

/// What the page shows of one trace.
#[derive(Serialize)]
pub(super) struct OneTrace {
    events: Vec<EventRecord>,
    #[serde(flatten)]
    rest: Value,
}

impl Console {
    pub(super) fn trace(&self, trace: &Trace) -> OneTrace {
        let same = |id: Option<&str>| id == Some(trace.id.as_str());
        let logs = self.services.logs.lines(|line| same(line.trace_id.as_deref()));
        let events = self.services.buses.events(|event| same(event.trace_id.as_deref()));
        let rest = json!({
            "id": trace.id,
            "start": trace.start(),
            "duration": trace.duration(),
            "partial": trace.is_partial(),
            "limitExceeded": trace.limit_exceeded,
            "services": Graph::of([trace]).services(),
            "nodes": trace.nodes.iter().map(node).collect::<Vec<_>>(),
            "logs": &logs[..logs.len().min(LIMIT)],
            "linksTo": self.known(links(trace)),
            "linkedFrom": self.linked_from(&trace.id),
        });
        OneTrace { events: events.into_iter().rev().take(LIMIT).rev().collect(), rest }
    }

    /// The links, each with whether its trace can be looked at.
    fn known(&self, links: Vec<Link>) -> Vec<Value> {
        let known = links.into_iter().map(|Link { id, name }| {
            json!({ "traced": self.is_traced(Some(&id)), "id": id, "name": name })
        });
        known.collect()
    }

    fn linked_from(&self, id: &str) -> Vec<Value> {
        let mut found = Vec::new();
        for trace in self.services.traces.traces().iter().filter(|trace| trace.id != id) {
            let here = links(trace).into_iter().filter(|link| link.id == id);
            found.extend(
                here.map(|link| json!({ "traced": true, "id": trace.id, "name": link.name })),
            );
        }
        found
    }
}

/// Another trace that a trace names, and as what.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Link {
    id: String,
    name: String,
}

/// What a trace says of others: X-Ray's span links, and metadata whose value is a trace id.
fn links(trace: &Trace) -> Vec<Link> {
    let mut found = Vec::new();
    let mut add = |id: Option<&str>, name: &str| {
        if let Some(id) = id.filter(|id| is_trace_id(id) && *id != trace.id) {
            found.push(Link { id: id.to_owned(), name: name.to_owned() });
        }
    };
    for node in &trace.nodes {
        for link in node.body.get("links").and_then(Value::as_array).into_iter().flatten() {
            add(link["trace_id"].as_str(), "link");
        }
        let spaces = node.body.get("metadata").and_then(Value::as_object);
        for (name, value) in spaces.into_iter().flatten() {
            add(value.as_str(), name);
            for (name, value) in value.as_object().into_iter().flatten() {
                add(value.as_str(), name);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// A segment or subsegment.
fn node(node: &Node) -> Value {
    let kind = match node.kind {
        Kind::Segment => "segment",
        Kind::Subsegment => "subsegment",
        Kind::Inferred => "inferred",
    };
    let mut json = json!({
        "id": node.id,
        "parent": node.parent,
        "kind": kind,
        "orphaned": node.orphaned,
        "start": node.start,
        "end": node.end,
    });
    let about = [
        "name",
        "origin",
        "namespace",
        "fault",
        "error",
        "throttle",
        "annotations",
        "metadata",
        "http",
        "aws",
        "cause",
    ];
    for (name, value) in node.body.iter().filter(|(name, _)| about.contains(&name.as_str())) {
        json[name] = value.clone();
    }
    json
}

use serde::Serialize;
use serde_json::{Value, json};

use super::Console;
use crate::{
    clock,
    events::EventRecord,
    logs::Line,
    sqs::Message,
    xray::{Graph, Kind, Link, Node, Trace, links},
};

/// How many events and log lines of a trace are shown.
const LIMIT: usize = 500;

/// What the page shows of one trace.
#[derive(Serialize)]
pub(super) struct OneTrace {
    events: Vec<EventRecord>,
    #[serde(rename = "deadLetters")]
    letters: Vec<Message>,
    #[serde(flatten)]
    rest: Value,
}

impl Console {
    pub(super) fn trace(&self, trace: &Trace) -> OneTrace {
        let same = |id: Option<&str>| id == Some(trace.id.as_str());
        let mut logs = self.services.logs.lines(|line| same(line.trace_id.as_deref()));
        // Those of one moment stay in the order in which they came.
        logs.sort_by_key(Line::millis);
        let queues = &self.services.queues;
        let letters = queues.dead_letters(usize::MAX, |letter| same(letter.trace_id.as_deref()));
        let mut events = self.services.buses.events(|event| same(event.trace_id.as_deref()));
        events.sort_by_key(|event| clock::parse_millis(&event.time));
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
        OneTrace { events: events.into_iter().rev().take(LIMIT).rev().collect(), letters, rest }
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
        for outline in self.services.traces.linked_from(id) {
            found.extend(
                outline
                    .links_to(id)
                    .map(|link| json!({ "traced": true, "id": outline.id(), "name": link.name })),
            );
        }
        found
    }
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

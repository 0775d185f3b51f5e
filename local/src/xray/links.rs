use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use super::{outline::Outline, trace::Trace, trace_id::TraceId};
use crate::trace_header::is_trace_id;

/// Another trace that a trace names, and as what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    /// The other trace's id, as it is named.
    pub(crate) id: String,
    /// What it is named as.
    pub(crate) name: String,
}

/// What a trace says of others: X-Ray's span links, and metadata whose value is a trace id.
pub(crate) fn links(trace: &Trace) -> Vec<Link> {
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

/// Which traces name a trace.
#[derive(Debug, Default)]
pub(super) struct Backlinks(Mutex<HashMap<TraceId, ByArrival>>);

/// The traces that name one, by the number of their arrival.
type ByArrival = BTreeMap<u64, Arc<Outline>>;

impl Backlinks {
    /// Replaces what the trace with that number of arrival said `before` by what it says `now`.
    pub(super) fn replace(
        &self,
        arrival: u64,
        before: Option<&Outline>,
        now: Option<&Arc<Outline>>,
    ) {
        let links =
            |outline: Option<&Outline>| outline.is_some_and(|outline| !outline.links.is_empty());
        if !links(before) && !links(now.map(Arc::as_ref)) {
            return;
        }
        let mut known = self.lock();
        for target in before.into_iter().flat_map(targets) {
            if let Some(sources) = known.get_mut(&target) {
                sources.remove(&arrival);
                if sources.is_empty() {
                    known.remove(&target);
                }
            }
        }
        let Some(outline) = now else { return };
        for target in targets(outline) {
            known.entry(target).or_default().insert(arrival, Arc::clone(outline));
        }
    }

    /// The traces that name `target`, newest first.
    pub(super) fn to(&self, target: TraceId) -> Vec<Arc<Outline>> {
        let known = self.lock();
        known.get(&target).into_iter().flat_map(|sources| sources.values().rev().cloned()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TraceId, ByArrival>> {
        // A panic elsewhere does not make the links wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn targets(outline: &Outline) -> impl Iterator<Item = TraceId> {
    outline.links.iter().filter_map(|link| TraceId::parse(&link.id))
}

use serde_json::{Map, Value, json};

use super::{Console, query::Query};
use crate::{
    ring_buffer::newer,
    xray::{FilterError, Matches, Node, Snapshot, Trace, Window, root_http},
};

impl Console {
    /// Shows the traces that the page asks for, none if something is wrong with the filter expression. A trace id is a filter too.
    pub(super) fn search<R>(
        &self,
        query: &Query,
        show: impl FnOnce(&Matches<'_>, Option<FilterError>) -> R,
    ) -> R {
        let traces = &self.services.traces;
        if let Some(trace) = traces.find(query.filter()) {
            return show(&Matches::all(&Snapshot::from(trace), &Window::default()), None);
        }
        let (snapshot, window) = (traces.all(), Window::began_in(query.range.clone()));
        match self.services.xray.search(&snapshot, query.filter(), &window) {
            Ok(found) => show(&found, None),
            Err(wrong) => show(&Matches::all(&Snapshot::default(), &window), Some(wrong)),
        }
    }

    /// Adds the list of traces and the map to `state`, as far as the page shows them.
    pub(super) fn add_traces(&self, query: &Query, state: &mut Value) {
        self.search(query, |found, wrong| {
            if let Some(FilterError { line, position, message }) = wrong {
                state["filterError"] =
                    json!({ "line": line, "position": position, "message": message });
            }
            self.add_found(query, found, state);
        });
    }

    fn add_found(&self, query: &Query, found: &Matches<'_>, state: &mut Value) {
        let traces = &found.traces;
        state["traceCount"] = traces.len().into();
        if query.shows("map") {
            let mut services = found.graph().services();
            remove_histograms(&mut services);
            state["services"] = services;
        }
        if query.shows("traces") {
            // A page begins after a trace, so that new ones do not move it.
            let last = query
                .get("after")
                .and_then(|id| traces.iter().position(|trace| trace.outline.is(id)));
            let offset = last.map_or(0, |last| last + 1);
            state["traceOffset"] = offset.into();
            let newer = newer(offset, query.rows, |before| traces[before].outline.id());
            state["traceNewer"] = newer.into();
            let page = traces.iter().skip(offset).take(query.rows);
            state["traces"] =
                page.map(|found| row(&self.services.traces.put_together(found))).collect();
        }
    }
}

/// The page asks for the histograms of one node or edge when somebody opens it.
fn remove_histograms(services: &mut Value) {
    let remove = |value: &mut Value| {
        for name in ["DurationHistogram", "ResponseTimeHistogram", "Aliases", "Names"] {
            value.as_object_mut().map(|object| object.remove(name));
        }
    };
    for service in services.as_array_mut().into_iter().flatten() {
        remove(service);
        service["Edges"].as_array_mut().into_iter().flatten().for_each(remove);
    }
}

/// A trace's line in the list.
fn row(trace: &Trace) -> Value {
    let root = trace.root();
    let any = |flag: &str| trace.nodes.iter().any(|node| node.flag(flag));
    json!({
        "id": trace.id,
        "start": trace.start(),
        "duration": trace.duration(),
        "responseTime": root.map_or(0.0, Node::duration),
        "http": root.map(root_http),
        "name": root.map(Node::name),
        "annotations": annotations(trace),
        "fault": any("fault"),
        "error": any("error"),
        "partial": trace.is_partial(),
    })
}

/// The first value of each annotation.
fn annotations(trace: &Trace) -> Map<String, Value> {
    let mut nodes: Vec<_> = trace.nodes.iter().collect();
    nodes.sort_by(|a, b| a.start.total_cmp(&b.start));
    let mut first = Map::new();
    for node in nodes {
        let annotations = node.body.get("annotations").and_then(Value::as_object);
        for (name, value) in annotations.into_iter().flatten() {
            first.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    first
}

use std::{collections::HashSet, sync::Arc};

use serde_json::{Value, json};

use super::{api::State, graph::Graph, invalid, link_edges, snapshot::Window};
use crate::{trace_header::is_trace_id, wire::AwsError};

/// The longest time that a graph may cover, in seconds.
const MAX_RANGE: f64 = 6.0 * 3600.0;
/// The most traces of a graph of single traces
/// (<https://docs.aws.amazon.com/xray/latest/api/API_GetTraceGraph.html>).
const MAX_TRACES: usize = 5;

/// `GetServiceGraph`: the graph of what happened in a time, of all traces or of a group's.
pub(super) fn get_service_graph(state: &State, request: &Value) -> Result<Value, AwsError> {
    refuse_token(request)?;
    let (start, end) = range(request)?;
    check_length(start, end, MAX_RANGE)?;
    let group = state.groups.of(request)?;
    let (snapshot, window) = (state.store.all(), Window::active_between(start, end));
    let traces = state.traces_of(&group, &snapshot, &window)?;
    let graph = traces.graph();
    let mut services = graph.services();
    link_edges::add_to(
        &mut services,
        &link_edges::links_of(traces.linked().into_iter(), &state.store),
    );
    // X-Ray answers when the traces that it found began, and nothing where it found none.
    let (first, last) = graph.span().unzip();
    Ok(json!({
        "StartTime": first,
        "EndTime": last,
        "Services": services,
        "ContainsOldGroupVersions": false,
    }))
}

/// `GetTraceGraph`: the graph of single traces.
pub(super) fn get_trace_graph(state: &State, request: &Value) -> Result<Value, AwsError> {
    refuse_token(request)?;
    let ids = trace_ids(request);
    if ids.is_empty() {
        return Err(invalid("Zero trace ids provided"));
    }
    if ids.len() > MAX_TRACES {
        return Err(invalid(format!("Exceeding maximum query size: {MAX_TRACES}")));
    }
    if !ids.iter().all(|id| is_trace_id(id)) {
        return Err(invalid("Invalid traceId. ErrorCode: InvalidId"));
    }
    let traces: Vec<_> = ids.into_iter().filter_map(|id| state.store.trace(id)).collect();
    if traces.is_empty() {
        return Err(invalid("Trace id not found"));
    }
    let traces: Vec<_> = traces.iter().map(Arc::as_ref).collect();
    let mut services = Graph::of(traces.iter().copied()).services_without_times();
    link_edges::add_to(&mut services, &link_edges::links(&traces));
    Ok(json!({ "Services": services }))
}

/// `TraceIds` of a request whose form is right, each once.
pub(super) fn trace_ids(request: &Value) -> Vec<&str> {
    let mut seen = HashSet::new();
    let ids = request["TraceIds"].as_array().into_iter().flatten().filter_map(Value::as_str);
    ids.filter(|id| seen.insert(id.to_ascii_lowercase())).collect()
}

/// `StartTime` and `EndTime` of a request whose form is right.
pub(super) fn range(request: &Value) -> Result<(f64, f64), AwsError> {
    let time = |name: &str| request[name].as_f64().unwrap_or_default();
    let (start, end) = (time("StartTime"), time("EndTime"));
    if end < start {
        return Err(invalid("End time cannot be earlier than start time"));
    }
    Ok((start, end))
}

/// Refuses a range that is longer than `longest`, in seconds.
pub(super) fn check_length(start: f64, end: f64, longest: f64) -> Result<(), AwsError> {
    if end - start > longest {
        return Err(invalid(format!("the time range is longer than {} hours", longest / 3600.0)));
    }
    Ok(())
}

/// Refuses the token of an operation that has one page only.
pub(super) fn refuse_token(request: &Value) -> Result<(), AwsError> {
    match request["NextToken"].as_str() {
        None | Some("") => Ok(()),
        Some(_) => Err(invalid("NextToken is currently not supported")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_that_is_named_twice_counts_once() {
        let request = json!({ "TraceIds": ["1-a", "1-b", "1-A", "1-a", 3] });
        assert_eq!(trace_ids(&request), ["1-a", "1-b"]);
    }
}

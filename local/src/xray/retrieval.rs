use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    api::State,
    graph::Graph,
    graphs::{range, trace_ids},
    invalid, link_edges,
    trace::Trace,
};
use crate::{trace_header::is_trace_id, wire::AwsError};

/// The most retrievals that are remembered; the oldest is forgotten first.
const MAX_RETRIEVALS: usize = 100;
/// The most traces on one page of `ListRetrievedTraces`, from the API's model.
const PAGE: usize = 5;

/// The retrievals that were started. On AWS they find traces that are not indexed; here all are, and a
/// retrieval is complete at once.
#[derive(Debug, Default)]
pub(super) struct Retrievals(Mutex<VecDeque<Retrieval>>);

#[derive(Clone, Debug)]
struct Retrieval {
    token: String,
    trace_ids: Vec<String>,
    start: f64,
    end: f64,
    cancelled: bool,
}

/// `StartTraceRetrieval`.
pub(super) fn start_trace_retrieval(state: &State, request: &Value) -> Result<Value, AwsError> {
    let (start, end) = range(request)?;
    let ids = trace_ids(request);
    if ids.is_empty() {
        return Err(invalid("Zero trace ids provided"));
    }
    if let Some(malformed) = ids.iter().find(|id| !is_trace_id(id)) {
        return Err(invalid(format!("Invalid trace id {malformed}: incorrect id format")));
    }
    let retrieval = Retrieval {
        token: Uuid::new_v4().to_string(),
        trace_ids: ids.into_iter().map(str::to_owned).collect(),
        start,
        end,
        cancelled: false,
    };
    let response = json!({ "RetrievalToken": retrieval.token });
    let mut retrievals = state.retrievals.lock();
    retrievals.truncate(MAX_RETRIEVALS - 1);
    retrievals.push_front(retrieval);
    Ok(response)
}

/// `ListRetrievedTraces`. A page's token is the number of traces before it.
pub(super) fn list_retrieved_traces(state: &State, request: &Value) -> Result<Value, AwsError> {
    if request["TraceFormat"] == "OTEL" {
        return Err(invalid("traces are kept as segments here: TraceFormat has to be XRAY"));
    }
    let retrieval = state.retrievals.find(request)?;
    let traces = retrieval.traces(state);
    let first = match request["NextToken"].as_str() {
        None | Some("") => 0,
        Some(token) => {
            let number = token.parse().ok().filter(|number| *number < traces.len());
            number.ok_or_else(|| invalid(format!("Invalid token {token}")))?
        }
    };
    let page = traces.iter().skip(first).take(PAGE);
    let mut response = json!({
        "RetrievalStatus": retrieval.status(),
        "TraceFormat": "XRAY",
        "Traces": page.map(|trace| to_json(trace)).collect::<Vec<_>>(),
    });
    if first + PAGE < traces.len() {
        response["NextToken"] = (first + PAGE).to_string().into();
    }
    Ok(response)
}

fn to_json(trace: &Trace) -> Value {
    let documents = trace.documents().into_iter();
    let spans =
        documents.map(|(id, document)| json!({ "Id": id, "Document": document.to_string() }));
    json!({ "Id": trace.id, "Duration": trace.known_duration(), "Spans": spans.collect::<Vec<_>>() })
}

/// `GetRetrievedTracesGraph`, on one page.
pub(super) fn get_retrieved_traces_graph(
    state: &State,
    request: &Value,
) -> Result<Value, AwsError> {
    super::graphs::refuse_token(request)?;
    let retrieval = state.retrievals.find(request)?;
    let traces = retrieval.traces(state);
    let traces: Vec<_> = traces.iter().map(Arc::as_ref).collect();
    let links = link_edges::links(&traces);
    let mut services = Graph::of(traces.iter().copied()).services();
    link_edges::add_to(&mut services, &links);
    let services = services.as_array().into_iter().flatten();
    let services =
        services.map(|service| json!({ "Service": service, "Links": links_of(service, &links) }));
    let services: Vec<_> = services.collect();
    Ok(json!({ "RetrievalStatus": retrieval.status(), "Services": services }))
}

/// The links of a service as `GraphLink`s: each trace that it took part in, with those that came before.
fn links_of(service: &Value, links: &[link_edges::Link]) -> Vec<Value> {
    let mut destinations: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for link in links.iter().filter(|link| link.to.1.is_shown_as(service)) {
        destinations.entry(&link.to.0).or_default().insert(&link.from.0);
    }
    let shown = destinations.into_iter().map(|(trace, linked)| {
        json!({ "ReferenceType": "parent", "SourceTraceId": trace, "DestinationTraceIds": linked })
    });
    shown.collect()
}

/// `CancelTraceRetrieval`.
pub(super) fn cancel_trace_retrieval(state: &State, request: &Value) -> Result<Value, AwsError> {
    let mut retrievals = state.retrievals.lock();
    let mut known = retrievals.iter_mut();
    let retrieval = known.find(|retrieval| retrieval.token == request["RetrievalToken"]);
    retrieval.ok_or_else(not_found)?.cancelled = true;
    Ok(json!({}))
}

fn not_found() -> AwsError {
    AwsError::not_found("ResourceNotFoundException", "Retrieval job not found")
}

impl Retrievals {
    fn find(&self, request: &Value) -> Result<Retrieval, AwsError> {
        let retrievals = self.lock();
        let mut known = retrievals.iter();
        let found = known.find(|retrieval| retrieval.token == request["RetrievalToken"]);
        found.cloned().ok_or_else(not_found)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Retrieval>> {
        // A panic elsewhere does not make the retrievals wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Retrieval {
    fn status(&self) -> &'static str {
        if self.cancelled { "CANCELLED" } else { "COMPLETE" }
    }

    /// What it found: nothing once it is cancelled.
    fn traces(&self, state: &State) -> Vec<Arc<Trace>> {
        if self.cancelled {
            return Vec::new();
        }
        let traces = self.trace_ids.iter().filter_map(|id| state.store.trace(id));
        let within = |trace: &Arc<Trace>| {
            trace.start() < self.end && trace.start() + trace.duration() >= self.start
        };
        traces.filter(within).collect()
    }
}

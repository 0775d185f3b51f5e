use std::{future, sync::Arc};

use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::task::JoinError;

use super::{filter::Groups, graph::Graph, query, store::Store};
use crate::wire::{AwsApi, AwsError, AwsRequest, Outcome, Permission, Protocol, Response, Route};

/// The operations.
const ROUTES: &[Route] = &[
    ("POST", "/TraceSegments", "PutTraceSegments"),
    ("POST", "/Traces", "BatchGetTraces"),
    ("POST", "/TraceSummaries", "GetTraceSummaries"),
    ("POST", "/ServiceGraph", "GetServiceGraph"),
    ("POST", "/TraceGraph", "GetTraceGraph"),
];
/// The longest time that a graph may cover, in seconds.
const MAX_GRAPH_RANGE: f64 = 6.0 * 3600.0;

/// The X-Ray API.
/// See <https://docs.aws.amazon.com/xray/latest/api/API_Operations.html>.
#[derive(Debug)]
pub(crate) struct XRay(pub(crate) Arc<Store>);

impl AwsApi for XRay {
    fn name(&self) -> &'static str {
        "xray"
    }

    /// Requests that come through a daemon are not signed by those who make them.
    fn protocol(&self) -> Protocol {
        Protocol::RestJson { routes: ROUTES, takes_unsigned: true }
    }

    fn permissions(&self, request: &AwsRequest) -> Vec<Permission> {
        // The path of most operations is their name, so this holds for those too that are missing here.
        let operation = request.operation.rsplit('/').next().unwrap_or_default();
        vec![Permission::new("xray", operation, "*")]
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        if request.operation != "GetTraceSummaries" {
            return Box::pin(future::ready(respond(&self.0, request).map(Response::Json)));
        }
        // Filters may take a while, and nobody else should have to wait.
        let store = Arc::clone(&self.0);
        let body = request.json().cloned();
        Box::pin(async move {
            let body = body.map_err(|error| invalid(error.message))?;
            let answer = move || query::get_trace_summaries(&store, &Groups::default(), &body);
            let answer = tokio::task::spawn_blocking(answer).await;
            answer.map_err(|error| internal(&error))?.map(Response::Json)
        })
    }
}

fn respond(store: &Store, request: &AwsRequest) -> Result<Value, AwsError> {
    let body = request.json().map_err(|error| invalid(error.message))?;
    match request.operation.as_str() {
        "PutTraceSegments" => put_trace_segments(store, body),
        "BatchGetTraces" => query::batch_get_traces(store, body),
        "GetServiceGraph" => get_service_graph(store, body),
        "GetTraceGraph" => get_trace_graph(store, body),
        other => {
            let supported: Vec<_> = ROUTES.iter().map(|(_, _, operation)| *operation).collect();
            Err(AwsError::unknown_operation("X-Ray", other, &supported))
        }
    }
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("InvalidRequestException", message)
}

fn internal(error: &JoinError) -> AwsError {
    AwsError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", error.to_string())
}

fn put_trace_segments(store: &Store, request: &Value) -> Result<Value, AwsError> {
    let documents = request["TraceSegmentDocuments"]
        .as_array()
        .ok_or_else(|| invalid("TraceSegmentDocuments is missing"))?;
    if documents.is_empty() {
        return Err(invalid("Segments can not be empty"));
    }
    let texts: Option<Vec<_>> = documents.iter().map(Value::as_str).collect();
    let texts = texts.ok_or_else(|| invalid("a document is not a text"))?;
    let rejected = store.put_all(texts.into_iter()).into_iter().map(|rejection| {
        json!({ "Id": rejection.id, "ErrorCode": rejection.code, "Message": rejection.answer })
    });
    Ok(json!({ "UnprocessedTraceSegments": rejected.collect::<Vec<_>>() }))
}

fn get_service_graph(store: &Store, request: &Value) -> Result<Value, AwsError> {
    let (start, end) = range(request, MAX_GRAPH_RANGE)?;
    let traces = store.traces();
    let within = traces.iter().filter(|trace| (start..end).contains(&trace.start()));
    let graph = Graph::of(within.map(Arc::as_ref));
    Ok(json!({
        "StartTime": start,
        "EndTime": end,
        "Services": graph.services(),
        "ContainsOldGroupVersions": false,
    }))
}

fn get_trace_graph(store: &Store, request: &Value) -> Result<Value, AwsError> {
    let traces: Vec<_> = trace_ids(request)?.into_iter().filter_map(|id| store.trace(id)).collect();
    Ok(json!({ "Services": Graph::of(traces.iter().map(Arc::as_ref)).services() }))
}

fn trace_ids(request: &Value) -> Result<Vec<&str>, AwsError> {
    let ids = request["TraceIds"].as_array().ok_or_else(|| invalid("TraceIds is missing"))?;
    let text = |id: &'_ Value| id.as_str().is_some();
    if !ids.iter().all(text) {
        return Err(invalid("a trace id is not a text"));
    }
    Ok(ids.iter().filter_map(Value::as_str).collect())
}

fn range(request: &Value, longest: f64) -> Result<(f64, f64), AwsError> {
    let time = |name: &str| {
        request[name].as_f64().ok_or_else(|| invalid(format!("{name} is not a number of seconds")))
    };
    let (start, end) = (time("StartTime")?, time("EndTime")?);
    if start > end {
        return Err(invalid("StartTime is after EndTime"));
    }
    if end - start > longest {
        return Err(invalid(format!("the time range is longer than {} hours", longest / 3600.0)));
    }
    Ok((start, end))
}

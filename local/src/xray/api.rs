use std::{future, sync::Arc};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{filter::Filter, graph::Graph, store::Store, summary::summary, trace::Trace};
use crate::wire::{AwsApi, AwsError, AwsRequest, Outcome, Permission, Protocol, Response, Route};

/// The operations.
const ROUTES: &[Route] = &[
    ("POST", "/TraceSegments", "PutTraceSegments"),
    ("POST", "/Traces", "BatchGetTraces"),
    ("POST", "/TraceSummaries", "GetTraceSummaries"),
    ("POST", "/ServiceGraph", "GetServiceGraph"),
    ("POST", "/TraceGraph", "GetTraceGraph"),
];
/// The most traces that one `BatchGetTraces` answers, as observed on AWS.
const MAX_BATCH: usize = 5;
/// The most traces on one page of `GetTraceSummaries`.
const PAGE: usize = 100;
/// The longest time that a graph and a list of summaries may cover, in seconds.
const MAX_GRAPH_RANGE: f64 = 6.0 * 3600.0;
const MAX_SUMMARY_RANGE: f64 = 24.0 * 3600.0;

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
        Box::pin(future::ready(respond(&self.0, request).map(Response::Json)))
    }
}

fn respond(store: &Store, request: &AwsRequest) -> Result<Value, AwsError> {
    let body = request.json().map_err(|error| invalid(error.message))?;
    match request.operation.as_str() {
        "PutTraceSegments" => put_trace_segments(store, body),
        "BatchGetTraces" => batch_get_traces(store, body),
        "GetTraceSummaries" => get_trace_summaries(store, body),
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

fn put_trace_segments(store: &Store, request: &Value) -> Result<Value, AwsError> {
    let documents = request["TraceSegmentDocuments"]
        .as_array()
        .ok_or_else(|| invalid("TraceSegmentDocuments is missing"))?;
    let mut unprocessed = Vec::new();
    for document in documents {
        let text = document.as_str().ok_or_else(|| invalid("a document is not a text"))?;
        if let Err(rejection) = store.put(text) {
            unprocessed.push(json!({
                "Id": rejection.id,
                "ErrorCode": rejection.code,
                "Message": rejection.message,
            }));
        }
    }
    Ok(json!({ "UnprocessedTraceSegments": unprocessed }))
}

fn batch_get_traces(store: &Store, request: &Value) -> Result<Value, AwsError> {
    let ids = trace_ids(request)?;
    if ids.len() > MAX_BATCH {
        return Err(invalid(format!(
            "{} trace ids are asked for, exceeding maximum query size {MAX_BATCH}",
            ids.len()
        )));
    }
    let (mut traces, mut unprocessed) = (Vec::new(), Vec::new());
    for id in ids {
        match store.trace(id) {
            Some(trace) => traces.push(to_json(&trace)),
            None => unprocessed.push(id),
        }
    }
    Ok(json!({ "Traces": traces, "UnprocessedTraceIds": unprocessed }))
}

fn to_json(trace: &Trace) -> Value {
    let documents = trace.documents().into_iter();
    let segments =
        documents.map(|(id, document)| json!({ "Id": id, "Document": document.to_string() }));
    json!({
        "Id": trace.id,
        "Duration": trace.duration(),
        "LimitExceeded": trace.limit_exceeded,
        "Segments": segments.collect::<Vec<_>>(),
    })
}

fn get_trace_summaries(store: &Store, request: &Value) -> Result<Value, AwsError> {
    let (start, end) = range(request, MAX_SUMMARY_RANGE)?;
    let by_event = match request["TimeRangeType"].as_str() {
        None | Some("TraceId") => false,
        Some("Event" | "Service") => true,
        Some(other) => return Err(invalid(format!("TimeRangeType `{other}` does not exist"))),
    };
    let filter = Filter::parse(request["FilterExpression"].as_str().unwrap_or_default())
        .map_err(|problem| invalid(format!("FilterExpression: {problem}")))?;
    let all = store.traces();
    let within = |trace: &Trace| {
        if by_event {
            trace.start() < end && trace.start() + trace.duration() >= start
        } else {
            (start..end).contains(&trace.start())
        }
    };
    let mut found = all.iter().filter(|trace| within(trace) && filter.matches(trace));
    if let Some(last) = request["NextToken"].as_str() {
        // The page before ended with this trace. Newer ones may have come since; they do not move it.
        found.find(|trace| trace.id == last).ok_or_else(|| invalid("NextToken has expired"))?;
    }
    let mut page: Vec<_> = found.take(PAGE + 1).collect();
    let more = page.len() > PAGE;
    page.truncate(PAGE);
    let mut response = json!({
        "TraceSummaries": page.iter().map(|trace| {
            let mut summary = summary(trace);
            if by_event {
                summary["MatchedEventTime"] = trace.start().max(start).into();
            }
            summary
        }).collect::<Vec<_>>(),
        "ApproximateTime": start,
        "TracesProcessedCount": all.len(),
    });
    if let (true, Some(last)) = (more, page.last()) {
        response["NextToken"] = last.id.clone().into();
    }
    Ok(response)
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

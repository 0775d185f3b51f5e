use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    api::State,
    filter::Filter,
    graphs::{check_length, range, refuse_token, trace_ids},
    invalid,
    summary::summary,
    trace::{Node, Trace},
};
use crate::{trace_header::is_trace_id, wire::AwsError};

/// The most traces that one `BatchGetTraces` answers, as observed on AWS.
const MAX_BATCH: usize = 5;
/// The most traces on one page of `GetTraceSummaries`.
const PAGE: usize = 100;
/// The longest time that a list of summaries may cover, in seconds.
const MAX_RANGE: f64 = 24.0 * 3600.0;
/// How far the time in a trace's id may be from its segments', in seconds: X-Ray keeps a trace for 30 days.
/// The ids of other tracing systems have random digits there.
const MAX_ID_AGE: f64 = 30.0 * 24.0 * 3600.0;

/// `PutTraceSegments`.
pub(super) fn put_trace_segments(state: &State, request: &Value) -> Result<Value, AwsError> {
    let documents = request["TraceSegmentDocuments"].as_array().map_or(&[][..], Vec::as_slice);
    if documents.is_empty() {
        return Err(invalid("Segments can not be empty"));
    }
    let mut unprocessed = Vec::new();
    for text in documents.iter().filter_map(Value::as_str) {
        if let Err(rejection) = state.store.put(text) {
            unprocessed.push(json!({
                "Id": rejection.id,
                "ErrorCode": rejection.code,
                "Message": rejection.message,
            }));
        }
    }
    Ok(json!({ "UnprocessedTraceSegments": unprocessed }))
}

/// `PutTelemetryRecords`: what a daemon says about itself. Nobody can ask for it.
pub(super) fn put_telemetry_records(_state: &State, request: &Value) -> Result<Value, AwsError> {
    match request["TelemetryRecords"].as_array() {
        Some(records) if !records.is_empty() => Ok(json!({})),
        _ => Err(invalid("Telemetry records can not be empty")),
    }
}

/// `BatchGetTraces`. A trace that is not known is left out: `UnprocessedTraceIds` are those to ask for again.
pub(super) fn batch_get_traces(state: &State, request: &Value) -> Result<Value, AwsError> {
    refuse_token(request)?;
    let ids = trace_ids(request);
    if ids.len() > MAX_BATCH {
        return Err(invalid(format!("Exceeding maximum query size: {MAX_BATCH}")));
    }
    if let Some(malformed) = ids.iter().find(|id| !is_trace_id(id)) {
        return Err(invalid(format!("Invalid trace id {malformed}: incorrect id format")));
    }
    let different: BTreeSet<_> = ids.iter().map(|id| id.to_ascii_lowercase()).collect();
    if different.len() < ids.len() {
        return Err(invalid("Containing duplicate trace ids"));
    }
    let traces: Vec<_> = ids.into_iter().filter_map(|id| state.store.trace(id)).collect();
    let traces: Vec<_> = traces.iter().map(|trace| to_json(trace)).collect();
    Ok(json!({ "Traces": traces, "UnprocessedTraceIds": [] }))
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

/// What a time range is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    /// The time in the trace's id.
    TraceId,
    /// The times of segments and subsegments.
    Event,
    /// The times of services: of segments, sent or inferred.
    Service,
}

/// `GetTraceSummaries`.
pub(super) fn get_trace_summaries(state: &State, request: &Value) -> Result<Value, AwsError> {
    let (start, end) = range(request)?;
    check_length(start, end, MAX_RANGE)?;
    let clock = match request["TimeRangeType"].as_str() {
        Some("Event") => Clock::Event,
        Some("Service") => Clock::Service,
        _ => Clock::TraceId,
    };
    let share = sampled_share(request, clock)?;
    let filter = request["FilterExpression"].as_str().unwrap_or_default();
    let filter =
        Filter::parse(filter).map_err(|problem| invalid(format!("FilterExpression: {problem}")))?;
    let all = state.store.traces();
    let mut found = all.iter().filter_map(|trace| {
        let at = clock.first_within(trace, start, end)?;
        (is_sampled(&trace.id, share) && filter.matches(trace)).then_some((trace, at))
    });
    if let Some(token) = request["NextToken"].as_str().filter(|token| !token.is_empty()) {
        // The page before ended with this trace. Newer ones may have come since; they do not move it.
        let last = found.find(|(trace, _)| trace.id == token);
        last.ok_or_else(|| invalid(format!("Invalid token {token}")))?;
    }
    let mut page: Vec<_> = found.take(PAGE + 1).collect();
    let more = page.len() > PAGE;
    page.truncate(PAGE);
    let summaries = page.iter().map(|(trace, at)| {
        let mut summary = summary(trace);
        if clock != Clock::TraceId {
            summary["MatchedEventTime"] = (*at).into();
        }
        summary
    });
    let mut response = json!({
        "TraceSummaries": summaries.collect::<Vec<_>>(),
        "ApproximateTime": start.floor(),
        "TracesProcessedCount": all.len(),
    });
    if let (true, Some((last, _))) = (more, page.last()) {
        response["NextToken"] = last.id.clone().into();
    }
    Ok(response)
}

impl Clock {
    /// When `trace` first is within a range, if it is.
    fn first_within(self, trace: &Arc<Trace>, start: f64, end: f64) -> Option<f64> {
        let within = |at: f64| (start..end).contains(&at).then_some(at);
        let overlap = |node: &Node| {
            let overlaps = node.start < end && node.end.unwrap_or(node.start) >= start;
            overlaps.then_some(node.start.max(start))
        };
        let nodes = trace.nodes.iter();
        match self {
            Self::TraceId => within(id_time(trace)),
            Self::Event => nodes.filter_map(overlap).reduce(f64::min),
            Self::Service => {
                nodes.filter(|node| node.is_segment()).filter_map(overlap).reduce(f64::min)
            }
        }
    }
}

/// The time in the id of `trace`, or that of its first segment where the id has none.
fn id_time(trace: &Trace) -> f64 {
    let time = trace.id.split('-').nth(1).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let time = time.map(f64::from).filter(|time| (time - trace.start()).abs() < MAX_ID_AGE);
    time.unwrap_or(trace.start())
}

/// The share of traces that `Sampling` and `SamplingStrategy` ask for. A partial scan is a whole one here.
fn sampled_share(request: &Value, clock: Clock) -> Result<f64, AwsError> {
    let strategy = &request["SamplingStrategy"];
    if request["Sampling"] != true || strategy["Name"] != "FixedRate" {
        return Ok(1.0);
    }
    let share = strategy["Value"].as_f64().filter(|share| (0.0..=1.0).contains(share));
    let share = share.ok_or_else(|| {
        invalid("sampling rate must be specified and its value must be between [0, 1]")
    })?;
    if clock != Clock::Event {
        let message = "Cannot use FixedRate with input time range type";
        return Err(invalid(format!(
            "{message}: {clock:?}. Please try using time range type: Event"
        )));
    }
    Ok(share)
}

/// Whether a trace belongs to a share, the same one at every time.
fn is_sampled(id: &str, share: f64) -> bool {
    let digits = Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()).as_fields().0;
    f64::from(digits) / f64::from(u32::MAX) < share || share >= 1.0
}

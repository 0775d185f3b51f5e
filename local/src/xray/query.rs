use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    filter::{Filter, Groups, Work},
    invalid,
    outline::Outline,
    snapshot::Found,
    store::Store,
    summary::summary,
    time_range::{Clock, TimeRange},
    trace::Trace,
    trace_id::TraceId,
};
use crate::{trace_header::is_trace_id, wire::AwsError};

/// The most traces that one `BatchGetTraces` answers, as observed on AWS.
const MAX_BATCH: usize = 5;
/// The most traces on one page of `GetTraceSummaries`.
const PAGE: usize = 100;
/// The longest time that summaries may cover, in seconds.
const MAX_RANGE: f64 = 24.0 * 3600.0;

/// `BatchGetTraces`. A trace that does not exist (yet) is in neither list: clients ask again as long as
/// `UnprocessedTraceIds` has any.
pub(super) fn batch_get_traces(store: &Store, request: &Value) -> Result<Value, AwsError> {
    if !request["NextToken"].is_null() {
        return Err(invalid("NextToken is currently not supported"));
    }
    let ids = request["TraceIds"].as_array().ok_or_else(|| missing("traceIds"))?;
    if ids.len() > MAX_BATCH {
        return Err(invalid(format!("Exceeding maximum query size: {MAX_BATCH}")));
    }
    let mut seen = HashSet::new();
    let mut traces = Vec::new();
    for id in ids {
        let text = id.as_str().filter(|id| is_trace_id(id)).ok_or_else(|| {
            let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
            invalid(format!("Invalid trace id {id}: incorrect id format"))
        })?;
        if !seen.insert(text.to_ascii_lowercase()) {
            return Err(invalid("Containing duplicate trace ids"));
        }
        traces.extend(store.trace(text).map(|trace| to_json(&trace)));
    }
    Ok(json!({ "Traces": traces, "UnprocessedTraceIds": [], "NextToken": null }))
}

fn to_json(trace: &Trace) -> Value {
    let documents = trace.documents().into_iter();
    let segments =
        documents.map(|(id, document)| json!({ "Id": id, "Document": document.to_string() }));
    json!({
        "Id": trace.id,
        "Duration": trace.known_duration(),
        "LimitExceeded": trace.limit_exceeded,
        "Segments": segments.collect::<Vec<_>>(),
    })
}

/// What `GetTraceSummaries` asks for.
struct Query {
    range: TimeRange,
    /// The share of traces that is answered.
    rate: f64,
    filter: Filter,
    /// The trace that the page before ended with.
    after: Option<String>,
}

/// `GetTraceSummaries`. Filters can be costly, so this is no work for an async worker.
pub(super) fn get_trace_summaries(
    store: &Store,
    groups: &Groups,
    request: &Value,
) -> Result<Value, AwsError> {
    let query = Query::read(request, groups)?;
    let all = store.all();
    let mut within = all.iter().filter(|trace| query.covers(&trace.outline));
    if let Some(last) = &query.after {
        // Traces may have come since the page before; they do not move it.
        let token = || invalid(format!("Invalid token {last}"));
        let last = TraceId::parse(last).ok_or_else(token)?;
        within.find(|trace| trace.outline.id == last).ok_or_else(token)?;
    }
    let (mut work, mut processed) = (Work::default(), 0);
    let mut page: Vec<&Found> = Vec::new();
    for trace in within {
        processed += 1;
        if query.filter.finds(trace, &mut work) {
            page.push(trace);
        }
        if page.len() > PAGE {
            break;
        }
    }
    if work.is_exceeded() {
        return Err(invalid(
            "the filter expression needs too much work for so many traces; hint: use a shorter expression or \
             time range",
        ));
    }
    let more = page.len() > PAGE;
    page.truncate(PAGE);
    Ok(json!({
        "TraceSummaries": page.iter().map(|found| query.summary(found)).collect::<Vec<_>>(),
        "ApproximateTime": query.range.start.floor(),
        "TracesProcessedCount": processed,
        "NextToken": page.last().filter(|_| more).map(|trace| trace.outline.id()),
    }))
}

impl Query {
    fn read(request: &Value, groups: &Groups) -> Result<Self, AwsError> {
        let time = |name: &str, path: &str| request[name].as_f64().ok_or_else(|| missing(path));
        let (start, end) = (time("StartTime", "startTime")?, time("EndTime", "endTime")?);
        if start > end {
            return Err(invalid("End time cannot be earlier than start time"));
        }
        if end - start > MAX_RANGE {
            let hours = MAX_RANGE / 3600.0;
            return Err(invalid(format!("the time range is longer than {hours} hours")));
        }
        let kind = request["TimeRangeType"].as_str();
        let clock = Clock::parse(kind).map_err(|problem| validation(&problem))?;
        let filter = request["FilterExpression"].as_str().unwrap_or_default();
        Ok(Self {
            range: TimeRange { start, end, clock },
            rate: rate(request, clock)?,
            filter: Filter::parse(filter, groups)
                .map_err(|problem| invalid(problem.to_string()))?,
            after: request["NextToken"].as_str().map(str::to_owned),
        })
    }

    fn covers(&self, trace: &Outline) -> bool {
        self.range.has(trace) && (self.rate >= 1.0 || fraction(&trace.id()) < self.rate)
    }

    fn summary(&self, found: &Found) -> Value {
        let mut shown = summary(&found.trace());
        shown["MatchedEventTime"] = self.range.matched(&found.outline).into();
        shown
    }
}

/// `SamplingStrategy` counts only with `Sampling`. A `PartialScan` covers all traces that are kept here.
fn rate(request: &Value, clock: Clock) -> Result<f64, AwsError> {
    let strategy = &request["SamplingStrategy"];
    if request["Sampling"] != true || strategy["Name"] != "FixedRate" {
        return Ok(1.0);
    }
    let rate = strategy["Value"].as_f64().filter(|rate| (0.0..=1.0).contains(rate));
    let rate = rate.ok_or_else(|| {
        invalid("sampling rate must be specified and its value must be between [0, 1]")
    })?;
    if clock == Clock::Event {
        Ok(rate)
    } else {
        Err(invalid(
            "Cannot use FixedRate with this time range type. Please try using time range type: Event",
        ))
    }
}

/// The random part of a trace id as a number from 0 to 1.
fn fraction(id: &str) -> f64 {
    let digits = id.get(id.len().saturating_sub(8)..).unwrap_or_default();
    f64::from(u32::from_str_radix(digits, 16).unwrap_or_default()) / f64::from(u32::MAX)
}

fn missing(path: &str) -> AwsError {
    validation(&format!(
        "Value null at '{path}' failed to satisfy constraint: Member must not be null"
    ))
}

fn validation(problem: &str) -> AwsError {
    AwsError::bad_request("ValidationException", format!("1 validation error detected: {problem}"))
}

#[cfg(test)]
mod tests;

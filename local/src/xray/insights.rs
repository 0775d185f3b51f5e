use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    api::State, graph::Graph, graphs::range, groups::Group, invalid, outline::Outline,
    sample::Sample, service_id::ServiceId, snapshot::Window, statistics::Outcome,
};
use crate::{
    clock,
    wire::{AwsError, Page},
};

/// How many faults of one service make an insight. X-Ray compares with what is usual instead, which takes more
/// requests than one machine sees.
const FAULTS: usize = 3;
/// After so many seconds without a fault an insight is closed.
const QUIET: f64 = 600.0;
/// The most insights and the most events on one page, from the API's model.
const MAX_SUMMARIES: usize = 100;
const MAX_EVENTS: usize = 50;
/// The length of what one event is about, in seconds.
const EVENT: f64 = 60.0;

/// Faults of one service that belong together: of one group, with no long pause between them.
struct Insight {
    id: String,
    group: Group,
    /// Where the faults began.
    cause: ServiceId,
    /// The traces of the group from the first fault to the last.
    traces: Vec<Arc<Outline>>,
    start: f64,
    end: f64,
    active: bool,
}

/// `GetInsightSummaries`.
pub(super) fn get_insight_summaries(state: &State, request: &Value) -> Result<Value, AwsError> {
    let (start, end) = range(request)?;
    if request["GroupName"].is_null() && request["GroupARN"].is_null() {
        return Err(invalid("Provide either GroupName or GroupARN"));
    }
    let group = state.groups.of(request)?;
    let states: Vec<_> = request["States"].as_array().into_iter().flatten().collect();
    let insights = find(state, &group)?.into_iter().filter(|insight| {
        let of_state = states.is_empty() || states.iter().any(|state| **state == insight.state());
        of_state && insight.start < end && insight.end >= start
    });
    let summaries = insights.map(|insight| {
        let mut summary = insight.to_json();
        summary["LastUpdateTime"] = insight.end.into();
        summary
    });
    page("InsightSummaries", summaries.collect(), request, MAX_SUMMARIES)
}

/// `GetInsight`.
pub(super) fn get_insight(state: &State, request: &Value) -> Result<Value, AwsError> {
    Ok(json!({ "Insight": find_one(state, request)?.to_json() }))
}

/// `GetInsightEvents`: one for each minute with a fault.
pub(super) fn get_insight_events(state: &State, request: &Value) -> Result<Value, AwsError> {
    let insight = find_one(state, request)?;
    let mut minutes: BTreeMap<u64, Vec<Arc<Outline>>> = BTreeMap::new();
    for trace in &insight.traces {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and the difference is positive"
        )]
        let minute = ((trace.start - insight.start) / EVENT) as u64;
        minutes.entry(minute).or_default().push(Arc::clone(trace));
    }
    let with_faults = minutes.into_values().filter_map(|traces| {
        let last = traces.iter().filter_map(|trace| trace.fault.as_ref()).map(|(_, at)| *at);
        let at = last.reduce(f64::max)?;
        let mut event = impact(&insight.cause, &traces);
        event.insert("EventTime".to_owned(), at.into());
        event.insert("Summary".to_owned(), insight.sentence(&traces).into());
        Some(Value::Object(event))
    });
    page("InsightEvents", with_faults.collect(), request, MAX_EVENTS)
}

/// `GetInsightImpactGraph`: who is affected.
pub(super) fn get_insight_impact_graph(state: &State, request: &Value) -> Result<Value, AwsError> {
    super::graphs::refuse_token(request)?;
    let (start, end) = range(request)?;
    let insight = find_one(state, request)?;
    let within = |trace: &&Arc<Outline>| trace.start < end && trace.start >= start;
    let within = insight.traces.iter().filter(within).map(Arc::as_ref);
    let graph = Graph::of_outlines(within).services();
    let services = graph.as_array().into_iter().flatten().map(|service| {
        let edges = service["Edges"].as_array().into_iter().flatten();
        let edges: Vec<_> =
            edges.map(|edge| json!({ "ReferenceId": edge["ReferenceId"] })).collect();
        let mut shown = json!({ "Edges": edges });
        for name in ["ReferenceId", "Type", "Name", "Names", "AccountId"] {
            if !service[name].is_null() {
                shown[name] = service[name].clone();
            }
        }
        shown
    });
    Ok(json!({
        "InsightId": insight.id,
        "StartTime": start,
        "EndTime": end,
        "ServiceGraphStartTime": insight.start,
        "ServiceGraphEndTime": insight.end,
        "Services": services.collect::<Vec<_>>(),
    }))
}

fn find_one(state: &State, request: &Value) -> Result<Insight, AwsError> {
    for group in state.groups.all() {
        let insights = find(state, &group)?.into_iter();
        if let Some(found) = { insights }.find(|insight| insight.id == request["InsightId"]) {
            return Ok(found);
        }
    }
    Err(invalid("Insight not found"))
}

/// The insights of a group, newest first; none unless they are enabled. They are found anew each time.
fn find(state: &State, group: &Group) -> Result<Vec<Insight>, AwsError> {
    if !group.insights {
        return Ok(Vec::new());
    }
    let (snapshot, window) = (state.store.all(), Window::default());
    let found = state.traces_of(group, &snapshot, &window)?.traces;
    let mut traces: Vec<_> = found.iter().map(|trace| &trace.outline).collect();
    traces.sort_by(|a, b| a.start.total_cmp(&b.start));
    let mut faults: BTreeMap<ServiceId, Vec<f64>> = BTreeMap::new();
    for (cause, at) in traces.iter().filter_map(|trace| trace.fault.as_ref()) {
        faults.entry(cause.id.clone()).or_default().push(*at);
    }
    let mut insights = Vec::new();
    for (cause, mut times) in faults {
        times.sort_by(f64::total_cmp);
        for run in times.chunk_by(|a, b| b - a <= QUIET).filter(|run| run.len() >= FAULTS) {
            let (start, end) = (run[0], run[run.len() - 1]);
            let affected = traces
                .iter()
                .filter(|trace| trace.start <= end && trace.start + trace.duration >= start);
            let name = format!("{} {cause:?} {start}", group.arn);
            insights.push(Insight {
                id: Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string(),
                group: group.clone(),
                cause: cause.clone(),
                traces: affected.map(|trace| Arc::clone(trace)).collect(),
                start,
                end,
                active: clock::seconds() - end <= QUIET,
            });
        }
    }
    insights.sort_by(|a, b| b.start.total_cmp(&a.start));
    Ok(insights)
}

impl Insight {
    fn state(&self) -> &'static str {
        if self.active { "ACTIVE" } else { "CLOSED" }
    }

    fn to_json(&self) -> Value {
        let mut shown = impact(&self.cause, &self.traces);
        for (name, value) in [
            ("InsightId", json!(self.id)),
            ("GroupARN", json!(self.group.arn)),
            ("GroupName", json!(self.group.name)),
            ("RootCauseServiceId", self.cause.to_json()),
            ("Categories", json!(["FAULT"])),
            ("State", json!(self.state())),
            ("StartTime", json!(self.start)),
            ("Summary", json!(self.sentence(&self.traces))),
        ] {
            shown.insert(name.to_owned(), value);
        }
        if !self.active {
            shown.insert("EndTime".to_owned(), self.end.into());
        }
        Value::Object(shown)
    }

    fn sentence(&self, traces: &[Arc<Outline>]) -> String {
        let faults = traces.iter().filter_map(|trace| trace.fault.as_ref());
        let faults = faults.filter(|(cause, _)| cause.id == self.cause).count();
        let kind = self.cause.kind.as_deref().unwrap_or("no type");
        format!("{faults} of {} requests failed at {} ({kind})", traces.len(), self.cause.name)
    }
}

/// What clients and the service where the faults began saw of `traces`.
fn impact(cause: &ServiceId, traces: &[Arc<Outline>]) -> Map<String, Value> {
    let roots = traces.iter().filter_map(|trace| trace.root.as_ref()).map(|root| &root.segment);
    let parts = traces.iter().flat_map(|trace| &trace.topology.services);
    let of_cause = parts.filter(|part| part.service.id == *cause).map(|part| &part.segment);
    let mut shown = Map::new();
    shown.insert("ClientRequestImpactStatistics".to_owned(), counts(roots));
    shown.insert("RootCauseServiceRequestImpactStatistics".to_owned(), counts(of_cause));
    let anomalous = json!([{ "ServiceId": cause.to_json() }]);
    shown.insert("TopAnomalousServices".to_owned(), anomalous);
    shown
}

fn counts<'a>(samples: impl Iterator<Item = &'a Sample>) -> Value {
    let (mut ok, mut faults, mut total) = (0, 0, 0);
    for sample in samples.filter(|sample| sample.end.is_some()) {
        total += 1;
        match Outcome::of(sample) {
            Outcome::Ok => ok += 1,
            Outcome::Fault => faults += 1,
            Outcome::Throttled | Outcome::Error => {}
        }
    }
    json!({ "FaultCount": faults, "OkCount": ok, "TotalCount": total })
}

/// One page of `items`.
fn page(name: &str, items: Vec<Value>, request: &Value, longest: usize) -> Result<Value, AwsError> {
    let size = request["MaxResults"].as_u64().and_then(|size| usize::try_from(size).ok());
    let token = request["NextToken"].as_str();
    let page = Page::of(items, size.unwrap_or(longest), token);
    let page = page.map_err(|_| invalid(format!("Invalid token {}", token.unwrap_or_default())))?;
    let mut response = Map::new();
    response.insert(name.to_owned(), page.items.into());
    if let Some(next) = page.next {
        response.insert("NextToken".to_owned(), next.into());
    }
    Ok(Value::Object(response))
}

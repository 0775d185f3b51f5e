use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    api::State, graphs::range, invalid, outline::Outline, sample::Sample, selector::Selector,
    snapshot::Window, statistics::Statistics,
};
use crate::wire::AwsError;

/// The length of a period unless the request says otherwise, in seconds.
const MINUTE: u64 = 60;
/// The lengths that a request may ask for.
const PERIODS: [u64; 2] = [MINUTE, 300];

/// `GetTimeSeriesServiceStatistics`: the statistics of a service or of the calls between two, period by
/// period, newest first. Without a selector it is about the requests of clients.
///
/// As observed, a minute counts when its end is in the range that is asked for, and what happened in a minute
/// is decided by the end of a segment.
pub(super) fn get_time_series_service_statistics(
    state: &State,
    request: &Value,
) -> Result<Value, AwsError> {
    let (start, end) = range(request)?;
    let period = request["Period"].as_u64().unwrap_or(MINUTE);
    if !PERIODS.contains(&period) {
        return Err(invalid("Time period must be one of [60, 300]"));
    }
    if let Some(token) = request["NextToken"].as_str().filter(|token| !token.is_empty()) {
        return Err(invalid(format!("Invalid token {token}")));
    }
    let group = state.groups.of(request)?;
    let selector = request["EntitySelectorExpression"].as_str().map(Selector::parse).transpose();
    let selector = selector.map_err(invalid)?;
    let forecasts = request["ForecastStatistics"] == true;
    if forecasts && selector.is_none() {
        return Err(invalid("ForecastStatistics needs an EntitySelectorExpression"));
    }
    let (snapshot, window) = (state.store.all(), Window::default());
    let traces = state.traces_of(&group, &snapshot, &window)?;
    let periods =
        periods(traces.outlines(), selector.as_ref(), (start.floor(), end.floor()), period);
    let kind = match selector {
        Some(Selector::Service(_)) => "ServiceSummaryStatistics",
        _ => "EdgeSummaryStatistics",
    };
    let forecast = if forecasts { forecast(&periods) } else { json!({}) };
    let shown = periods.iter().rev().map(|(timestamp, statistics)| {
        let mut shown = json!({ "Timestamp": timestamp, "ServiceForecastStatistics": forecast });
        if statistics.total() > 0 {
            shown[kind] = statistics.summary();
            shown["ResponseTimeHistogram"] = statistics.histogram();
        }
        shown
    });
    Ok(json!({
        "TimeSeriesServiceStatistics": shown.collect::<Vec<_>>(),
        "ContainsOldGroupVersions": false,
    }))
}

/// The statistics of what is selected, by the ends of the periods in which something happened at all.
fn periods<'a>(
    traces: impl Iterator<Item = &'a Outline>,
    selector: Option<&Selector>,
    (start, end): (f64, f64),
    period: u64,
) -> BTreeMap<u64, Statistics> {
    let mut periods: BTreeMap<u64, Statistics> = BTreeMap::new();
    let mut add = |sample: &Sample, selected: bool| {
        let Some(ended) = sample.end else { return };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and so does the sum"
        )]
        let minute = (ended as u64 / MINUTE).saturating_add(1).saturating_mul(MINUTE);
        #[expect(clippy::cast_precision_loss, reason = "a time has no more digits")]
        let at = minute as f64;
        if (start..end).contains(&at) {
            let statistics = periods.entry(minute.div_ceil(period) * period).or_default();
            if selected {
                statistics.add(sample);
            }
        }
    };
    for trace in traces {
        for part in &trace.topology.services {
            let selected = matches!(selector, Some(Selector::Service(pattern)) if pattern.matches(&part.service.id));
            add(&part.segment, selected);
        }
        for call in &trace.topology.calls {
            let selected = match selector {
                None => call.by_client,
                // Clients have no segments of their own: theirs are the callee's, which count once.
                Some(Selector::Service(pattern)) => {
                    call.by_client
                        && pattern.matches(&call.source.id)
                        && !pattern.matches(&call.target.id)
                }
                Some(Selector::Edge(source, target)) => {
                    source.matches(&call.source.id) && target.matches(&call.target.id)
                }
            };
            add(&call.side, selected);
        }
    }
    periods
}

/// How many faults are to be expected in a period: the mean of all of them, plus and minus two standard
/// deviations. X-Ray does not document its own model.
fn forecast(periods: &BTreeMap<u64, Statistics>) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "there are not that many faults")]
    let faults: Vec<f64> = periods.values().map(|statistics| statistics.fault as f64).collect();
    if faults.is_empty() {
        return json!({});
    }
    #[expect(clippy::cast_precision_loss, reason = "there are not that many periods")]
    let count = faults.len() as f64;
    let mean = faults.iter().sum::<f64>() / count;
    let variance = faults.iter().map(|fault| (fault - mean).powi(2)).sum::<f64>() / count;
    let (low, high) = (mean - 2.0 * variance.sqrt(), mean + 2.0 * variance.sqrt());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "both are positive"
    )]
    let (low, high) = (low.max(0.0).floor() as u64, high.ceil() as u64);
    json!({ "FaultCountLow": low, "FaultCountHigh": high })
}

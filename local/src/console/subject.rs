use std::{collections::HashMap, ops::Range};

use serde_json::{Value, json};

use super::{Console, query::Query};
use crate::xray::{Matches, Subject};

/// How many bars the histogram has.
const BARS: usize = 24;
/// How many causes are shown.
const CAUSES: usize = 20;
/// The percentiles that are shown, in percent.
const PERCENTILES: [usize; 5] = [50, 90, 95, 99, 100];

/// How often something failed for one cause, and the newest trace in which it did.
struct Cause {
    count: usize,
    status: &'static str,
    trace: String,
}

impl Console {
    /// How a node or an edge of the map answered: counts, rate, latency, causes of failures.
    pub(super) fn subject(&self, query: &Query, subject: &Subject) -> Value {
        self.search(query, |found, _wrong| statistics(subject, found, &query.known_range()))
    }
}

fn statistics(subject: &Subject, found: &Matches<'_>, range: &Range<f64>) -> Value {
    let (mut times, mut causes) = (Vec::new(), HashMap::<&str, Cause>::new());
    let mut counts = HashMap::<&str, usize>::new();
    let mut first = f64::INFINITY;
    for outline in found.outlines() {
        let samples = subject.samples(outline).into_iter();
        for sample in samples.filter(|sample| sample.end.is_some()) {
            times.push(sample.duration());
            first = first.min(sample.start);
            let Some((status, cause)) = sample.failure() else {
                *counts.entry("ok").or_default() += 1;
                continue;
            };
            *counts.entry(status).or_default() += 1;
            let new = || Cause { count: 0, status, trace: outline.id() };
            causes.entry(cause).or_insert_with(new).count += 1;
        }
    }
    times.sort_by(f64::total_cmp);
    let count = |status| counts.get(status).copied().unwrap_or_default();
    json!({
        "count": times.len(),
        "ok": count("ok"),
        "error": count("error"),
        "throttle": count("throttle"),
        "fault": count("fault"),
        "seconds": observed(range, first),
        "percentiles": percentiles(&times),
        "histogram": histogram(&times),
        "causes": most_frequent(causes),
    })
}

/// How long calls were counted: the whole range, or since the first call if that is shorter. Less than a minute says nothing of
/// a rate.
fn observed(range: &Range<f64>, first: f64) -> f64 {
    const LEAST: f64 = 60.0;
    let whole = range.end - range.start;
    (range.end - first).clamp(LEAST.min(whole), whole)
}

fn most_frequent(causes: HashMap<&str, Cause>) -> Vec<Value> {
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by(|(a, x), (b, y)| y.count.cmp(&x.count).then_with(|| a.cmp(b)));
    let shown = causes.into_iter().take(CAUSES).map(|(text, Cause { count, status, trace })| {
        json!({ "cause": text, "count": count, "status": status, "trace": trace })
    });
    shown.collect()
}

/// The times that so many percent of all stay within.
fn percentiles(sorted: &[f64]) -> Vec<Value> {
    let nearest = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).max(1) - 1);
    let shown = PERCENTILES.into_iter().filter_map(|percent| Some((percent, nearest(percent)?)));
    shown.map(|(percent, time)| json!({ "percent": percent, "time": time })).collect()
}

/// Bars of equal width on a logarithmic scale: latencies of a service spread over magnitudes.
fn histogram(sorted: &[f64]) -> Vec<Value> {
    const SHORTEST: f64 = 1e-6;
    let (Some(shortest), Some(longest)) = (sorted.first(), sorted.last()) else {
        return Vec::new();
    };
    let (least, most) = (shortest.max(SHORTEST).ln(), longest.max(SHORTEST).ln());
    #[expect(clippy::cast_precision_loss, reason = "there are few bars")]
    let edge = |bar: usize| (least + (most - least) * bar as f64 / BARS as f64).exp();
    let mut rest = sorted;
    let bars = (0..BARS).map(|bar| {
        let end = if bar + 1 == BARS { f64::INFINITY } else { edge(bar + 1) };
        let (within, after) = rest.split_at(rest.partition_point(|time| time.max(SHORTEST) < end));
        rest = after;
        json!({ "from": edge(bar), "to": edge(bar + 1), "count": within.len() })
    });
    bars.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_one_over_the_range_or_since_the_first_call() {
        for (range, first, expected) in [
            (1000.0..4600.0, 1200.0, 3400.0),
            (1000.0..4600.0, 900.0, 3600.0),
            (1000.0..4600.0, 4590.0, 60.0),
            (1000.0..4600.0, 4700.0, 60.0),
            (1000.0..1030.0, 1010.0, 30.0),
            (1000.0..1000.0, f64::INFINITY, 0.0),
        ] {
            let found = observed(&range, first);
            assert!((found - expected).abs() < 1e-9, "{range:?} {first}: {found}");
        }
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<f64> = (1..=200).map(f64::from).collect();
        let found: Vec<_> = percentiles(&times).iter().map(|each| each["time"].clone()).collect();
        assert_eq!(found, [100.0, 180.0, 190.0, 198.0, 200.0]);
        assert_eq!(percentiles(&[7.0]).len(), PERCENTILES.len());
        assert!(percentiles(&[]).is_empty());
    }

    #[test]
    fn every_time_is_in_one_bar() {
        for times in [vec![], vec![0.0], vec![0.5, 0.5], vec![0.0, 0.001, 0.002, 5.0, 5.0]] {
            let bars = histogram(&times);
            let count: u64 = bars.iter().filter_map(|bar| bar["count"].as_u64()).sum();
            assert_eq!(usize::try_from(count), Ok(times.len()), "{bars:?}");
        }
    }
}

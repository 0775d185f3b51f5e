use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::sample::Sample;

/// The most bars of a histogram. X-Ray bounds them too, in a way that it does not document.
const MAX_BARS: usize = 100;

/// How a request ended. Of several flags the first of these counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Fault,
    Throttled,
    Error,
    Ok,
}

impl Outcome {
    /// By the flags of a segment or call, or by the status of its response.
    pub(super) fn of(sample: &Sample) -> Self {
        let flags = sample.flags();
        if flags.is_fault() {
            Self::Fault
        } else if flags.is_throttle() {
            Self::Throttled
        } else if flags.is_error() {
            Self::Error
        } else {
            Self::Ok
        }
    }
}

/// How often, how well and how fast a service or a call was answered.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    pub(super) ok: u64,
    throttled: u64,
    other_error: u64,
    pub(super) fault: u64,
    total_time: f64,
    times: Histogram,
}

impl Statistics {
    /// Counts a segment or call; one in progress counts when it is complete.
    pub(super) fn add(&mut self, sample: &Sample) {
        if sample.end.is_none() {
            return;
        }
        match Outcome::of(sample) {
            Outcome::Fault => self.fault += 1,
            Outcome::Throttled => self.throttled += 1,
            Outcome::Error => self.other_error += 1,
            Outcome::Ok => self.ok += 1,
        }
        self.total_time += sample.duration();
        self.times.add(sample.duration());
    }

    /// How many were counted.
    pub(super) fn total(&self) -> u64 {
        self.ok + self.throttled + self.other_error + self.fault
    }

    /// `SummaryStatistics`.
    pub(super) fn summary(&self) -> Value {
        json!({
            "OkCount": self.ok,
            "ErrorStatistics": {
                "ThrottleCount": self.throttled,
                "OtherCount": self.other_error,
                "TotalCount": self.throttled + self.other_error,
            },
            "FaultStatistics": { "OtherCount": self.fault, "TotalCount": self.fault },
            "TotalCount": self.total(),
            "TotalResponseTime": milliseconds(self.total_time),
        })
    }

    /// `ResponseTimeHistogram`.
    pub(super) fn histogram(&self) -> Value {
        self.times.to_json()
    }
}

/// How often each time occurred, in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Histogram(BTreeMap<u64, u64>);

impl Histogram {
    /// Counts a time in seconds.
    pub(super) fn add(&mut self, seconds: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and times are never negative"
        )]
        let millis = (seconds * 1000.0).round() as u64;
        *self.0.entry(millis).or_default() += 1;
    }

    /// The bars. Beyond [`MAX_BARS`] times, neighbours share a bar, which stands at their mean: each bar
    /// then has about the same number of requests.
    pub(super) fn to_json(&self) -> Value {
        let total: u64 = self.0.values().sum();
        let merges = self.0.len() > MAX_BARS;
        let mut bars: Vec<(f64, u64)> = Vec::new();
        let (mut before, mut last) = (0u64, None);
        for (millis, count) in &self.0 {
            #[expect(clippy::cast_precision_loss, reason = "no time is that long")]
            let sum = *millis as f64 * *count as f64;
            let place = before * MAX_BARS as u64 / total;
            before += count;
            match bars.last_mut().filter(|_| merges && last == Some(place)) {
                Some(bar) => *bar = (bar.0 + sum, bar.1 + count),
                None => bars.push((sum, *count)),
            }
            last = Some(place);
        }
        let bar = |(sum, count): (f64, u64)| {
            #[expect(clippy::cast_precision_loss, reason = "there are not that many requests")]
            let mean = sum / count as f64;
            json!({ "Value": milliseconds(mean / 1000.0), "Count": count })
        };
        bars.into_iter().map(bar).collect()
    }
}

/// Seconds, rounded to milliseconds as X-Ray answers them.
pub(super) fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_counted_to_the_millisecond() {
        let mut histogram = Histogram::default();
        for seconds in [0.0014, 0.001, 0.25, 0.2501] {
            histogram.add(seconds);
        }
        let expected = json!([{ "Value": 0.001, "Count": 2 }, { "Value": 0.25, "Count": 2 }]);
        assert_eq!(histogram.to_json(), expected);
        assert_eq!(Histogram::default().to_json(), json!([]));
    }

    proptest! {
        #[test]
        fn a_histogram_is_bounded_and_loses_no_request(
            times in proptest::collection::vec(0u32..100_000, 0..2_000),
        ) {
            let mut histogram = Histogram::default();
            for millis in &times {
                histogram.add(f64::from(*millis) / 1000.0);
            }
            let bars = histogram.to_json();
            let bars = bars.as_array().unwrap();
            prop_assert!(bars.len() <= MAX_BARS);
            let counted: u64 = bars.iter().filter_map(|bar| bar["Count"].as_u64()).sum();
            prop_assert_eq!(counted, times.len() as u64);
            let values: Vec<_> = bars.iter().filter_map(|bar| bar["Value"].as_f64()).collect();
            prop_assert!(values.is_sorted());
        }
    }
}

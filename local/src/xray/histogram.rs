use serde_json::{Value, json};

use super::statistics::milliseconds;

/// The most bars of a histogram in an answer. X-Ray bounds them too, in a way that it does not document.
const MAX_BARS: usize = 100;
/// How many times wait, at least, before they are put in order.
const FEW: usize = 256;

/// How often each time occurred, in milliseconds.
///
/// A graph counts a million times, so counting one costs no search: times wait until there are as many of them as bars,
/// and are then sorted in.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    /// Times with how often they occurred, the shortest first.
    bars: Vec<(u64, u64)>,
    /// Times that are not in `bars` yet.
    waiting: Vec<u64>,
}

impl Histogram {
    /// Counts a time in seconds.
    pub(super) fn add(&mut self, seconds: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and times are never negative"
        )]
        let millis = (seconds * 1000.0).round() as u64;
        self.waiting.push(millis);
        if self.waiting.len() >= FEW.max(self.bars.len()) {
            self.sort();
        }
    }

    /// Counts what another one counted, which is sorted.
    pub(super) fn merge(&mut self, other: &Self) {
        self.sort();
        debug_assert!(other.waiting.is_empty(), "it is merged before it is sorted");
        self.bars = merged(&self.bars, &other.bars);
    }

    /// Puts everything in order, and gives back the memory that this took.
    pub(super) fn finish(&mut self) {
        self.sort();
        self.waiting = Vec::new();
        self.bars.shrink_to_fit();
    }

    fn sort(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        self.waiting.sort_unstable();
        let came = self.waiting.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64));
        let came: Vec<_> = came.collect();
        self.waiting.clear();
        self.bars = merged(&self.bars, &came);
    }

    /// The bars of an answer. Beyond [`MAX_BARS`] times, neighbours share a bar, which stands at their mean: each bar
    /// then has about the same number of requests.
    pub(super) fn to_json(&self) -> Value {
        let mut sorted = self.clone();
        sorted.sort();
        let total: u64 = sorted.bars.iter().map(|(_, count)| count).sum();
        let merges = sorted.bars.len() > MAX_BARS;
        let mut bars: Vec<(f64, u64)> = Vec::new();
        let (mut before, mut last) = (0u64, None);
        for (millis, count) in sorted.bars {
            #[expect(clippy::cast_precision_loss, reason = "no time is that long")]
            let sum = millis as f64 * count as f64;
            let place = before * MAX_BARS as u64 / total;
            before += count;
            match bars.last_mut().filter(|_| merges && last == Some(place)) {
                Some(bar) => *bar = (bar.0 + sum, bar.1 + count),
                None => bars.push((sum, count)),
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

/// The bars of two histograms, those of the same time put together.
fn merged(one: &[(u64, u64)], other: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut all: Vec<(u64, u64)> = Vec::with_capacity(one.len().max(other.len()));
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    loop {
        let next = match (one.peek(), other.peek()) {
            (Some((left, _)), Some((right, _))) if right < left => other.next(),
            (Some(_), _) => one.next(),
            (None, _) => other.next(),
        };
        let Some((time, count)) = next else { return all };
        match all.last_mut().filter(|(last, _)| last == time) {
            Some((_, sum)) => *sum += count,
            None => all.push((*time, *count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(times: &[u32]) -> Histogram {
        let mut histogram = Histogram::default();
        for millis in times {
            histogram.add(f64::from(*millis) / 1000.0);
        }
        histogram
    }

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
            let bars = of(&times).to_json();
            let bars = bars.as_array().unwrap();
            prop_assert!(bars.len() <= MAX_BARS);
            let counted: u64 = bars.iter().filter_map(|bar| bar["Count"].as_u64()).sum();
            prop_assert_eq!(counted, times.len() as u64);
            let values: Vec<_> = bars.iter().filter_map(|bar| bar["Value"].as_f64()).collect();
            prop_assert!(values.is_sorted());
        }

        #[test]
        fn parts_that_are_merged_are_the_whole(
            one in proptest::collection::vec(0u32..300, 0..600),
            other in proptest::collection::vec(0u32..300, 0..600),
        ) {
            let (mut merged, mut part) = (of(&one), of(&other));
            part.finish();
            merged.merge(&part);
            prop_assert_eq!(merged.to_json(), of(&[one, other].concat()).to_json());
        }
    }
}

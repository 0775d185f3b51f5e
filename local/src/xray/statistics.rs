use serde_json::{Value, json};

use super::{histogram::Histogram, sample::Sample};

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

    /// Counts what another one counted, which is finished.
    pub(super) fn merge(&mut self, other: &Self) {
        self.ok += other.ok;
        self.throttled += other.throttled;
        self.other_error += other.other_error;
        self.fault += other.fault;
        self.total_time += other.total_time;
        self.times.merge(&other.times);
    }

    /// Nothing else will be counted.
    pub(super) fn finish(&mut self) {
        self.times.finish();
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

/// Seconds, rounded to milliseconds as X-Ray answers them.
pub(super) fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

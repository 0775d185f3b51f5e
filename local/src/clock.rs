use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};

/// When something began and when it ended, in seconds since the epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// Its begin.
    pub(crate) start: f64,
    /// Its end.
    pub(crate) end: f64,
}

impl Span {
    /// From `start` until now.
    pub(crate) fn since(start: f64) -> Self {
        Self { start, end: seconds() }
    }

    /// In seconds.
    pub(crate) fn duration(self) -> f64 {
        self.end - self.start
    }
}

/// Seconds since the epoch, as X-Ray counts them.
pub fn seconds() -> f64 {
    since_epoch().as_secs_f64()
}

/// Milliseconds since the epoch, as Lambda counts them.
pub fn millis() -> u64 {
    u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX)
}

/// The current date and time.
pub(crate) fn date_time() -> DateTime<Utc> {
    at(seconds())
}

/// The current date and time as RFC 3339, to the millisecond.
pub(crate) fn rfc3339() -> String {
    date_time().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Milliseconds since the epoch of an RFC 3339 time; 0 for what is none.
pub(crate) fn parse_millis(time: &str) -> i64 {
    DateTime::parse_from_rfc3339(time).map_or(0, |time| time.timestamp_millis())
}

/// The date and time `seconds` after the epoch.
pub(crate) fn at(seconds: f64) -> DateTime<Utc> {
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and so does the date")]
    let millis = (seconds * 1000.0) as i64;
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
fn since_epoch() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

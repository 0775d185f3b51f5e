use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};

/// The current time, truncated to the millisecond: the precision of an event's `occurredAt`, so
/// that a time that was stored and read again equals the original. All other code takes the time as
/// an argument.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

/// `time` as RFC 3339, always with three digits of milliseconds: in events, items, responses and
/// logs.
///
/// ```
/// let time = chrono::DateTime::UNIX_EPOCH;
/// assert_eq!(shared::clock::rfc3339(time), "1970-01-01T00:00:00.000Z");
/// ```
pub fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

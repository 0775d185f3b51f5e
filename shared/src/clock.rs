use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};

/// Now, to the millisecond: what an event can carry, so that a fact that is kept and read back is equal
/// to the one that was told. Everything else gets time as an argument.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

/// `time` as RFC 3339 with milliseconds, also where these are zero: in events, items, answers and logs.
///
/// ```
/// let time = chrono::DateTime::UNIX_EPOCH;
/// assert_eq!(shared::clock::rfc3339(time), "1970-01-01T00:00:00.000Z");
/// ```
pub fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

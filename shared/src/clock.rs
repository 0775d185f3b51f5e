use chrono::{DateTime, SubsecRound, Utc};

/// Now, to the millisecond: what an event can carry, so that a fact that is kept and read back is equal
/// to the one that was told. Everything else gets time as an argument.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

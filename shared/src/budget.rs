//! One budget of time for an invocation: what it calls shares the time until its deadline, so that a
//! slow dependency is an error with a cause and not a function that is cut off.

use std::{future::Future, time::Duration};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_types::{config_bag::ConfigBag, timeout::TimeoutConfig};
use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::clock;

/// How long one attempt of one call may take. DynamoDB, EventBridge and SNS respond within
/// milliseconds.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(2);
/// How long one call may take with its retries.
pub(crate) const OPERATION: Duration = Duration::from_secs(6);
/// What is left for the response, the log lines and the spans when everything else is used up.
const RESERVE: Duration = Duration::from_millis(500);

tokio::task_local! {
    /// When the time of the current invocation is used up.
    static DEADLINE: Instant;
}

/// Why a call is not made.
#[derive(Debug, thiserror::Error)]
#[error("the time of this invocation is used up")]
pub struct TimeUsedUp;

/// How much time the current invocation has left. Outside of an invocation there is no limit.
pub fn remaining() -> Duration {
    let left = DEADLINE.try_with(|deadline| deadline.saturating_duration_since(Instant::now()));
    left.unwrap_or(Duration::MAX)
}

/// Runs `work` as an invocation that Lambda ends at `deadline`.
pub(crate) async fn scope<F: Future>(deadline: Option<DateTime<Utc>>, work: F) -> F::Output {
    let Some(deadline) = deadline else { return work.await };
    let left = (deadline - clock::now()).to_std().unwrap_or_default();
    DEADLINE.scope(Instant::now() + left.saturating_sub(RESERVE), work).await
}

/// Limits an AWS call, with its attempts, to what the invocation has left.
pub(crate) fn limit(cfg: &mut ConfigBag) -> Result<(), BoxError> {
    let remaining = remaining();
    if remaining.is_zero() {
        return Err(TimeUsedUp.into());
    }
    if remaining < OPERATION {
        cfg.interceptor_state().store_put(timeouts(remaining));
    }
    Ok(())
}

/// The time limits of a call that may take at most `limit`.
pub(crate) fn timeouts(limit: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT.min(limit))
        .operation_timeout(OPERATION.min(limit))
        .build()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[tokio::test]
    async fn an_invocation_leaves_time_for_its_response() {
        let in_two_seconds = clock::now() + TimeDelta::seconds(2);
        let left = scope(Some(in_two_seconds), async { remaining() }).await;
        assert!(left <= Duration::from_millis(1_500) && left > Duration::from_secs(1), "{left:?}");
        assert_eq!(scope(Some(DateTime::UNIX_EPOCH), async { remaining() }).await, Duration::ZERO);
        assert_eq!(scope(None, async { remaining() }).await, Duration::MAX);
    }

    #[tokio::test]
    async fn a_call_has_no_more_time_than_its_invocation() {
        let mut cfg = ConfigBag::base();
        let soon = clock::now() + TimeDelta::seconds(2);
        scope(Some(soon), async { limit(&mut cfg) }).await.unwrap();
        let limits = cfg.load::<TimeoutConfig>().unwrap();
        assert!(limits.operation_timeout().unwrap() <= Duration::from_millis(1_500));
        assert!(limits.operation_attempt_timeout().unwrap() <= Duration::from_millis(1_500));
        let over = scope(Some(DateTime::UNIX_EPOCH), async { limit(&mut cfg) }).await;
        assert_eq!(over.unwrap_err().to_string(), "the time of this invocation is used up");
    }
}

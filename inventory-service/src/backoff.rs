use std::time::Duration;

use shared::budget::{self, TimeUsedUp};

/// The longest pause before the second attempt. It doubles with each attempt.
const FIRST: Duration = Duration::from_millis(20);
/// The longest pause of all: a transaction takes some ten milliseconds.
const LONGEST: Duration = Duration::from_millis(500);
/// What is left of an invocation for publishing its decision.
const PUBLISHING: Duration = Duration::from_secs(1);

/// The pauses between attempts that lose to concurrent orders.
///
/// Each is a random share of a pause that doubles ("full jitter"), so that those that lost at the
/// same time do not try again at the same time. No number of attempts ends them, but the time of the
/// invocation does.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// How many attempts lost so far.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Waits before the next attempt, if the invocation has time for one and for what follows it.
    pub(crate) async fn pause(&mut self) -> Result<(), TimeUsedUp> {
        let pause = longest(self.attempts).mul_f64(fastrand::f64());
        self.attempts += 1;
        if budget::remaining() <= pause + PUBLISHING {
            return Err(TimeUsedUp);
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// The longest pause after `attempts` attempts.
fn longest(attempts: u32) -> Duration {
    FIRST.saturating_mul(2u32.saturating_pow(attempts)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses = [0, 1, 2, 4, 5, 1_000].map(|attempts| longest(attempts).as_millis());
        assert_eq!(pauses, [20, 40, 80, 320, 500, 500]);
    }
}

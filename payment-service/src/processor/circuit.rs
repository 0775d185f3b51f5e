use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// After how many failures in a row the circuit opens.
const FAILURES: u32 = 5;
/// How long it stays open.
const PAUSE: Duration = Duration::from_secs(10);

/// A circuit breaker, one a process: a processor that fails several times in a row is not asked for a
/// while, so that it can recover and no invocation waits for it in vain. Lambda retries the event later.
#[derive(Debug, Default)]
pub(super) struct Circuit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
}

impl Circuit {
    /// Whether a call may be made. After the pause one may, and its result decides about the next.
    pub(super) fn is_closed(&self) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_until {
            Some(until) if Instant::now() < until => false,
            Some(_) => {
                // The others wait for what becomes of this call.
                state.open_until = Some(Instant::now() + PAUSE);
                true
            }
            None => true,
        }
    }

    /// A call succeeded, or did not.
    pub(super) fn record(&self, is_success: bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_success {
            *state = State::default();
            return;
        }
        state.failures += 1;
        if state.failures >= FAILURES {
            state.open_until = Some(Instant::now() + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_lets_one_call_try_again() {
        let circuit = Circuit::default();
        for _ in 1..FAILURES {
            circuit.record(false);
        }
        circuit.record(true);
        for _ in 0..FAILURES {
            assert!(circuit.is_closed());
            circuit.record(false);
        }
        assert!(!circuit.is_closed());
        tokio::time::advance(PAUSE).await;
        assert!(circuit.is_closed());
        assert!(!circuit.is_closed(), "one call at a time");
        circuit.record(true);
        assert!(circuit.is_closed() && circuit.is_closed());
    }
}

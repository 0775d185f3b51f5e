use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use super::{entry::Entry, store::Store};

/// After so long without a document a trace is settled: others may come, but mostly none do.
const QUIET: Duration = Duration::from_millis(50);

/// What changed since it was settled last, the earliest change first.
#[derive(Debug, Default)]
pub(super) struct Unsettled(Mutex<VecDeque<(Instant, Arc<Entry>)>>);

impl Unsettled {
    /// Adds traces, with when they changed.
    pub(super) fn add(&self, changed: impl IntoIterator<Item = (Instant, Arc<Entry>)>) {
        self.lock().extend(changed);
    }

    /// Takes the next trace that no document came for in `quiet`.
    pub(super) fn next(&self, quiet: Duration) -> Option<Arc<Entry>> {
        let mut unsettled = self.lock();
        loop {
            let (changed, entry) = unsettled.pop_front()?;
            if changed.elapsed() < quiet {
                unsettled.push_front((changed, entry));
                return None;
            }
            match entry.changed_after(changed) {
                Some(again) if again.elapsed() < quiet => unsettled.push_back((again, entry)),
                _ => return Some(entry),
            }
        }
    }

    /// Whether there is nothing to settle.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Instant, Arc<Entry>)>> {
        // A panic elsewhere does not make the queue wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Settles the traces of `store` as they become quiet, for as long as it is there.
pub(crate) async fn settle(store: Weak<Store>) {
    let Some(mut changes) = store.upgrade().map(|store| store.watch()) else { return };
    while changes.changed().await.is_ok() {
        loop {
            tokio::time::sleep(QUIET).await;
            let Some(store) = store.upgrade() else { return };
            let settling = tokio::task::spawn_blocking(move || store.settle(QUIET));
            if settling.await.unwrap_or(true) {
                break;
            }
        }
    }
}

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use super::{
    outline::{Outline, Scalar},
    trace_id::TraceId,
};

/// The last words of the names of annotations that say how something ended; the console page goes by the same.
const NAMES: [&str; 4] = ["outcome", "status", "result", "type"];

/// After so many traces in a row that say nothing the next is waited for a quarter of the time: there may be no business
/// here whose traces ever do.
const SILENT: u32 = 3;

/// Who waits to learn how the business of a trace ended. Nothing here knows any business: it is what an annotation says
/// whose name is that of an outcome.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    waiting: Mutex<HashMap<TraceId, oneshot::Sender<String>>>,
    /// How many traces in a row said nothing.
    silent: AtomicU32,
}

impl Outcomes {
    /// How the business of a trace ended, once it is known; nothing if that takes longer than `limit`.
    pub(super) async fn of(&self, id: TraceId, limit: Duration) -> Option<String> {
        let (sender, outcome) = oneshot::channel();
        self.lock().insert(id, sender);
        let is_silent = self.silent.load(Ordering::Relaxed) >= SILENT;
        let known = timeout(if is_silent { limit / 4 } else { limit }, outcome).await;
        self.lock().remove(&id);
        let known = known.ok().and_then(Result::ok);
        let silent = |before: u32| if known.is_some() { 0 } else { before.saturating_add(1) };
        self.silent.update(Ordering::Relaxed, Ordering::Relaxed, silent);
        known
    }

    /// A trace has settled.
    pub(super) fn settled(&self, outline: &Outline) {
        let mut waiting = self.lock();
        if waiting.contains_key(&outline.id)
            && let Some(outcome) = outcome(outline)
            && let Some(sender) = waiting.remove(&outline.id)
        {
            // Nobody may be waiting any more.
            let _gone = sender.send(outcome);
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TraceId, oneshot::Sender<String>>> {
        // A panic elsewhere does not make it wrong who waits.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the annotations of a trace say about how its business ended, each value once.
fn outcome(outline: &Outline) -> Option<String> {
    let mut values: Vec<&str> = Vec::new();
    for (name, value) in &outline.annotations {
        let is_word = name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let last = name.rsplit('_').next().unwrap_or_default();
        if let (true, true, Scalar::Text(text)) = (is_word, NAMES.contains(&last), value)
            && !values.contains(&&**text)
        {
            values.push(text);
        }
    }
    (!values.is_empty()).then(|| values.join(", "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::xray::Store;

    const ID: &str = "1-5759e988-bd862e3fe1be46a994272793";

    fn segment(id: u32, annotations: &Value) -> String {
        json!({
            "trace_id": ID, "id": format!("{id:016x}"), "name": "n", "start_time": 1, "end_time": 2,
            "annotations": annotations,
        })
        .to_string()
    }

    #[tokio::test]
    async fn an_outcome_is_known_once_an_annotation_says_it() {
        let store = Arc::new(Store::new(2));
        store
            .put(&segment(1, &json!({ "order_id": "o", "a.status": "x", "count_type": 3 })))
            .unwrap();
        assert_eq!(store.outcome(ID, Duration::from_millis(1)).await, None);
        let waiting = Arc::clone(&store);
        let waiting = tokio::spawn(async move { waiting.outcome(ID, Duration::MAX).await });
        while !store.awaits_outcomes() {
            tokio::task::yield_now().await;
        }
        store.settle(Duration::ZERO);
        assert!(!waiting.is_finished());
        let said = json!({ "notification_type": "out_of_stock", "outcome": "refunded", "z_result": "refunded" });
        store.put(&segment(2, &said)).unwrap();
        store.settle(Duration::ZERO);
        assert_eq!(waiting.await.unwrap().as_deref(), Some("out_of_stock, refunded"));
        assert!(!store.awaits_outcomes());
    }

    #[tokio::test(start_paused = true)]
    async fn after_three_that_say_nothing_the_wait_is_shorter() {
        let (outcomes, limit) = (Outcomes::default(), Duration::from_secs(2));
        for expected in [2000, 2000, 2000, 500, 500] {
            let start = tokio::time::Instant::now();
            assert_eq!(outcomes.of(TraceId::default(), limit).await, None);
            assert_eq!(start.elapsed().as_millis() / 10 * 10, expected);
        }
        outcomes.silent.store(0, Ordering::Relaxed);
        let start = tokio::time::Instant::now();
        outcomes.of(TraceId::default(), limit).await;
        assert_eq!(start.elapsed().as_secs(), 2);
    }
}

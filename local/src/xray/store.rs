use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use tokio::sync::watch;

use super::{
    document::{self, Document, Rejection},
    trace::Trace,
};

/// The most that one trace may hold, in bytes
/// (<https://docs.aws.amazon.com/general/latest/gr/xray.html#limits_xray>).
const MAX_TRACE_SIZE: usize = 500 * 1024;

/// The traces: a bounded number of them, each of bounded size. Documents may come late, twice, out of
/// order, and without what they are children of.
#[derive(Debug)]
pub(crate) struct Store {
    kept: Mutex<Kept>,
    limit: usize,
    revision: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    traces: HashMap<String, Stored>,
    /// Trace ids, oldest first.
    order: VecDeque<String>,
}

#[derive(Debug, Default)]
struct Stored {
    documents: HashMap<String, Document>,
    size: usize,
    limit_exceeded: bool,
    revision: u32,
    /// Assembled when asked for, dropped when a document comes.
    assembled: Option<Arc<Trace>>,
}

impl Store {
    /// A store that keeps `limit` traces and drops the oldest first.
    pub(crate) fn new(limit: usize) -> Self {
        Self { kept: Mutex::default(), limit: limit.max(1), revision: watch::Sender::new(0) }
    }

    /// Takes what an SDK sends to the daemon or to `PutTraceSegments`.
    pub(crate) fn put(&self, text: &str) -> Result<(), Rejection> {
        for document in document::read(text)? {
            self.insert(document);
        }
        Ok(())
    }

    /// Takes a segment or subsegment of one of our own services.
    pub(crate) fn put_document(&self, document: &Value) -> Result<(), Rejection> {
        self.insert(document::from_value(document)?);
        Ok(())
    }

    /// Counts the changes; wait on it to see the next.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// The trace with that id, its documents put together.
    pub(crate) fn trace(&self, id: &str) -> Option<Arc<Trace>> {
        self.lock().traces.get_mut(&id.to_ascii_lowercase()).map(|stored| stored.assemble(id))
    }

    /// All traces, newest first.
    pub(crate) fn traces(&self) -> Vec<Arc<Trace>> {
        let Kept { traces, order } = &mut *self.lock();
        let newest_first = order.iter().rev();
        newest_first.filter_map(|id| traces.get_mut(id).map(|stored| stored.assemble(id))).collect()
    }

    fn insert(&self, document: Document) {
        let mut kept = self.lock();
        let Kept { traces, order } = &mut *kept;
        let stored = traces.entry(document.trace_id.clone()).or_insert_with(|| {
            order.push_back(document.trace_id.clone());
            Stored::default()
        });
        stored.insert(document);
        while order.len() > self.limit {
            if let Some(oldest) = order.pop_front() {
                traces.remove(&oldest);
            }
        }
        drop(kept);
        self.revision.send_modify(|revision| *revision += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // A panic elsewhere does not make the traces wrong.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stored {
    fn insert(&mut self, document: Document) {
        let earlier = self.documents.get(&document.id);
        // A complete document replaces the one in progress, never the other way round.
        if document.in_progress && earlier.is_some_and(|earlier| !earlier.in_progress) {
            return;
        }
        let size = self.size - earlier.map_or(0, Document::size) + document.size();
        if size > MAX_TRACE_SIZE {
            self.limit_exceeded = true;
        } else {
            self.size = size;
            self.documents.insert(document.id.clone(), document);
        }
        self.revision += 1;
        self.assembled = None;
    }

    fn assemble(&mut self, id: &str) -> Arc<Trace> {
        let make = || {
            let documents = self.documents.values();
            Arc::new(Trace::assemble(id, documents, self.limit_exceeded, self.revision))
        };
        Arc::clone(self.assembled.get_or_insert_with(make))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn segment(trace: u32, id: u32, end: Option<f64>) -> String {
        json!({
            "trace_id": format!("1-00000001-{trace:024x}"), "id": format!("{id:016x}"),
            "name": format!("n{id}"), "start_time": 1.0, "end_time": end, "in_progress": end.is_none(),
        })
        .to_string()
    }

    #[test]
    fn the_oldest_trace_goes_first() {
        let store = Store::new(2);
        for trace in 1..=3 {
            store.put(&segment(trace, 1, Some(2.0))).unwrap();
        }
        let ids: Vec<_> = store.traces().iter().map(|trace| trace.id.clone()).collect();
        let expected = [3, 2].map(|trace| format!("1-00000001-{trace:024x}"));
        assert_eq!(ids, expected);
        assert!(store.trace(&format!("1-00000001-{:024x}", 1)).is_none());
    }

    #[test]
    fn a_complete_document_replaces_the_one_in_progress_and_stays() {
        let store = Store::new(2);
        let id = format!("1-00000001-{:024x}", 1);
        for (end, partial) in [(None, true), (Some(2.0), false), (None, false), (Some(3.0), false)]
        {
            store.put(&segment(1, 1, end)).unwrap();
            let trace = store.trace(&id).unwrap();
            assert_eq!((trace.nodes.len(), trace.is_partial()), (1, partial));
        }
        assert!((store.trace(&id).unwrap().duration() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_trace_never_grows_beyond_its_limit() {
        let store = Store::new(2);
        for id in 1..=20 {
            let mut document: serde_json::Value =
                serde_json::from_str(&segment(1, id, Some(2.0))).unwrap();
            document["metadata"] = json!({ "default": "x".repeat(60_000) });
            store.put(&document.to_string()).unwrap();
        }
        let trace = store.trace(&format!("1-00000001-{:024x}", 1)).unwrap();
        assert!(trace.limit_exceeded && trace.nodes.len() == 8, "{}", trace.nodes.len());
    }
}

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use tokio::sync::watch;

use super::{
    document::{self, Document, Rejection},
    trace::Trace,
};
use crate::clock;

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
    /// When the last document came, in seconds since the epoch.
    updated: f64,
    /// Assembled when asked for, dropped when a document comes.
    assembled: Option<Arc<Trace>>,
}

impl Store {
    /// A store that keeps `limit` traces and drops the oldest first.
    pub(crate) fn new(limit: usize) -> Self {
        Self { kept: Mutex::default(), limit: limit.max(1), revision: watch::Sender::new(0) }
    }

    /// Takes what an SDK sends to the daemon.
    pub(crate) fn put(&self, text: &str) -> Result<(), Rejection> {
        self.insert(vec![document::read(text)?]);
        Ok(())
    }

    /// Takes what comes in one `PutTraceSegments`: a single change of each trace, however many documents.
    pub(super) fn put_all<'a>(&self, texts: impl Iterator<Item = &'a str>) -> Vec<Rejection> {
        let (mut accepted, mut rejected) = (Vec::new(), Vec::new());
        for document in texts.map(document::read) {
            match document {
                Ok(document) => accepted.push(document),
                Err(rejection) => rejected.push(rejection),
            }
        }
        self.insert(accepted);
        rejected
    }

    /// Takes a segment or subsegment of one of our own services.
    pub(crate) fn put_document(&self, document: &Value) -> Result<(), Rejection> {
        self.insert(vec![document::from_value(document)?]);
        Ok(())
    }

    /// Counts the changes; wait on it to see the next.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// The trace with that id, its documents put together.
    pub(crate) fn trace(&self, id: &str) -> Option<Arc<Trace>> {
        let id = id.to_ascii_lowercase();
        self.lock().traces.get_mut(&id).map(|stored| stored.assemble(&id))
    }

    /// All traces, newest first.
    pub(crate) fn traces(&self) -> Vec<Arc<Trace>> {
        let newest_first: Vec<_> = self.lock().order.iter().rev().cloned().collect();
        // One at a time, so that nobody who brings a document waits for all of them to be put together.
        newest_first.iter().filter_map(|id| self.trace(id)).collect()
    }

    fn insert(&self, documents: Vec<Document>) {
        let mut kept = self.lock();
        let Kept { traces, order } = &mut *kept;
        let mut changed = HashSet::new();
        for document in documents {
            let id = document.trace_id.clone();
            let stored = traces.entry(id.clone()).or_insert_with(|| {
                order.push_back(id.clone());
                Stored::default()
            });
            if stored.insert(document) && changed.insert(id) {
                stored.revision += 1;
                stored.updated = clock::seconds();
            }
        }
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
    /// Takes a document and returns whether that changes the trace.
    fn insert(&mut self, document: Document) -> bool {
        let earlier = self.documents.get(&document.id);
        // The first complete document of an id stays. It replaces one in progress, never the other way round.
        if earlier.is_some_and(|earlier| !earlier.in_progress) {
            return false;
        }
        let size = self.size - earlier.map_or(0, Document::size) + document.size();
        if size > MAX_TRACE_SIZE {
            self.limit_exceeded = true;
        } else {
            self.size = size;
            self.documents.insert(document.id.clone(), document);
        }
        self.assembled = None;
        true
    }

    fn assemble(&mut self, id: &str) -> Arc<Trace> {
        let make = || {
            let documents = self.documents.values();
            let Self { limit_exceeded, revision, updated, .. } = *self;
            Arc::new(Trace::assemble(id, documents, limit_exceeded, revision, updated))
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
        for (end, partial, revision) in [
            (None, true, 1),
            (None, true, 2),
            (Some(2.0), false, 3),
            (None, false, 3),
            (Some(3.0), false, 3),
        ] {
            store.put(&segment(1, 1, end)).unwrap();
            let trace = store.trace(&id).unwrap();
            assert_eq!((trace.nodes.len(), trace.is_partial()), (1, partial));
            assert_eq!(trace.revision, revision);
        }
        assert!((store.trace(&id).unwrap().duration() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn documents_that_come_together_change_a_trace_once() {
        let store = Store::new(2);
        let texts = [segment(1, 1, None), "{".to_owned(), segment(1, 2, None), segment(2, 1, None)];
        assert_eq!(store.put_all(texts.iter().map(String::as_str)).len(), 1);
        let revisions: Vec<_> = store.traces().iter().map(|trace| trace.revision).collect();
        assert_eq!(revisions, [1, 1]);
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

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::sync::watch;

use super::{
    document::{self, Document, Rejection},
    entry::Entry,
    links::Backlinks,
    names::Names,
    outline::Outline,
    trace::Trace,
    trace_id::TraceId,
};

/// The traces that were put together last stay so, until they have more segments and subsegments than this in all.
const MAX_RECENT_NODES: usize = 20_000;
/// After so long without a document a trace is settled: others may come, but mostly none do.
const QUIET: Duration = Duration::from_millis(50);

/// The traces: a bounded number of them, each of bounded size. Documents may come late, twice, out of
/// order, and without what they are children of.
///
/// What is kept of a trace is its documents, compressed once it is settled, and its [`Outline`]. It is put together when
/// somebody asks for it.
#[derive(Debug)]
pub(crate) struct Store {
    kept: Mutex<Kept>,
    limit: usize,
    revision: watch::Sender<u64>,
    /// What changed since it was settled last, the earliest change first.
    unsettled: Mutex<VecDeque<(Instant, Arc<Entry>)>>,
    names: Names,
    backlinks: Backlinks,
    recent: Mutex<VecDeque<Arc<Trace>>>,
    lost_datagrams: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    traces: HashMap<TraceId, Arc<Entry>>,
    /// The same, oldest first.
    order: VecDeque<Arc<Entry>>,
    arrivals: u64,
}

/// A trace that is there, by its outline.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) outline: Arc<Outline>,
    entry: Arc<Entry>,
}

impl Store {
    /// A store that keeps `limit` traces and drops the oldest first.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            kept: Mutex::default(),
            limit: limit.max(1),
            revision: watch::Sender::new(0),
            unsettled: Mutex::default(),
            names: Names::default(),
            backlinks: Backlinks::default(),
            recent: Mutex::default(),
            lost_datagrams: AtomicU64::new(0),
        }
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

    /// How many datagrams the daemon's port lost: what was in them is missing here.
    pub(crate) fn lost_datagrams(&self) -> u64 {
        self.lost_datagrams.load(Ordering::Relaxed)
    }

    pub(super) fn set_lost_datagrams(&self, count: u64) {
        self.lost_datagrams.store(count, Ordering::Relaxed);
        self.revision.send_modify(|revision| *revision += 1);
    }
}

/// What is there.
impl Store {
    /// Whether there is a trace with that id.
    pub(crate) fn contains(&self, id: &str) -> bool {
        TraceId::parse(id).is_some_and(|id| lock(&self.kept).traces.contains_key(&id))
    }

    /// The trace with that id, its documents put together.
    pub(crate) fn trace(&self, id: &str) -> Option<Arc<Trace>> {
        let entry = self.entry(id)?;
        Some(self.assemble(&entry))
    }

    /// The same of a trace that was found, and kept as it is for the next who asks.
    pub(crate) fn put_together(&self, found: &Found) -> Arc<Trace> {
        self.assemble(&found.entry)
    }

    /// The same by its outline.
    pub(crate) fn find(&self, id: &str) -> Option<Found> {
        self.entry(id).map(|entry| self.found(entry))
    }

    /// All traces, newest first.
    pub(crate) fn all(&self) -> Vec<Found> {
        let newest_first: Vec<_> = lock(&self.kept).order.iter().rev().cloned().collect();
        // One at a time, so that nobody who brings a document waits for all outlines.
        newest_first.into_iter().map(|entry| self.found(entry)).collect()
    }

    #[cfg(test)]
    pub(crate) fn traces(&self) -> Vec<Arc<Trace>> {
        self.all().iter().map(Found::trace).collect()
    }

    /// The traces that name the trace with that id, newest first.
    pub(crate) fn linked_from(&self, id: &str) -> Vec<Arc<Outline>> {
        self.settle(Duration::ZERO);
        TraceId::parse(id).map(|id| self.backlinks.to(id)).unwrap_or_default()
    }

    fn entry(&self, id: &str) -> Option<Arc<Entry>> {
        lock(&self.kept).traces.get(&TraceId::parse(id)?).cloned()
    }

    fn found(&self, entry: Arc<Entry>) -> Found {
        Found { outline: entry.outline(&self.names, &self.backlinks), entry }
    }

    /// Puts a trace together, and keeps it so that the next who asks need not wait.
    fn assemble(&self, entry: &Entry) -> Arc<Trace> {
        let (trace, is_new) = entry.trace();
        if is_new {
            self.remember(&trace);
        }
        trace
    }

    fn remember(&self, trace: &Arc<Trace>) {
        let mut recent = lock(&self.recent);
        recent.push_back(Arc::clone(trace));
        let mut nodes: usize = recent.iter().map(|trace| trace.nodes.len()).sum();
        while nodes > MAX_RECENT_NODES && recent.len() > 1 {
            nodes -= recent.pop_front().map_or(0, |oldest| oldest.nodes.len());
        }
    }
}

/// What comes, settles and goes.
impl Store {
    /// Settles what no document came for in `quiet`: works out its outline, and compresses its documents.
    pub(super) fn settle(&self, quiet: Duration) {
        while let Some(entry) = self.next_unsettled(quiet) {
            entry.settle(&self.names, &self.backlinks);
        }
    }

    fn next_unsettled(&self, quiet: Duration) -> Option<Arc<Entry>> {
        let mut unsettled = lock(&self.unsettled);
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

    fn insert(&self, documents: Vec<Document>) {
        let mut by_trace: Vec<(TraceId, Vec<Document>)> = Vec::new();
        let mut places: HashMap<TraceId, usize> = HashMap::new();
        for document in documents {
            // What was accepted has an id of that form.
            let Some(id) = TraceId::parse(&document.trace_id) else { continue };
            let place = *places.entry(id).or_insert(by_trace.len());
            if place == by_trace.len() {
                by_trace.push((id, Vec::new()));
            }
            by_trace[place].1.push(document);
        }
        let Arrived { new, known, evicted } = self.arrive(by_trace);
        for entry in evicted {
            entry.evict(&self.backlinks);
        }
        let again = known.into_iter().filter_map(|(entry, documents)| {
            let changed = entry.insert(documents)?;
            Some((changed, entry))
        });
        let unsettled: Vec<_> = new.into_iter().chain(again).collect();
        lock(&self.unsettled).extend(unsettled);
        self.revision.send_modify(|revision| *revision += 1);
    }

    /// Adds the new ones of these traces, which the oldest make way for. Nobody ever finds a trace without a document.
    fn arrive(&self, by_trace: Vec<(TraceId, Vec<Document>)>) -> Arrived {
        let mut kept = lock(&self.kept);
        let Kept { traces, order, arrivals } = &mut *kept;
        let mut arrived = Arrived::default();
        for (id, documents) in by_trace {
            if let Some(entry) = traces.get(&id) {
                arrived.known.push((Arc::clone(entry), documents));
                continue;
            }
            *arrivals += 1;
            let entry = Arc::new(Entry::new(id, *arrivals));
            arrived
                .new
                .extend(entry.insert(documents).map(|changed| (changed, Arc::clone(&entry))));
            order.push_back(Arc::clone(&entry));
            traces.insert(id, entry);
        }
        arrived.evicted.extend(order.drain(..order.len().saturating_sub(self.limit)));
        for entry in &arrived.evicted {
            traces.remove(&entry.id);
        }
        arrived
    }
}

/// Traces that documents came for.
#[derive(Default)]
struct Arrived {
    /// Those that came for the first time, and when.
    new: Vec<(Instant, Arc<Entry>)>,
    /// Those that were there, with what came.
    known: Vec<(Arc<Entry>, Vec<Document>)>,
    /// Those that make way.
    evicted: Vec<Arc<Entry>>,
}

impl Found {
    /// The trace, put together.
    pub(crate) fn trace(&self) -> Arc<Trace> {
        self.entry.trace().0
    }
}

/// Settles the traces of `store` as they become quiet, for as long as it is there.
pub(crate) async fn settle(store: Weak<Store>) {
    let Some(mut changes) = store.upgrade().map(|store| store.watch()) else { return };
    while changes.changed().await.is_ok() {
        loop {
            tokio::time::sleep(QUIET).await;
            let Some(store) = store.upgrade() else { return };
            let settling = tokio::task::spawn_blocking(move || {
                store.settle(QUIET);
                lock(&store.unsettled).is_empty()
            });
            if settling.await.unwrap_or(true) {
                break;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere does not make the traces wrong.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

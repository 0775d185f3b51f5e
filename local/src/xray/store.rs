use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::sync::watch;

use super::{
    blocks::Blocks,
    document::{self, Document, Rejection},
    entry::Entry,
    links::Backlinks,
    names::Names,
    outcomes::Outcomes,
    outline::Outline,
    recent::Recent,
    snapshot::{Found, Snapshot, View},
    trace::Trace,
    trace_id::TraceId,
    unsettled::Unsettled,
};

/// The traces: a bounded number of them, each of bounded size. Documents may come late, twice, out of
/// order, and without what they are children of.
///
/// What is kept of a trace is its documents, compressed once it is settled, and its [`Outline`]. It is put together when
/// somebody asks for it. What many ask of all traces is worked out block by block, and again only for blocks that changed.
#[derive(Debug)]
pub(crate) struct Store {
    kept: Mutex<Kept>,
    limit: usize,
    revision: watch::Sender<u64>,
    unsettled: Unsettled,
    names: Names,
    backlinks: Backlinks,
    recent: Recent,
    outcomes: Outcomes,
    lost_datagrams: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    traces: HashMap<TraceId, Arc<Entry>>,
    /// The same in the order of their arrival.
    blocks: Blocks,
}

impl Store {
    /// A store that keeps `limit` traces and drops the oldest first.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            kept: Mutex::default(),
            limit: limit.max(1),
            revision: watch::Sender::new(0),
            unsettled: Unsettled::default(),
            names: Names::default(),
            backlinks: Backlinks::default(),
            recent: Recent::default(),
            outcomes: Outcomes::default(),
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

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic elsewhere does not make the traces wrong.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is there.
impl Store {
    /// Whether there is a trace with that id.
    pub(crate) fn contains(&self, id: &str) -> bool {
        TraceId::parse(id).is_some_and(|id| self.kept().traces.contains_key(&id))
    }

    /// The trace with that id, its documents put together.
    pub(crate) fn trace(&self, id: &str) -> Option<Arc<Trace>> {
        let entry = self.entry(id)?;
        Some(self.assemble(&entry))
    }

    /// The same of a trace that was found, and kept as it is for the next who asks.
    pub(crate) fn put_together(&self, found: &Found) -> Arc<Trace> {
        self.assemble(found.entry())
    }

    /// The same by its outline.
    pub(crate) fn find(&self, id: &str) -> Option<Found> {
        self.entry(id).map(|entry| self.found(entry))
    }

    /// How the business of the trace with that id ended, by its annotations, once they say it; nothing if that takes longer
    /// than `limit`.
    pub(crate) async fn outcome(&self, id: &str, limit: Duration) -> Option<String> {
        self.outcomes.of(TraceId::parse(id)?, limit).await
    }

    #[cfg(test)]
    pub(super) fn awaits_outcomes(&self) -> bool {
        !self.outcomes.is_empty()
    }

    /// How often the trace with that id changed.
    pub(super) fn revision_of(&self, id: &str) -> Option<u32> {
        self.entry(id).map(|entry| entry.revision())
    }

    /// All traces, with every document that has come.
    pub(crate) fn all(&self) -> Snapshot {
        self.refresh(Duration::ZERO);
        Snapshot::new(self.kept().blocks.views())
    }

    #[cfg(test)]
    pub(crate) fn traces(&self) -> Vec<Arc<Trace>> {
        self.all().iter().map(Found::trace).collect()
    }

    /// The traces that name the trace with that id, newest first.
    pub(crate) fn linked_from(&self, id: &str) -> Vec<Arc<Outline>> {
        self.refresh(Duration::ZERO);
        TraceId::parse(id).map(|id| self.backlinks.to(id)).unwrap_or_default()
    }

    fn entry(&self, id: &str) -> Option<Arc<Entry>> {
        self.kept().traces.get(&TraceId::parse(id)?).cloned()
    }

    fn found(&self, entry: Arc<Entry>) -> Found {
        Found::new(entry.outline(&self.names, &self.backlinks), entry)
    }

    /// Puts a trace together, and keeps it so that the next who asks need not wait.
    fn assemble(&self, entry: &Entry) -> Arc<Trace> {
        let (trace, is_new) = entry.trace();
        if is_new {
            self.recent.keep(&trace);
        }
        trace
    }

    /// Looks again at the blocks that changed, but not within the last `quiet`.
    fn refresh(&self, quiet: Duration) {
        let stale = self.kept().blocks.stale(quiet);
        for mut stale in stale {
            // Without the lock, so that nobody who brings a document waits for outlines.
            let entries = std::mem::take(&mut stale.entries).into_iter();
            let view = View::new(entries.map(|entry| self.found(entry)).collect());
            if !quiet.is_zero() {
                // Nobody waits for it yet.
                view.tally();
            }
            self.kept().blocks.put(&stale, view);
        }
    }
}

/// What comes, settles and goes.
impl Store {
    /// Settles what no document came for in `quiet`: works out its outline, and compresses its documents. Returns whether
    /// there is nothing else to settle.
    pub(super) fn settle(&self, quiet: Duration) -> bool {
        while let Some(entry) = self.unsettled.next(quiet) {
            let outline = entry.settle(&self.names, &self.backlinks);
            self.outcomes.settled(&outline);
        }
        self.refresh(quiet);
        self.unsettled.is_empty()
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
        let Arrived { mut changed, known, evicted } = self.arrive(by_trace);
        for entry in evicted {
            entry.evict(&self.backlinks);
        }
        if !known.is_empty() {
            let mut entries = Vec::new();
            for (entry, documents) in known {
                changed.extend(entry.insert(&documents).map(|when| (when, Arc::clone(&entry))));
                entries.push(entry);
            }
            // Only now: a block that is looked at before a document is in it must be looked at again.
            let blocks = &mut self.kept().blocks;
            for entry in &entries {
                blocks.touch(entry);
            }
        }
        self.unsettled.add(changed);
        self.revision.send_modify(|revision| *revision += 1);
    }

    /// Adds the new ones of these traces, which the oldest make way for. Nobody ever finds a trace without a document.
    fn arrive(&self, by_trace: Vec<(TraceId, Vec<Document>)>) -> Arrived {
        let Kept { traces, blocks } = &mut *self.kept();
        let mut arrived = Arrived::default();
        for (id, documents) in by_trace {
            if let Some(entry) = traces.get(&id) {
                arrived.known.push((Arc::clone(entry), documents));
                continue;
            }
            let entry = blocks.push(id);
            let changed = entry.insert(&documents);
            arrived.changed.extend(changed.map(|when| (when, Arc::clone(&entry))));
            traces.insert(id, entry);
        }
        while blocks.len() > self.limit
            && let Some(oldest) = blocks.pop()
        {
            traces.remove(&oldest.id);
            arrived.evicted.push(oldest);
        }
        arrived
    }
}

/// Traces that documents came for.
#[derive(Default)]
struct Arrived {
    /// Those that came for the first time, and when.
    changed: Vec<(Instant, Arc<Entry>)>,
    /// Those that were there, with what came.
    known: Vec<(Arc<Entry>, Vec<Document>)>,
    /// Those that make way.
    evicted: Vec<Arc<Entry>>,
}

#[cfg(test)]
mod tests;

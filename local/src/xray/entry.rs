use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Instant,
};

use super::{
    document::Document,
    documents::{Documents, Kept},
    links::Backlinks,
    names::Names,
    outline::Outline,
    trace::Trace,
    trace_id::TraceId,
};

/// The most that one trace may hold, in bytes
/// (<https://docs.aws.amazon.com/general/latest/gr/xray.html#limits_xray>).
const MAX_TRACE_SIZE: usize = 500 * 1024;

/// A trace in the store.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: TraceId,
    /// How many traces came before it.
    pub(super) arrival: u64,
    stored: Mutex<Stored>,
}

#[derive(Debug, Default)]
struct Stored {
    documents: Documents,
    size: usize,
    limit_exceeded: bool,
    revision: u32,
    /// When the last document came, while it is to be settled.
    changed: Option<Instant>,
    /// Worked out when asked for or settled.
    outline: Option<Arc<Outline>>,
    /// Whether no document came since.
    is_current: bool,
    /// Put together, as long as somebody has it.
    assembled: Weak<Trace>,
    /// Whether it made way for newer ones.
    evicted: bool,
}

impl Entry {
    /// An empty one.
    pub(super) fn new(id: TraceId, arrival: u64) -> Self {
        Self { id, arrival, stored: Mutex::default() }
    }

    /// Takes documents that came together. Returns when, if it has to be settled and nobody knows yet.
    pub(super) fn insert(&self, documents: &[Document]) -> Option<Instant> {
        let mut stored = self.lock();
        let mut changed = false;
        let bytes = documents.iter().map(|document| document.text.len()).sum();
        stored.documents.reserve(documents.len(), bytes);
        for document in documents {
            changed |= stored.insert(document.into());
        }
        if changed {
            stored.revision += 1;
            stored.is_current = false;
            stored.assembled = Weak::new();
        }
        let now = Instant::now();
        stored.changed.replace(now).is_none().then_some(now)
    }

    /// When a document came, if one did after `time`.
    pub(super) fn changed_after(&self, time: Instant) -> Option<Instant> {
        self.lock().changed.filter(|changed| *changed > time)
    }

    /// How often it changed.
    pub(super) fn revision(&self) -> u32 {
        self.lock().revision
    }

    /// Works out what will be asked for, and packs the rest.
    pub(super) fn settle(&self, names: &Names, backlinks: &Backlinks) -> Arc<Outline> {
        let mut stored = self.lock();
        let outline = self.outline_of(&mut stored, names, backlinks);
        stored.changed = None;
        stored.documents.pack();
        outline
    }

    /// The outline.
    pub(super) fn outline(&self, names: &Names, backlinks: &Backlinks) -> Arc<Outline> {
        self.outline_of(&mut self.lock(), names, backlinks)
    }

    fn outline_of(
        &self,
        stored: &mut Stored,
        names: &Names,
        backlinks: &Backlinks,
    ) -> Arc<Outline> {
        if let Some(current) = stored.outline.as_ref().filter(|_| stored.is_current) {
            return Arc::clone(current);
        }
        let known = stored.assembled.upgrade();
        let trace = known.unwrap_or_else(|| Arc::new(stored.assemble(self.id)));
        let outline = Arc::new(Outline::of(&trace, &mut names.lock()));
        let before = stored.outline.replace(Arc::clone(&outline));
        stored.is_current = true;
        if !stored.evicted {
            backlinks.replace(self.arrival, before.as_deref(), Some(&outline));
        }
        outline
    }

    /// The trace, put together, and whether that had to be done.
    pub(super) fn trace(&self) -> (Arc<Trace>, bool) {
        let mut stored = self.lock();
        if let Some(known) = stored.assembled.upgrade() {
            return (known, false);
        }
        let trace = Arc::new(stored.assemble(self.id));
        stored.assembled = Arc::downgrade(&trace);
        (trace, true)
    }

    /// It makes way for newer ones.
    pub(super) fn evict(&self, backlinks: &Backlinks) {
        let mut stored = self.lock();
        stored.evicted = true;
        backlinks.replace(self.arrival, stored.outline.as_deref(), None);
    }

    fn lock(&self) -> MutexGuard<'_, Stored> {
        // A panic elsewhere does not make the trace wrong.
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stored {
    /// Takes a document and returns whether that changes the trace.
    fn insert(&mut self, document: Kept<'_>) -> bool {
        let earlier = self.documents.get(document.id);
        // The first complete document of an id stays. It replaces one in progress, never the other way round.
        if earlier.is_some_and(|earlier| !earlier.in_progress) {
            return false;
        }
        let before = earlier.map_or(0, |earlier| earlier.text.len());
        let size = self.size - before + document.text.len();
        if size > MAX_TRACE_SIZE {
            self.limit_exceeded = true;
        } else {
            self.size = size;
            self.documents.put(document);
        }
        true
    }

    fn assemble(&self, id: TraceId) -> Trace {
        let Self { limit_exceeded, revision, .. } = *self;
        let id = id.to_string();
        self.documents.read(|documents| Trace::assemble(id, documents, limit_exceeded, revision))
    }
}

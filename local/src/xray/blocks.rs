use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{entry::Entry, snapshot::View, trace_id::TraceId};

/// How many traces a block has: few in tests, so that they have several.
const SIZE: u64 = if cfg!(test) { 4 } else { 2048 };

/// The traces in the order of their arrival, in blocks. What was worked out for a block holds until one of its traces
/// changes or goes, so that a reader of a hundred thousand traces looks anew at few of them.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// The oldest first. A trace stands in the block of the number of its arrival, divided by [`SIZE`].
    queue: VecDeque<Block>,
    /// The number of the first block.
    first: u64,
    /// How many traces came.
    arrivals: u64,
    /// How many are there.
    count: usize,
}

#[derive(Debug)]
struct Block {
    /// The oldest first.
    entries: VecDeque<Arc<Entry>>,
    /// How often it changed, and when last.
    version: u64,
    changed: Instant,
    /// What was worked out last, and for which version.
    view: Option<(u64, Arc<View>)>,
}

/// A block that changed since it was looked at last.
pub(super) struct Stale {
    number: u64,
    version: u64,
    /// The newest first.
    pub(super) entries: Vec<Arc<Entry>>,
}

impl Blocks {
    /// Adds an empty trace.
    pub(super) fn push(&mut self, id: TraceId) -> Arc<Entry> {
        let entry = Arc::new(Entry::new(id, self.arrivals));
        if self.first + self.queue.len() as u64 == self.arrivals / SIZE {
            self.queue.push_back(Block::new());
        }
        if let Some(last) = self.queue.back_mut() {
            last.entries.push_back(Arc::clone(&entry));
            last.touch();
        }
        self.arrivals += 1;
        self.count += 1;
        entry
    }

    /// Removes the oldest trace.
    pub(super) fn pop(&mut self) -> Option<Arc<Entry>> {
        let oldest = self.queue.front_mut()?;
        let entry = oldest.entries.pop_front()?;
        oldest.touch();
        self.count -= 1;
        // The block that others are still to come into stays.
        if oldest.entries.is_empty() && self.queue.len() > 1 {
            self.queue.pop_front();
            self.first += 1;
        }
        Some(entry)
    }

    /// A trace changed, if it is still there.
    pub(super) fn touch(&mut self, entry: &Entry) {
        if let Some(block) = self.block(entry.arrival / SIZE) {
            block.touch();
        }
    }

    /// How many traces there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The blocks that changed, but not within the last `quiet`.
    pub(super) fn stale(&self, quiet: Duration) -> Vec<Stale> {
        let numbered = (self.first..).zip(&self.queue);
        let stale =
            numbered.filter(|(_, block)| block.is_stale() && block.changed.elapsed() >= quiet);
        let stale = stale.map(|(number, block)| Stale {
            number,
            version: block.version,
            entries: block.entries.iter().rev().cloned().collect(),
        });
        stale.collect()
    }

    /// Takes what was worked out for a block, if it is newer than what is there.
    pub(super) fn put(&mut self, stale: &Stale, view: View) {
        let Some(block) = self.block(stale.number) else { return };
        if block.view.as_ref().is_none_or(|(version, _)| *version < stale.version) {
            block.view = Some((stale.version, Arc::new(view)));
        }
    }

    /// What was worked out for the blocks, newest first.
    pub(super) fn views(&self) -> Vec<Arc<View>> {
        let views = self.queue.iter().rev().filter_map(|block| block.view.as_ref());
        views.map(|(_, view)| Arc::clone(view)).collect()
    }

    fn block(&mut self, number: u64) -> Option<&mut Block> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.queue.get_mut(place)
    }
}

impl Block {
    fn new() -> Self {
        Self { entries: VecDeque::new(), version: 0, changed: Instant::now(), view: None }
    }

    fn touch(&mut self) {
        self.version += 1;
        self.changed = Instant::now();
    }

    fn is_stale(&self) -> bool {
        self.view.as_ref().is_none_or(|(version, _)| *version != self.version)
    }
}

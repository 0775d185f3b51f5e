use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The latest of many things: a bounded number of them, of which the oldest are dropped first.
#[derive(Debug)]
pub(crate) struct RingBuffer<T> {
    items: Mutex<VecDeque<T>>,
    capacity: usize,
    revision: AtomicU64,
}

impl<T: Clone> RingBuffer<T> {
    /// One that keeps `capacity` items.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { items: Mutex::default(), capacity, revision: AtomicU64::new(0) }
    }

    /// Adds one.
    pub(crate) fn push(&self, item: T) {
        let mut items = self.items();
        if items.len() == self.capacity {
            items.pop_front();
        }
        items.push_back(item);
        self.revision.fetch_add(1, Ordering::Relaxed);
    }

    /// Changes those that are `wanted`.
    pub(crate) fn change(&self, wanted: impl Fn(&T) -> bool, change: impl Fn(&mut T)) {
        self.items().iter_mut().filter(|item| wanted(item)).for_each(change);
        self.revision.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the changes.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Relaxed)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.items().len()
    }

    /// Those that are `wanted`, oldest first. Only those are copied.
    pub(crate) fn matching(&self, wanted: impl Fn(&T) -> bool) -> Vec<T> {
        self.items().iter().filter(|item| wanted(item)).cloned().collect()
    }

    /// The latest `most` of them, newest first.
    pub(crate) fn latest(&self, most: usize) -> Vec<T> {
        self.latest_matching(most, |_| true)
    }

    /// The latest `most` of those that are `wanted`, newest first.
    pub(crate) fn latest_matching(&self, most: usize, wanted: impl Fn(&T) -> bool) -> Vec<T> {
        self.items().iter().rev().filter(|item| wanted(item)).take(most).cloned().collect()
    }

    fn items(&self) -> MutexGuard<'_, VecDeque<T>> {
        // A panic elsewhere does not make what was kept wrong.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let recent = RingBuffer::new(3);
        for item in 1..=5 {
            recent.push(item);
        }
        assert_eq!(recent.len(), 3);
        assert_eq!(recent.latest(usize::MAX), [5, 4, 3]);
        assert_eq!(recent.latest(2), [5, 4]);
        assert_eq!(recent.matching(|item| item % 2 == 1), [3, 5]);
        recent.change(|item| *item == 4, |item| *item = 40);
        assert_eq!(recent.latest(usize::MAX), [5, 40, 3]);
    }
}

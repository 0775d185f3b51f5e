use std::{
    collections::VecDeque,
    fmt::Display,
    ops::Range,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Serialize;

/// The latest of many things: a bounded number of them, of which the oldest are dropped first.
#[derive(Debug)]
pub(crate) struct RingBuffer<T> {
    items: Mutex<Items<T>>,
    capacity: usize,
    revision: AtomicU64,
}

#[derive(Debug)]
struct Items<T> {
    kept: VecDeque<T>,
    /// How many were dropped, which is the number of the oldest one that is kept.
    dropped: u64,
}

/// Which page of a list is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Cut<'a> {
    /// When what is listed happened, in seconds since the epoch.
    pub(crate) range: Range<f64>,
    /// The key of the item after which the page begins; that of none for the first page.
    pub(crate) after: &'a str,
    /// How many items a page has at most.
    pub(crate) rows: usize,
}

/// A page of a list, the newest item first.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Page<T> {
    /// The items, each with what distinguishes it from all others.
    pub(crate) rows: Vec<(String, T)>,
    /// How many there are on all pages.
    pub(crate) count: usize,
    /// How many are kept, of any time.
    pub(crate) kept: usize,
    /// How many are on the pages before.
    pub(crate) offset: usize,
    /// After which item the page before begins: empty for the first page, nothing where there is none.
    pub(crate) newer: Option<String>,
}

impl<T: Clone> RingBuffer<T> {
    /// One that keeps `capacity` items.
    pub(crate) fn new(capacity: usize) -> Self {
        let items = Items { kept: VecDeque::new(), dropped: 0 };
        Self { items: Mutex::new(items), capacity, revision: AtomicU64::new(0) }
    }

    /// Adds one.
    pub(crate) fn push(&self, item: T) {
        let mut items = self.items();
        if items.kept.len() == self.capacity {
            items.kept.pop_front();
            items.dropped += 1;
        }
        items.kept.push_back(item);
        self.revision.fetch_add(1, Ordering::Relaxed);
    }

    /// Changes those that are `wanted`.
    pub(crate) fn change(&self, wanted: impl Fn(&T) -> bool, change: impl Fn(&mut T)) {
        self.items().kept.iter_mut().filter(|item| wanted(item)).for_each(change);
        self.revision.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the changes.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Relaxed)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.items().kept.len()
    }

    /// Those that are `wanted`, oldest first. Only those are copied.
    pub(crate) fn matching(&self, wanted: impl Fn(&T) -> bool) -> Vec<T> {
        self.items().kept.iter().filter(|item| wanted(item)).cloned().collect()
    }

    /// Those that are `wanted`, oldest first, each with its number, which no other one ever has.
    pub(crate) fn numbered(&self, wanted: impl Fn(&T) -> bool) -> Vec<(u64, T)> {
        let items = self.items();
        items.numbered(wanted).map(|(number, item)| (number, item.clone())).collect()
    }

    /// The latest `most` of them, newest first.
    pub(crate) fn latest(&self, most: usize) -> Vec<T> {
        self.items().kept.iter().rev().take(most).cloned().collect()
    }

    /// A page of those that are `wanted`, by their times in milliseconds. Each is known by its number.
    pub(crate) fn page(
        &self,
        cut: &Cut<'_>,
        wanted: impl Fn(&T) -> bool,
        time: impl Fn(&T) -> i64,
    ) -> Page<T> {
        cut.page(self.items().numbered(wanted), time)
    }

    fn items(&self) -> MutexGuard<'_, Items<T>> {
        // A panic elsewhere does not make what was kept wrong.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Items<T> {
    fn numbered(&self, wanted: impl Fn(&T) -> bool) -> impl Iterator<Item = (u64, &T)> {
        (self.dropped..).zip(&self.kept).filter(move |(_, item)| wanted(item))
    }
}

impl Cut<'_> {
    /// The page of `items`, which come in their order, each with its key. Those of one time stay in it.
    pub(crate) fn page<'t, K: Display, T: Clone + 't>(
        &self,
        items: impl Iterator<Item = (K, &'t T)>,
        time: impl Fn(&T) -> i64,
    ) -> Page<T> {
        let mut found: Vec<_> = items.map(|(key, item)| (time(item), key, item)).collect();
        let kept = found.len();
        #[expect(clippy::cast_precision_loss, reason = "times are far smaller")]
        found.retain(|(millis, ..)| self.range.contains(&(*millis as f64 / 1000.0)));
        // The last of one time is the newest one.
        found.reverse();
        found.sort_by_key(|(millis, ..)| std::cmp::Reverse(*millis));
        let last = (!self.after.is_empty())
            .then(|| found.iter().position(|(_, key, _)| key.to_string() == self.after))
            .flatten();
        let offset = last.map_or(0, |last| last + 1);
        let shown = found.iter().skip(offset).take(self.rows);
        Page {
            rows: shown.map(|(_, key, item)| (key.to_string(), T::clone(item))).collect(),
            count: found.len(),
            kept,
            offset,
            newer: newer(offset, self.rows, |before| found[before].1.to_string()),
        }
    }
}

/// After which item the page before that at `offset` begins: empty for the first page, nothing where there is none.
pub(crate) fn newer(offset: usize, rows: usize, key: impl Fn(usize) -> String) -> Option<String> {
    (offset > 0).then(|| offset.checked_sub(rows + 1).map_or_else(String::new, key))
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

    #[test]
    fn pages_follow_each_other_by_time_and_then_by_arrival() {
        let recent = RingBuffer::new(7);
        // What arrived late has an earlier time.
        for (name, millis) in
            [("gone", 0), ("a", 1000), ("b", 3000), ("c", 2000), ("d", 3000), ("e", 4000)]
        {
            recent.push((name, millis));
        }
        recent.push(("skipped", 3500));
        recent.push(("future", 9000));
        let page = |after: &str, rows, range| {
            let page =
                recent.page(&Cut { range, after, rows }, |item| item.0 != "skipped", |item| item.1);
            let names: Vec<_> = page.rows.iter().map(|(_, item)| item.0).collect();
            let last = page.rows.last().map(|(key, _)| key.clone()).unwrap_or_default();
            (names.join(" "), page.count, page.offset, page.newer, last)
        };
        let newer = |key: &str| Some(key.to_owned());
        for (after, rows, range, expected) in [
            ("", 2, 0.0..8.0, ("e d", 5, 0, None, "4")),
            ("4", 2, 0.0..8.0, ("b c", 5, 2, newer(""), "3")),
            ("3", 2, 0.0..8.0, ("a", 5, 4, newer("4"), "1")),
            ("3", 9, 0.0..8.0, ("a", 5, 4, newer(""), "1")),
            // The range ends before its end, and what is not there is as if nothing were asked for.
            ("0", 9, 2.0..4.0, ("d b c", 3, 0, None, "3")),
            ("x", 1, 0.0..f64::INFINITY, ("future", 6, 0, None, "7")),
            ("", 0, 0.0..8.0, ("", 5, 0, None, "")),
            ("", 5, 5.0..6.0, ("", 0, 0, None, "")),
        ] {
            let (names, count, offset, newer, last) = expected;
            let expected = (names.to_owned(), count, offset, newer, last.to_owned());
            assert_eq!(page(after, rows, range.clone()), expected, "{after} {rows} {range:?}");
        }
    }
}

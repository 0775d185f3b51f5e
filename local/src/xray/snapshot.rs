use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use super::{entry::Entry, graph::Graph, outline::Outline, tally::Tally, trace::Trace};

/// The traces of a store as they were when somebody asked. Those that come later change nothing of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot(
    /// The newest first.
    Vec<Arc<View>>,
);

/// A trace that is there, by its outline.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) outline: Arc<Outline>,
    entry: Arc<Entry>,
}

/// Some traces that arrived one after the other, with what many ask of them.
#[derive(Debug)]
pub(super) struct View {
    /// The newest first.
    traces: Box<[Found]>,
    /// Which of them have links.
    linked: Box<[usize]>,
    starts: (f64, f64),
    ends: (f64, f64),
    tally: OnceLock<Tally>,
}

/// Which traces count, by their times in seconds since the epoch.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    began: Range<f64>,
    ended_from: f64,
}

impl Default for Window {
    /// All of them.
    fn default() -> Self {
        Self::began_in(f64::NEG_INFINITY..f64::INFINITY)
    }
}

impl Window {
    /// Those that began within `range`.
    pub(crate) fn began_in(range: Range<f64>) -> Self {
        Self { began: range, ended_from: f64::NEG_INFINITY }
    }

    /// Those that something was done of between `start` and `end`.
    pub(super) fn active_between(start: f64, end: f64) -> Self {
        Self { began: f64::NEG_INFINITY..end, ended_from: start }
    }

    fn has(&self, trace: &Outline) -> bool {
        self.began.contains(&trace.start) && trace.end() >= self.ended_from
    }

    fn has_all_of(&self, view: &View) -> bool {
        let ((first, last), (first_end, _)) = (view.starts, view.ends);
        self.began.contains(&first) && self.began.contains(&last) && first_end >= self.ended_from
    }

    fn has_any_of(&self, view: &View) -> bool {
        let ((first, last), (_, last_end)) = (view.starts, view.ends);
        first < self.began.end && last >= self.began.start && last_end >= self.ended_from
    }
}

impl Snapshot {
    pub(super) fn new(newest_first: Vec<Arc<View>>) -> Self {
        Self(newest_first)
    }

    /// All traces, newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Found> {
        self.0.iter().flat_map(|view| &view.traces)
    }

    /// Those in a window, newest first.
    pub(crate) fn within<'a>(&'a self, window: &'a Window) -> impl Iterator<Item = &'a Found> {
        let views = self.0.iter().filter(|view| window.has_any_of(view));
        views.flat_map(move |view| {
            let all = window.has_all_of(view);
            view.traces.iter().filter(move |trace| all || window.has(&trace.outline))
        })
    }

    /// The outlines of those in a window that have links from segment to segment.
    pub(super) fn linked<'a>(&'a self, window: &'a Window) -> impl Iterator<Item = &'a Outline> {
        let linked = |view: &'a Arc<View>| {
            view.linked.iter().map(move |place| &*view.traces[*place].outline)
        };
        self.0.iter().flat_map(linked).filter(|outline| window.has(outline))
    }

    /// The graph of those in a window.
    pub(crate) fn graph(&self, window: &Window) -> Graph {
        let views = self.0.iter().filter(|view| window.has_any_of(view));
        let (whole, cut): (Vec<_>, Vec<_>) = views.partition(|view| window.has_all_of(view));
        let outlines = cut.iter().flat_map(|view| &view.traces).map(|trace| &*trace.outline);
        let cut = Tally::of(outlines.filter(|outline| window.has(outline)));
        let parts = whole.iter().map(|view| view.tally()).chain([&cut]);
        Graph::from(Tally::sum(parts))
    }
}

impl From<Found> for Snapshot {
    fn from(found: Found) -> Self {
        Self(vec![Arc::new(View::new(vec![found]))])
    }
}

impl View {
    /// The traces, newest first.
    pub(super) fn new(traces: Vec<Found>) -> Self {
        let range = |time: fn(&Outline) -> f64| {
            let times = traces.iter().map(|trace| time(&trace.outline));
            let empty = (f64::INFINITY, f64::NEG_INFINITY);
            times.fold(empty, |(first, last), time| (first.min(time), last.max(time)))
        };
        let (starts, ends) = (range(|trace| trace.start), range(Outline::end));
        let linked =
            traces.iter().enumerate().filter(|(_, trace)| !trace.outline.linked.is_empty());
        let linked = linked.map(|(place, _)| place).collect();
        Self { traces: traces.into(), linked, starts, ends, tally: OnceLock::new() }
    }

    /// What the traces have for graphs, counted when it is asked for.
    pub(super) fn tally(&self) -> &Tally {
        self.tally.get_or_init(|| Tally::of(self.traces.iter().map(|trace| &*trace.outline)))
    }
}

impl Found {
    pub(super) fn new(outline: Arc<Outline>, entry: Arc<Entry>) -> Self {
        Self { outline, entry }
    }

    /// The trace, put together.
    pub(crate) fn trace(&self) -> Arc<Trace> {
        self.entry.trace().0
    }

    pub(super) fn entry(&self) -> &Entry {
        &self.entry
    }
}

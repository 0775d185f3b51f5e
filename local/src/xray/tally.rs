use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    histogram::Histogram, names::Named, outline::Outline, sample::Sample, statistics::Statistics,
};

/// How many traces are counted at once. What they have is then put in order, which costs less for few.
const AT_ONCE: usize = if cfg!(test) { 3 } else { 2048 };

/// What traces say of services and of the calls between them, counted. Tallies are added up to graphs.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) services: Vec<(Arc<Named>, Service)>,
    /// Each with the places of the caller and of the callee in `services`.
    pub(super) edges: Vec<(usize, usize, Edge)>,
}

/// A node of the map, by its segments.
#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) root: bool,
    pub(super) client: bool,
    pub(super) reports: bool,
    pub(super) statistics: Statistics,
    pub(super) durations: Histogram,
    pub(super) span: Span,
}

/// The calls from one service to another.
#[derive(Debug, Default)]
pub(super) struct Edge {
    pub(super) statistics: Statistics,
    /// By their numbers.
    pub(super) aliases: BTreeMap<usize, Arc<Named>>,
}

/// The seconds in which the traces of a service began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) first: f64,
    pub(super) last: f64,
}

/// A tally in the making. Services and edges stand in tables, because each is found for every segment and call of a
/// hundred thousand traces.
#[derive(Default)]
struct Counter {
    tally: Tally,
    /// Where the service of each number stands.
    places: Vec<Option<usize>>,
    /// Where the edge from one place to another stands.
    edge_places: HashMap<(usize, usize), usize>,
}

impl Tally {
    /// The tally of some traces.
    pub(super) fn of<'a>(outlines: impl IntoIterator<Item = &'a Outline>) -> Self {
        let mut outlines = outlines.into_iter().peekable();
        let mut sum = Counter::default();
        while outlines.peek().is_some() {
            let mut part = Counter::default();
            outlines.by_ref().take(AT_ONCE).for_each(|outline| part.count(outline));
            let part = part.finish();
            if outlines.peek().is_none() && sum.tally.services.is_empty() {
                return part;
            }
            sum.add(&part);
        }
        sum.finish()
    }

    /// The tally of everything that `parts` are the tallies of.
    pub(super) fn sum<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sum = Counter::default();
        parts.into_iter().for_each(|part| sum.add(part));
        sum.finish()
    }
}

impl Counter {
    fn count(&mut self, outline: &Outline) {
        let second = Span { first: outline.second, last: outline.second };
        for part in &outline.topology.services {
            let place = self.service(&part.service, second);
            let service = &mut self.tally.services[place].1;
            service.root |= part.entry;
            service.reports |= part.is_sent;
            service.add(&part.segment, part.duration);
        }
        for call in &outline.topology.calls {
            let target = self.service(&call.target, second);
            let source = self.service(&call.source, second);
            self.tally.services[source].1.client |= call.by_client;
            let edge = self.edge(source, target);
            edge.statistics.add(&call.side);
            call.alias.iter().for_each(|alias| edge.add_alias(alias));
        }
    }

    fn add(&mut self, part: &Tally) {
        let places = part.services.iter().map(|(named, service)| {
            let place = self.service(named, service.span);
            self.tally.services[place].1.merge(service);
            place
        });
        let places: Vec<_> = places.collect();
        for (source, target, other) in &part.edges {
            let edge = self.edge(places[*source], places[*target]);
            edge.statistics.merge(&other.statistics);
            other.aliases.values().for_each(|alias| edge.add_alias(alias));
        }
    }

    /// Where a service stands, whose traces began within `span`.
    fn service(&mut self, named: &Arc<Named>, span: Span) -> usize {
        if self.places.len() <= named.number {
            self.places.resize(named.number + 1, None);
        }
        let services = &mut self.tally.services;
        let place = *self.places[named.number].get_or_insert_with(|| {
            services.push((Arc::clone(named), Service::default()));
            services.len() - 1
        });
        let known = &mut services[place].1.span;
        *known = known.or(span);
        place
    }

    fn edge(&mut self, source: usize, target: usize) -> &mut Edge {
        let edges = &mut self.tally.edges;
        let place = *self.edge_places.entry((source, target)).or_insert_with(|| {
            edges.push((source, target, Edge::default()));
            edges.len() - 1
        });
        &mut edges[place].2
    }

    fn finish(mut self) -> Tally {
        for (_, service) in &mut self.tally.services {
            service.statistics.finish();
            service.durations.finish();
        }
        for (_, _, edge) in &mut self.tally.edges {
            edge.statistics.finish();
        }
        self.tally
    }
}

impl Service {
    fn add(&mut self, segment: &Sample, duration: f64) {
        self.statistics.add(segment);
        if segment.end.is_some() {
            self.durations.add(duration);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.root |= other.root;
        self.client |= other.client;
        self.reports |= other.reports;
        self.statistics.merge(&other.statistics);
        self.durations.merge(&other.durations);
        self.span = self.span.or(other.span);
    }
}

impl Edge {
    fn add_alias(&mut self, alias: &Arc<Named>) {
        self.aliases.entry(alias.number).or_insert_with(|| Arc::clone(alias));
    }
}

impl Span {
    /// What covers both.
    pub(super) fn or(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }
}

impl Default for Span {
    fn default() -> Self {
        Self { first: f64::INFINITY, last: f64::NEG_INFINITY }
    }
}

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use super::{
    names::{Named, Names},
    outline::Outline,
    service_id::{REMOTE, ServiceId},
    statistics::{Histogram, Statistics},
    trace::Trace,
};

/// A service graph: who called whom, how often, how fast, how well. See
/// <https://docs.aws.amazon.com/xray/latest/api/API_GetServiceGraph.html>.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    services: BTreeMap<ServiceId, Service>,
}

/// A graph that is being put together. Services and edges stand in tables, because each is found for every segment and
/// call of a hundred thousand traces.
#[derive(Default)]
struct Builder<'a> {
    services: Vec<(&'a ServiceId, Service)>,
    /// Where the service of each number stands.
    places: Vec<Option<usize>>,
    edges: Vec<(usize, usize, Edge)>,
    /// Where the edge from one place to another stands.
    edge_places: HashMap<(usize, usize), usize>,
}

#[derive(Debug, Default)]
struct Service {
    root: bool,
    client: bool,
    reports: bool,
    statistics: Statistics,
    durations: Histogram,
    span: Span,
    edges: BTreeMap<ServiceId, Edge>,
}

#[derive(Debug, Default)]
struct Edge {
    statistics: Statistics,
    aliases: BTreeSet<ServiceId>,
}

/// The seconds in which the traces of a service began.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: f64,
    last: f64,
}

impl Graph {
    /// The graph of `traces`.
    pub(crate) fn of<'a>(traces: impl IntoIterator<Item = &'a Trace>) -> Self {
        let names = Names::default();
        let outlines: Vec<_> =
            traces.into_iter().map(|trace| Outline::of(trace, &mut names.lock())).collect();
        Self::of_outlines(&outlines)
    }

    /// The graph of the traces that these are outlines of.
    pub(crate) fn of_outlines<'a>(outlines: impl IntoIterator<Item = &'a Outline>) -> Self {
        let mut builder = Builder::default();
        for outline in outlines {
            builder.add(outline);
        }
        builder.build()
    }

    /// When the first and the last of the traces began, in seconds; `None` without traces.
    pub(super) fn span(&self) -> Option<(f64, f64)> {
        let spans = self.services.values().map(|service| service.span);
        let joined =
            spans.reduce(|a, b| Span { first: a.first.min(b.first), last: a.last.max(b.last) });
        joined.map(|span| (span.first, span.last))
    }

    /// The `Services` of an answer.
    pub(crate) fn services(&self) -> Value {
        self.to_json(true)
    }

    /// The `Services` of the graph of single traces, which X-Ray answers without times.
    pub(super) fn services_without_times(&self) -> Value {
        self.to_json(false)
    }

    fn to_json(&self, times: bool) -> Value {
        let places: BTreeMap<&ServiceId, usize> = self.services.keys().zip(0..).collect();
        let services = self.services.iter().zip(0..).map(|((id, service), place): (_, usize)| {
            let mut shown = id.to_json();
            shown["ReferenceId"] = place.into();
            shown["State"] = service.state(id).into();
            if service.root {
                shown["Root"] = true.into();
            }
            if !service.client {
                shown["SummaryStatistics"] = service.statistics.summary();
                shown["DurationHistogram"] = service.durations.to_json();
                shown["ResponseTimeHistogram"] = service.statistics.histogram();
            }
            if times {
                service.span.put_into(&mut shown);
            }
            let edges = service.edges.iter().map(|(target, edge)| {
                let mut shown = json!({
                    "ReferenceId": places.get(target),
                    "SummaryStatistics": edge.statistics.summary(),
                    "ResponseTimeHistogram": edge.statistics.histogram(),
                    "Aliases": edge.aliases.iter().map(ServiceId::to_json).collect::<Vec<_>>(),
                });
                if times {
                    // X-Ray answers the times of the calling service.
                    service.span.put_into(&mut shown);
                }
                shown
            });
            shown["Edges"] = edges.collect();
            shown
        });
        services.collect()
    }
}

impl<'a> Builder<'a> {
    fn add(&mut self, outline: &'a Outline) {
        let second = outline.second;
        for part in &outline.topology.services {
            let place = self.service(&part.service, second);
            let service = &mut self.services[place].1;
            service.root |= part.entry;
            service.reports |= part.is_sent;
            service.statistics.add(&part.segment);
            if part.segment.end.is_some() {
                service.durations.add(part.duration);
            }
        }
        for call in &outline.topology.calls {
            let target = self.service(&call.target, second);
            let source = self.service(&call.source, second);
            self.services[source].1.client |= call.by_client;
            let next = self.edges.len();
            let place = *self.edge_places.entry((source, target)).or_insert(next);
            if place == next {
                self.edges.push((source, target, Edge::default()));
            }
            let edge = &mut self.edges[place].2;
            edge.statistics.add(&call.side);
            if let Some(alias) = &call.alias
                && !edge.aliases.contains(&alias.id)
            {
                edge.aliases.insert(alias.id.clone());
            }
        }
    }

    /// Where a service stands, one of whose traces began in that second.
    fn service(&mut self, named: &'a Named, second: f64) -> usize {
        if self.places.len() <= named.number {
            self.places.resize(named.number + 1, None);
        }
        let place = *self.places[named.number].get_or_insert_with(|| {
            self.services.push((&named.id, Service::default()));
            self.services.len() - 1
        });
        let span = &mut self.services[place].1.span;
        (span.first, span.last) = (span.first.min(second), span.last.max(second));
        place
    }

    fn build(self) -> Graph {
        let ids: Vec<_> = self.services.iter().map(|(id, _)| *id).collect();
        let mut services: Vec<_> = self.services.into_iter().map(|(_, service)| service).collect();
        for (source, target, edge) in self.edges {
            services[source].edges.insert(ids[target].clone(), edge);
        }
        Graph { services: ids.into_iter().cloned().zip(services).collect() }
    }
}

impl Service {
    fn state(&self, id: &ServiceId) -> &'static str {
        match id.kind.as_deref() {
            _ if self.reports => "active",
            Some(REMOTE) => "passive",
            _ => "unknown",
        }
    }
}

impl Default for Span {
    fn default() -> Self {
        Self { first: f64::INFINITY, last: f64::NEG_INFINITY }
    }
}

impl Span {
    /// The end is that of the last second.
    fn put_into(self, shown: &mut Value) {
        shown["StartTime"] = self.first.into();
        shown["EndTime"] = (self.last + 1.0).into();
    }
}

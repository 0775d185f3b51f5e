use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    node::Kind,
    service_id::{REMOTE, ServiceId},
    statistics::{Histogram, Statistics},
    topology::Topology,
    trace::Trace,
};

/// A service graph: who called whom, how often, how fast, how well. See
/// <https://docs.aws.amazon.com/xray/latest/api/API_GetServiceGraph.html>.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    services: BTreeMap<ServiceId, Service>,
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
        let mut graph = Self::default();
        for trace in traces {
            graph.add(trace);
        }
        graph
    }

    fn add(&mut self, trace: &Trace) {
        let topology = Topology::of(trace);
        let second = trace.root().map_or(trace.start(), |root| root.start).floor();
        for part in topology.services {
            let service = self.service(part.id, second);
            service.root |= part.entry;
            service.reports |= part.segment.kind == Kind::Segment;
            service.statistics.add(part.segment);
            if part.segment.end.is_some() {
                service.durations.add(part.duration);
            }
        }
        for call in topology.calls {
            self.service(call.target.clone(), second);
            let source = self.service(call.source, second);
            source.client |= call.by_client;
            let edge = source.edges.entry(call.target).or_default();
            edge.statistics.add(call.node);
            edge.aliases.extend(call.alias);
        }
    }

    fn service(&mut self, id: ServiceId, second: f64) -> &mut Service {
        let service = self.services.entry(id).or_default();
        service.span.first = service.span.first.min(second);
        service.span.last = service.span.last.max(second);
        service
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

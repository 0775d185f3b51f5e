use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    names::Names,
    outline::Outline,
    service_id::{REMOTE, ServiceId},
    statistics::Statistics,
    tally::{self, Span, Tally},
    trace::Trace,
};

/// A service graph: who called whom, how often, how fast, how well. See
/// <https://docs.aws.amazon.com/xray/latest/api/API_GetServiceGraph.html>.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    services: BTreeMap<ServiceId, Service>,
}

#[derive(Debug)]
struct Service {
    node: tally::Service,
    edges: BTreeMap<ServiceId, Edge>,
}

#[derive(Debug)]
struct Edge {
    statistics: Statistics,
    aliases: BTreeSet<ServiceId>,
}

impl From<Tally> for Graph {
    fn from(tally: Tally) -> Self {
        let ids: Vec<_> = tally.services.iter().map(|(named, _)| named.id.clone()).collect();
        let services = tally.services.into_iter();
        let mut services: Vec<_> =
            services.map(|(_, node)| Service { node, edges: BTreeMap::new() }).collect();
        for (source, target, edge) in tally.edges {
            let aliases = edge.aliases.into_values().map(|alias| alias.id.clone()).collect();
            let edge = Edge { statistics: edge.statistics, aliases };
            services[source].edges.insert(ids[target].clone(), edge);
        }
        Self { services: ids.into_iter().zip(services).collect() }
    }
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
        Self::from(Tally::of(outlines))
    }

    /// When the first and the last of the traces began, in seconds; `None` without traces.
    pub(super) fn span(&self) -> Option<(f64, f64)> {
        let spans = self.services.values().map(|service| service.node.span);
        spans.reduce(Span::or).map(|span| (span.first, span.last))
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
            if service.node.root {
                shown["Root"] = true.into();
            }
            if !service.node.client {
                shown["SummaryStatistics"] = service.node.statistics.summary();
                shown["DurationHistogram"] = service.node.durations.to_json();
                shown["ResponseTimeHistogram"] = service.node.statistics.histogram();
            }
            if times {
                service.node.span.put_into(&mut shown);
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
                    service.node.span.put_into(&mut shown);
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
            _ if self.node.reports => "active",
            Some(REMOTE) => "passive",
            _ => "unknown",
        }
    }
}

impl Span {
    /// The end is that of the last second.
    fn put_into(self, shown: &mut Value) {
        shown["StartTime"] = self.first.into();
        shown["EndTime"] = (self.last + 1.0).into();
    }
}

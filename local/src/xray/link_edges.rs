use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use serde_json::{Value, json};

use super::{
    histogram::Histogram, node::Node, outline::Outline, service_id::ServiceId,
    statistics::Statistics, store::Store, trace::Trace, trace_id::TraceId,
};

/// The attribute that says whether a link leads to what came before (`parent`) or to what came after (`child`).
const REFERENCE: &str = "aws.xray.reserved.reference_type";
/// The most links of one trace
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html>).
const MAX_LINKS: usize = 100;

/// A link between two traces.
pub(super) struct Link {
    /// The trace that came first, and the service in it.
    pub(super) from: (String, ServiceId),
    /// The trace that goes on, and the service in it.
    pub(super) to: (String, ServiceId),
    /// How long what was sent took to be taken, in seconds.
    age: f64,
}

/// A link of a trace to another one, as its outline has it.
#[derive(Debug)]
pub(super) struct Linked {
    other: TraceId,
    /// The segment or subsegment of the other trace.
    there: Box<str>,
    /// Whether the other trace came after.
    is_child: bool,
    here: End,
    /// The other end, and in which revision of the other trace it was found.
    found: Mutex<Option<(u32, Option<End>)>>,
}

/// One end of a link.
#[derive(Clone, Debug)]
struct End {
    service: ServiceId,
    /// When what it is an end for began, and when that ended.
    times: (f64, Option<f64>),
}

/// The links of a trace, whether or not the other traces are there.
pub(super) fn linked(trace: &Trace) -> Box<[Linked]> {
    let mut found = Vec::new();
    for node in &trace.nodes {
        let named = node.body.get("links").and_then(Value::as_array).into_iter().flatten();
        found.extend(named.filter_map(|link| {
            Some(Linked {
                other: TraceId::parse(link["trace_id"].as_str()?)?,
                there: link["id"].as_str()?.to_ascii_lowercase().into(),
                is_child: link["attributes"][REFERENCE] == "child",
                here: End::of(trace, node)?,
                found: Mutex::default(),
            })
        }));
    }
    found.truncate(MAX_LINKS);
    found.into()
}

/// The links between `traces`. Links to other traces lead to nothing that a graph of these could show.
pub(super) fn links(traces: &[&Trace]) -> Vec<Link> {
    let by_id: HashMap<_, &Trace> =
        traces.iter().filter_map(|trace| Some((TraceId::parse(&trace.id)?, *trace))).collect();
    let mut links = Vec::new();
    for trace in traces {
        let linked = linked(trace).into_iter();
        links.extend(linked.filter_map(|link| {
            let other = End::find(by_id.get(&link.other)?, &link.there)?;
            Some(link.with(&trace.id, other))
        }));
    }
    links
}

/// The links of the traces that these are outlines of, as far as `store` has the others.
pub(super) fn links_of<'a>(
    outlines: impl Iterator<Item = &'a Outline>,
    store: &Store,
) -> Vec<Link> {
    let mut links = Vec::new();
    for outline in outlines {
        let linked = outline.linked.iter();
        links.extend(linked.filter_map(|link| Some(link.with(&outline.id(), link.find(store)?))));
    }
    links
}

impl Linked {
    /// The other end. It is looked for again only where the other trace changed.
    fn find(&self, store: &Store) -> Option<End> {
        let other = self.other.to_string();
        let revision = store.revision_of(&other)?;
        // A panic elsewhere does not make what was found wrong.
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, end)) = found.as_ref().filter(|(known, _)| *known == revision) {
            return end.clone();
        }
        let trace = store.trace(&other)?;
        let end = End::find(&trace, &self.there);
        *found = Some((trace.revision, end.clone()));
        end
    }

    fn with(&self, trace: &str, other: End) -> Link {
        let here = (trace.to_owned(), self.here.clone());
        let there = (self.other.to_string(), other);
        let (from, to) = if self.is_child { (here, there) } else { (there, here) };
        let age = from.1.times.1.map_or(0.0, |end| (to.1.times.0 - end).max(0.0));
        Link { from: (from.0, from.1.service), to: (to.0, to.1.service), age }
    }
}

impl End {
    fn of(trace: &Trace, node: &Node) -> Option<Self> {
        Some(Self { service: service(trace, node)?, times: (node.start, node.end) })
    }

    fn find(trace: &Trace, id: &str) -> Option<Self> {
        Self::of(trace, trace.nodes.iter().find(|node| node.id == id)?)
    }
}

/// The service that a node belongs to: for the call of a queue, the queue.
fn service(trace: &Trace, node: &Node) -> Option<ServiceId> {
    let inferred = node.children.iter().map(|child| &trace.nodes[*child]);
    let mut inferred = inferred.filter(|child| child.kind == super::node::Kind::Inferred);
    let owner = inferred.next().unwrap_or_else(|| trace.owner(node));
    owner.is_segment().then(|| ServiceId::of(owner))
}

/// Adds links to the `Services` of a graph, as edges of their own type with the ages of what was received. See
/// <https://docs.aws.amazon.com/xray/latest/api/API_Edge.html>.
pub(super) fn add_to(services: &mut Value, links: &[Link]) {
    let mut edges: BTreeMap<(&ServiceId, &ServiceId), Histogram> = BTreeMap::new();
    for link in links {
        edges.entry((&link.from.1, &link.to.1)).or_default().add(link.age);
    }
    for ((from, to), ages) in edges {
        let (Some(from), Some(to)) = (place(services, from), place(services, to)) else { continue };
        let statistics = Statistics::default();
        let mut edge = json!({
            "ReferenceId": to,
            "SummaryStatistics": statistics.summary(),
            "ResponseTimeHistogram": statistics.histogram(),
            "Aliases": [],
            "EdgeType": "link",
            "ReceivedEventAgeHistogram": ages.to_json(),
        });
        let caller = &mut services[from];
        for time in ["StartTime", "EndTime"] {
            if let Some(value) = caller.get(time) {
                edge[time] = value.clone();
            }
        }
        if let Some(edges) = caller["Edges"].as_array_mut() {
            edges.push(edge);
        }
    }
}

/// Where in an answer a service stands, which is its `ReferenceId`.
fn place(services: &Value, id: &ServiceId) -> Option<usize> {
    services.as_array()?.iter().position(|service| id.is_shown_as(service))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::xray::{Graph, Store, Window};

    const SENT: &str = "1-5759e988-bd862e3fe1be46a994272793";
    const TAKEN: &str = "1-5759e988-bd862e3fe1be46a994272794";

    fn graph(reference: &str) -> Value {
        let store = Store::new(10);
        let link = |trace_id: &str, id: &str, reference: &str| json!([{ "trace_id": trace_id, "id": id, "attributes": { REFERENCE: reference } }]);
        let mut sent = json!({
            "id": "0000000000000001", "trace_id": SENT, "name": "shop", "start_time": 1.0, "end_time": 2.0,
            "subsegments": [{
                "id": "0000000000000002", "name": "SQS", "namespace": "aws", "start_time": 1.0, "end_time": 1.5,
                "aws": { "operation": "SendMessage", "queue_url": "https://sqs/q" },
            }],
        });
        let mut taken = json!({
            "id": "0000000000000003", "trace_id": TAKEN, "name": "worker", "origin": "AWS::Lambda",
            "start_time": 3.5, "end_time": 4.0,
        });
        match reference {
            "child" => sent["subsegments"][0]["links"] = link(TAKEN, "0000000000000003", "child"),
            other => taken["links"] = link(SENT, "0000000000000002", other),
        }
        for document in [sent, taken] {
            store.put(&document.to_string()).unwrap();
        }
        let traces: Vec<Arc<Trace>> =
            [SENT, TAKEN].iter().filter_map(|id| store.trace(id)).collect();
        let traces: Vec<&Trace> = traces.iter().map(Arc::as_ref).collect();
        let mut services = Graph::of(traces.iter().copied()).services();
        add_to(&mut services, &links(&traces));
        // The graph of a time has the same edge, and a group that lacks one of the traces has none.
        let edges = |outlines: &[&Outline]| {
            let mut services = Graph::of_outlines(outlines.iter().copied()).services();
            add_to(&mut services, &links_of(outlines.iter().copied(), &store));
            services
                .as_array()
                .into_iter()
                .flatten()
                .map(|service| service["Edges"].clone())
                .collect::<Vec<_>>()
        };
        let (all, window) = (store.all(), Window::default());
        let outlines: Vec<_> = all.iter().map(|found| &*found.outline).collect();
        let shown = services.as_array().unwrap().iter().map(|service| service["Edges"].clone());
        assert_eq!(edges(&outlines), shown.collect::<Vec<_>>());
        assert_eq!(all.linked(&window).count(), 1);
        assert!(
            edges(&outlines[..1])
                .iter()
                .flat_map(|edges| edges.as_array().unwrap())
                .all(|edge| edge["EdgeType"].is_null())
        );
        // Without the other trace there is no edge, and no harm.
        let mut alone = Graph::of([traces[1]]).services();
        add_to(&mut alone, &links(&traces[1..]));
        assert_eq!(alone[0]["Edges"], json!([]));
        services
    }

    #[test]
    fn a_queue_is_linked_to_whoever_takes_its_messages() {
        for reference in ["parent", "child", ""] {
            let services = graph(reference);
            let find = |kind: &str| {
                let mut all = services.as_array().unwrap().iter();
                all.find(|service| service["Type"] == kind).unwrap()
            };
            let [edge] = &find("AWS::SQS::Queue")["Edges"].as_array().unwrap()[..] else {
                panic!("{reference}: {services:#}")
            };
            assert_eq!(
                (&edge["EdgeType"], &edge["ReferenceId"]),
                (&json!("link"), &find("AWS::Lambda")["ReferenceId"])
            );
            assert_eq!(edge["ReceivedEventAgeHistogram"], json!([{ "Value": 2.0, "Count": 1 }]));
            assert_eq!(edge["SummaryStatistics"]["TotalCount"], 0);
        }
    }
}

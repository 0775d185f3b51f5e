use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::{
    histogram::Histogram, node::Node, service_id::ServiceId, statistics::Statistics, trace::Trace,
};

/// The attribute that says whether a link leads to what came before (`parent`) or to what came after (`child`).
const REFERENCE: &str = "aws.xray.reserved.reference_type";

/// A link between two traces.
pub(super) struct Link {
    /// The trace that came first, and the service in it.
    pub(super) from: (String, ServiceId),
    /// The trace that goes on, and the service in it.
    pub(super) to: (String, ServiceId),
    /// How long what was sent took to be taken, in seconds.
    age: f64,
}

/// The links between `traces`. Links to other traces lead to nothing that a graph of these could show.
pub(super) fn links(traces: &[&Trace]) -> Vec<Link> {
    let by_id: HashMap<&str, &Trace> =
        traces.iter().map(|trace| (trace.id.as_str(), *trace)).collect();
    let mut links = Vec::new();
    for trace in traces {
        for node in &trace.nodes {
            let named = node.body.get("links").and_then(Value::as_array).into_iter().flatten();
            let found = named.filter_map(|link| {
                let text = |name: &str| link[name].as_str().map(str::to_ascii_lowercase);
                let other = by_id.get(text("trace_id")?.as_str())?;
                let there =
                    other.nodes.iter().find(|node| Some(&node.id) == text("id").as_ref())?;
                let is_child = link["attributes"][REFERENCE] == "child";
                let (here, there) = ((*trace, node), (*other, there));
                Some(if is_child { Link::new(here, there) } else { Link::new(there, here) })
            });
            links.extend(found.flatten());
        }
    }
    links
}

impl Link {
    fn new(from: (&Trace, &Node), to: (&Trace, &Node)) -> Option<Self> {
        let age = from.1.end.map_or(0.0, |end| (to.1.start - end).max(0.0));
        let service =
            |(trace, node): (&Trace, &Node)| Some((trace.id.clone(), service(trace, node)?));
        Some(Self { from: service(from)?, to: service(to)?, age })
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
    use crate::xray::{Graph, Store};

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

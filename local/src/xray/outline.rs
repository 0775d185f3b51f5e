use std::sync::Arc;

use serde_json::Value;

use super::{
    flags::Flags,
    link_edges::{Linked, linked},
    links::{Link, links},
    names::{Known, Named},
    node::{Kind, Node},
    root_causes::RootCauses,
    sample::Sample,
    service_id::ServiceId,
    summary::is_partial,
    topology::Topology,
    trace::Trace,
    trace_id::TraceId,
};

/// The texts of any document that filters look for.
pub(super) const TEXTS: [&str; 4] =
    ["/user", "/aws/ec2/availability_zone", "/aws/ec2/instance_id", "/resource_arn"];
/// The texts of the root that they look for.
pub(super) const ROOT_TEXTS: [&str; 4] = [
    "/http/request/url",
    "/http/request/method",
    "/http/request/user_agent",
    "/http/request/client_ip",
];

/// What graphs, statistics, lists and filters ask of a trace. It takes a hundredth of what the trace takes when it is put
/// together, so a store keeps it for each.
#[derive(Debug)]
pub(crate) struct Outline {
    pub(super) id: TraceId,
    /// Seconds since the epoch at which the earliest part began.
    pub(crate) start: f64,
    /// From the earliest begin to the latest end of anything, in seconds.
    pub(crate) duration: f64,
    /// The same as X-Ray answers it; nothing while something is in progress.
    pub(super) known_duration: Option<f64>,
    /// The second in which it began.
    pub(super) second: f64,
    /// Whether a part is missing or in progress, as summaries say it.
    pub(super) is_partial: bool,
    /// Whether a service was inferred.
    pub(super) has_inferred: bool,
    pub(super) root: Option<Root>,
    pub(super) topology: Topology,
    /// The different values of each annotation.
    pub(super) annotations: Box<[(Arc<str>, Scalar)]>,
    /// The different [`TEXTS`], each with its number.
    pub(super) texts: Box<[(usize, Arc<str>)]>,
    /// The other traces that it names.
    pub(super) links: Box<[Link]>,
    /// Those of them that lead from segment to segment.
    pub(super) linked: Box<[Linked]>,
    /// Where faults, errors and time came from.
    pub(super) root_causes: RootCauses,
    /// The service where its faults began, and when: the last faulty segment that leads to no other.
    pub(super) fault: Option<(Arc<Named>, f64)>,
}

/// The segment that a trace began with.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) segment: Sample,
    /// Whether its parent is missing.
    pub(super) orphaned: bool,
    pub(super) name: Arc<str>,
    pub(super) origin: Option<Arc<str>>,
    /// Its [`ROOT_TEXTS`].
    pub(super) texts: [Option<Arc<str>>; 4],
}

/// An annotation's value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Truth(bool),
    Number(f64),
    Text(Box<str>),
}

impl Outline {
    /// The outline of `trace`.
    pub(super) fn of(trace: &Trace, known: &mut Known) -> Self {
        let start = trace.start();
        let topology = Topology::of(trace, known);
        let flags = trace.nodes.iter().map(|node| node.flags).fold(Flags::default(), Flags::or);
        let fault = fault(trace);
        let fault = fault.map(|node| (known.service(ServiceId::of(node)), node.start));
        Self {
            // Whatever was accepted has an id of that form.
            id: TraceId::parse(&trace.id).unwrap_or_default(),
            start,
            duration: trace.duration(),
            known_duration: trace.known_duration(),
            second: trace.root().map_or(start, |root| root.start).floor(),
            is_partial: is_partial(trace),
            has_inferred: trace.nodes.iter().any(|node| node.kind == Kind::Inferred),
            root_causes: RootCauses::of(trace, flags, known),
            root: trace.root().map(|root| Root::of(trace, root, known)),
            fault,
            topology,
            annotations: annotations(trace, known),
            texts: texts(trace, known),
            links: links(trace).into(),
            linked: linked(trace),
        }
    }

    /// Seconds since the epoch at which the last part ended.
    pub(super) fn end(&self) -> f64 {
        self.start + self.duration
    }

    /// The trace's id.
    pub(crate) fn id(&self) -> String {
        self.id.to_string()
    }

    /// Whether it is the outline of the trace with that id.
    pub(crate) fn is(&self, id: &str) -> bool {
        TraceId::parse(id) == Some(self.id)
    }

    /// The links to the trace with that id.
    pub(crate) fn links_to(&self, id: &str) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(move |link| link.id == id)
    }
}

impl Root {
    fn of(trace: &Trace, root: &Node, known: &mut Known) -> Self {
        let text = |path: &str| root.find(path).and_then(Value::as_str);
        Self {
            segment: Sample::of(trace, root, known),
            orphaned: root.orphaned,
            name: known.text(root.name()),
            origin: root.text("origin").map(|origin| known.text(origin)),
            texts: ROOT_TEXTS.map(|path| text(path).map(|text| known.text(text))),
        }
    }
}

/// The different values of each indexed annotation, of all segments and subsegments.
fn annotations(trace: &Trace, known: &mut Known) -> Box<[(Arc<str>, Scalar)]> {
    let mut found: Vec<(Arc<str>, Scalar)> = Vec::new();
    for node in &trace.nodes {
        for (key, value) in node.annotations() {
            let scalar = match value {
                Value::Bool(truth) => Some(Scalar::Truth(*truth)),
                Value::Number(number) => number.as_f64().map(Scalar::Number),
                Value::String(text) => Some(Scalar::Text(text.as_str().into())),
                _ => None,
            };
            found.extend(scalar.map(|scalar| (known.text(key), scalar)));
        }
    }
    found.sort_by(|(a, x), (b, y)| a.cmp(b).then_with(|| x.order(y)));
    found.dedup();
    found.into()
}

impl Scalar {
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        match (self, other) {
            (Self::Truth(a), Self::Truth(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Truth(_), _) | (Self::Number(_), Self::Text(_)) => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Greater,
        }
    }
}

fn texts(trace: &Trace, known: &mut Known) -> Box<[(usize, Arc<str>)]> {
    let mut found = Vec::new();
    for node in &trace.nodes {
        for (number, path) in TEXTS.iter().enumerate() {
            if let Some(text) = node.find(path).and_then(Value::as_str) {
                found.push((number, known.text(text)));
            }
        }
    }
    found.sort();
    found.dedup();
    found.into()
}

/// Where the faults of a trace began: the last faulty segment that leads to no other.
fn fault(trace: &Trace) -> Option<&Node> {
    let faulty = |node: &Node| node.is_segment() && node.end.is_some() && node.is_fault();
    let mut leads_on = vec![false; trace.nodes.len()];
    for node in trace.nodes.iter().filter(|node| faulty(node)) {
        let mut above = node.parent;
        while let Some(at) = above.filter(|at| !leads_on[*at]) {
            leads_on[at] = true;
            above = trace.nodes[at].parent;
        }
    }
    let causes = trace.nodes.iter().zip(leads_on);
    let causes = causes.filter(|(node, leads_on)| faulty(node) && !leads_on);
    causes.map(|(node, _)| node).max_by(|a, b| a.start.total_cmp(&b.start))
}

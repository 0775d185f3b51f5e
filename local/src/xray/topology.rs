use super::{
    node::{Kind, Node},
    service_id::ServiceId,
    trace::Trace,
};

/// The services of a trace and the calls between them.
#[derive(Debug)]
pub(super) struct Topology<'a> {
    pub(super) services: Vec<Part<'a>>,
    pub(super) calls: Vec<Call<'a>>,
}

/// A segment as a part of its service.
#[derive(Debug)]
pub(super) struct Part<'a> {
    /// The service.
    pub(super) id: ServiceId,
    /// Its segment, sent or inferred.
    pub(super) segment: &'a Node,
    /// Whether the trace enters here.
    pub(super) entry: bool,
    /// From the earliest begin to the latest end of the segment and of what is inside of it, in seconds.
    pub(super) duration: f64,
}

/// A call from one service to another.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The caller; the clients, where the trace enters.
    pub(super) source: ServiceId,
    /// The callee.
    pub(super) target: ServiceId,
    /// The caller's side of it where there is one, else the callee's segment.
    pub(super) node: &'a Node,
    /// The name and type that the caller knows a callee by that reports itself under another.
    pub(super) alias: Option<ServiceId>,
    /// Whether the caller is a client.
    pub(super) by_client: bool,
}

impl<'a> Topology<'a> {
    /// The topology of `trace`.
    pub(super) fn of(trace: &'a Trace) -> Self {
        let mut topology = Self { services: Vec::new(), calls: Vec::new() };
        for (at, segment) in trace.nodes.iter().enumerate() {
            if !segment.is_segment() {
                continue;
            }
            let id = ServiceId::of(segment);
            let entry = segment.parent.is_none() && !segment.orphaned;
            if entry {
                topology.calls.push(Call {
                    source: ServiceId::clients_of(&id),
                    target: id.clone(),
                    node: segment,
                    alias: None,
                    by_client: true,
                });
            } else if let Some(call) = call(trace, segment, &id) {
                topology.calls.push(call);
            }
            let duration = duration(trace, at);
            topology.services.push(Part { id, segment, entry, duration });
        }
        topology
    }
}

/// The call that the segment `answer` answers.
fn call<'a>(trace: &'a Trace, answer: &'a Node, target: &ServiceId) -> Option<Call<'a>> {
    let direct = &trace.nodes[answer.parent?];
    let caller = trace.owner(direct);
    if !caller.is_segment() {
        return None;
    }
    let is_call = matches!(direct.text("namespace"), Some("aws" | "remote"));
    let known_as = (is_call && answer.kind == Kind::Segment).then(|| ServiceId::called_by(direct));
    let alias = known_as.filter(|id| (&id.name, &id.kind) != (&target.name, &target.kind));
    Some(Call {
        source: ServiceId::of(caller),
        target: target.clone(),
        node: if direct.is_segment() { answer } else { direct },
        alias,
        by_client: false,
    })
}

fn duration(trace: &Trace, segment: usize) -> f64 {
    let (mut start, mut end) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut open = vec![segment];
    while let Some(at) = open.pop() {
        let node = &trace.nodes[at];
        start = start.min(node.start);
        end = node.end.map_or(end, |own| end.max(own));
        open.extend(node.children.iter().filter(|child| !trace.nodes[**child].is_segment()));
    }
    (end - start).max(0.0)
}

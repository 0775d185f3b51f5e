use std::sync::Arc;

use super::{
    names::{Known, Named},
    node::{Kind, Node},
    sample::Sample,
    service_id::ServiceId,
    trace::Trace,
};

/// The services of a trace and the calls between them.
#[derive(Debug)]
pub(super) struct Topology {
    pub(super) services: Box<[Part]>,
    pub(super) calls: Box<[Call]>,
}

/// A segment as a part of its service.
#[derive(Debug)]
pub(super) struct Part {
    /// The service.
    pub(super) service: Arc<Named>,
    /// Its segment, sent or inferred.
    pub(super) segment: Sample,
    /// Whether the service itself sent it.
    pub(super) is_sent: bool,
    /// Whether the trace enters here.
    pub(super) entry: bool,
    /// Whether the trace began with it.
    pub(super) is_root: bool,
    /// From the earliest begin to the latest end of the segment and of what is inside of it, in seconds.
    pub(super) duration: f64,
}

/// A call from one service to another.
#[derive(Debug)]
pub(super) struct Call {
    /// The caller; the clients, where the trace enters.
    pub(super) source: Arc<Named>,
    /// The callee.
    pub(super) target: Arc<Named>,
    /// The caller's side of it where there is one, else the callee's segment.
    pub(super) side: Sample,
    /// The name and type that the caller knows a callee by that reports itself under another.
    pub(super) alias: Option<Arc<Named>>,
    /// Whether the caller is a client.
    pub(super) by_client: bool,
    /// Whether the callee is what the trace began with.
    pub(super) to_root: bool,
}

impl Topology {
    /// The topology of `trace`.
    pub(super) fn of(trace: &Trace, known: &mut Known) -> Self {
        let (mut services, mut calls) = (Vec::new(), Vec::new());
        let root = trace.root_index();
        for (at, segment) in trace.nodes.iter().enumerate() {
            if !segment.is_segment() {
                continue;
            }
            let id = ServiceId::of(segment);
            let service = known.service(id.clone());
            let entry = segment.parent.is_none() && !segment.orphaned;
            let (target, to_root) = (Arc::clone(&service), root == Some(at));
            if entry {
                let source = known.service(ServiceId::clients_of(&id));
                let side = Sample::of(trace, segment, known);
                calls.push(Call { source, target, side, alias: None, by_client: true, to_root });
            } else if let Some((caller, side, alias)) = call(trace, segment, &id) {
                calls.push(Call {
                    source: known.service(ServiceId::of(caller)),
                    target,
                    side: Sample::of(trace, side, known),
                    alias: alias.map(|alias| known.service(alias)),
                    by_client: false,
                    to_root,
                });
            }
            services.push(Part {
                service,
                segment: Sample::of(trace, segment, known),
                is_sent: segment.kind == Kind::Segment,
                entry,
                is_root: root == Some(at),
                duration: duration(trace, at),
            });
        }
        Self { services: services.into(), calls: calls.into() }
    }
}

/// The call that the segment `answer` answers: the caller's segment, its side of the call, and what it knows the callee as.
fn call<'a>(
    trace: &'a Trace,
    answer: &'a Node,
    target: &ServiceId,
) -> Option<(&'a Node, &'a Node, Option<ServiceId>)> {
    let direct = &trace.nodes[answer.parent?];
    let caller = trace.owner(direct);
    if !caller.is_segment() {
        return None;
    }
    let is_call = matches!(direct.text("namespace"), Some("aws" | "remote"));
    let known_as = (is_call && answer.kind == Kind::Segment).then(|| ServiceId::called_by(direct));
    let alias = known_as.filter(|id| (&id.name, &id.kind) != (&target.name, &target.kind));
    Some((caller, if direct.is_segment() { answer } else { direct }, alias))
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

use std::collections::HashMap;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    flags::Flags,
    node::{Kind, Node},
    service_id::called_type,
    trace::Trace,
};

/// What an inferred segment has in common with the call that it is inferred from.
const COMMON: [&str; 9] =
    ["name", "start_time", "end_time", "in_progress", "http", "aws", "error", "fault", "throttle"];

/// The subsegment that an inferred segment of a queue has.
const QUEUE_TIME: &str = "QueueTime";

/// Leaves out the segments that X-Ray once inferred: a trace that was exported has them, and they are inferred again. What
/// is below one belongs to the call that it was inferred from.
pub(super) fn without_inferred(nodes: Vec<(Node, Option<String>)>) -> Vec<(Node, Option<String>)> {
    let is_known = |id: &str| nodes.iter().any(|(node, _)| node.id == id);
    let inferred = nodes.iter().filter_map(|(node, parent)| {
        let calls = parent.as_ref().filter(|parent| is_known(parent))?;
        let was =
            node.kind == Kind::Segment && node.body.get("inferred") == Some(&Value::Bool(true));
        was.then(|| (node.id.clone(), calls.clone()))
    });
    let inferred: HashMap<String, String> = inferred.collect();
    if inferred.is_empty() {
        return nodes;
    }
    let call = |parent: Option<&String>| parent.and_then(|parent| inferred.get(parent));
    let is_left = |(node, parent): &(Node, Option<String>)| {
        let queue_time = node.kind == Kind::Subsegment && node.name() == QUEUE_TIME;
        !(inferred.contains_key(&node.id) || queue_time && call(parent.as_ref()).is_some())
    };
    let nodes = nodes.into_iter().filter(is_left);
    nodes.map(|(node, parent)| (node, call(parent.as_ref()).cloned().or(parent))).collect()
}

/// Puts an inferred segment below each call of a service that did not report itself. Segments that
/// are children of the call then become children of the inferred one: that is how a consumer comes to stand behind
/// the bus and not behind the producer.
pub(super) fn infer(trace: &mut Trace) {
    let mut callees: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, node) in trace.nodes.iter().enumerate() {
        if let (Kind::Segment, Some(parent)) = (node.kind, node.parent) {
            callees.entry(parent).or_default().push(at);
        }
    }
    for at in 0..trace.nodes.len() {
        let call = &trace.nodes[at];
        let in_aws = call.text("namespace") == Some("aws");
        if call.kind != Kind::Subsegment || !(in_aws || call.text("namespace") == Some("remote")) {
            continue;
        }
        let callees = callees.remove(&at).unwrap_or_default();
        let reported = callees.iter().any(|callee| reports(call, &trace.nodes[*callee]));
        if reported || !in_aws && !callees.is_empty() {
            continue;
        }
        let inferred = trace.nodes.len();
        let segment = inferred_segment(at, call, &trace.id);
        let queue_time = queue_time(inferred, &segment, &trace.id);
        trace.nodes.push(segment);
        trace.nodes.extend(queue_time);
        for callee in callees {
            trace.nodes[callee].parent = Some(inferred);
        }
    }
}

/// Whether the called service itself reported the segment `callee`: then nothing has to be inferred.
fn reports(call: &Node, callee: &Node) -> bool {
    let Some(origin) = callee.text("origin").and_then(|origin| origin.strip_prefix("AWS::")) else {
        return false;
    };
    // SDKs have three names for Step Functions, and its segments one; some send all names in lower case.
    let name = call.name();
    let is_states = ["sfn", "states"].iter().any(|known| name.eq_ignore_ascii_case(known));
    let service = if is_states { "StepFunctions" } else { name };
    let own = origin.split_at_checked(service.len());
    own.is_some_and(|(own, rest)| {
        own.eq_ignore_ascii_case(service) && (rest.is_empty() || rest.starts_with("::"))
    })
}

fn inferred_segment(at: usize, call: &Node, trace_id: &str) -> Node {
    let mut body = Map::new();
    for name in COMMON {
        if let Some(value) = call.body.get(name) {
            body.insert(name.to_owned(), value.clone());
        }
    }
    body.insert("inferred".to_owned(), true.into());
    if let Some(origin) = called_type(call) {
        body.insert("origin".to_owned(), origin.into());
    }
    Node {
        id: id(trace_id, &call.id),
        kind: Kind::Inferred,
        parent: Some(at),
        children: Vec::new(),
        orphaned: false,
        start: call.start,
        end: call.end,
        body,
        status: call.status,
        flags: call.flags,
        indexed: 0,
    }
}

/// The subsegment that X-Ray puts into the inferred segment of a queue.
fn queue_time(at: usize, queue: &Node, trace_id: &str) -> Option<Node> {
    (queue.text("origin") == Some("AWS::SQS::Queue")).then(|| {
        let mut body = Map::new();
        body.insert("name".to_owned(), QUEUE_TIME.into());
        for name in ["start_time", "end_time", "in_progress"] {
            if let Some(value) = queue.body.get(name) {
                body.insert(name.to_owned(), value.clone());
            }
        }
        Node {
            id: id(trace_id, &queue.id),
            kind: Kind::Subsegment,
            parent: Some(at),
            children: Vec::new(),
            orphaned: false,
            start: queue.start,
            end: queue.end,
            body,
            status: None,
            flags: Flags::default(),
            indexed: 0,
        }
    })
}

/// The id of what is inferred from the segment or subsegment `from`: the same one, however often the trace
/// is put together.
fn id(trace_id: &str, from: &str) -> String {
    let name = format!("{trace_id}{from}");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).simple().to_string().split_off(16)
}

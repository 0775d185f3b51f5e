use std::collections::HashMap;

use serde_json::{Map, json};
use uuid::Uuid;

use super::trace::{Kind, Node, Trace};

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
        let namespace = call.text("namespace");
        if call.kind != Kind::Subsegment || !matches!(namespace, Some("aws" | "remote")) {
            continue;
        }
        let callees = callees.remove(&at).unwrap_or_default();
        let reported = callees.iter().any(|callee| is_answer(call, &trace.nodes[*callee]));
        if reported || namespace == Some("remote") && !callees.is_empty() {
            continue;
        }
        let inferred = trace.nodes.len();
        let node = inferred_segment(at, call, &trace.id);
        trace.nodes.push(node);
        for callee in callees {
            trace.nodes[callee].parent = Some(inferred);
        }
    }
}

/// Whether the called service itself reported the segment `callee`: then nothing has to be inferred.
fn is_answer(call: &Node, callee: &Node) -> bool {
    let own = |origin: &str| {
        origin == inferred_type(call.name()) || origin == format!("AWS::{}", call.name())
    };
    callee.text("origin").is_some_and(own)
}

fn inferred_type(service: &str) -> String {
    match service {
        "DynamoDB" => "AWS::DynamoDB::Table".to_owned(),
        "SQS" => "AWS::SQS::Queue".to_owned(),
        "Sfn" | "States" => "AWS::StepFunctions::StateMachine".to_owned(),
        other => format!("AWS::{other}"),
    }
}

fn inferred_segment(at: usize, call: &Node, trace_id: &str) -> Node {
    let mut body = Map::new();
    for name in [
        "name",
        "start_time",
        "end_time",
        "in_progress",
        "http",
        "aws",
        "error",
        "fault",
        "throttle",
    ] {
        if let Some(value) = call.body.get(name) {
            body.insert(name.to_owned(), value.clone());
        }
    }
    // The same call has the same inferred id, however often the trace is put together.
    let name = format!("{trace_id}{}", call.id);
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).simple().to_string().split_off(16);
    body.insert("inferred".to_owned(), json!(true));
    if call.text("namespace") == Some("aws") {
        body.insert("origin".to_owned(), inferred_type(call.name()).into());
    }
    Node {
        id,
        kind: Kind::Inferred,
        parent: Some(at),
        children: Vec::new(),
        orphaned: false,
        start: call.start,
        end: call.end,
        body,
    }
}

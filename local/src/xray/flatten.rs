use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{
    documents::Kept,
    flags::Flags,
    node::{Kind, Node, status},
    schema::strip,
    service::{resource, spelling},
};

/// The most segments and subsegments that one trace shows.
const MAX_NODES: usize = 10_000;

/// Takes a document apart: itself and the subsegments inside, each with the id of its parent.
pub(super) fn flatten(
    document: Kept<'_>,
    nodes: &mut Vec<(Node, Option<String>)>,
    known: &mut HashSet<String>,
) {
    let kind = if document.is_subsegment { Kind::Subsegment } else { Kind::Segment };
    // It was read before it was kept.
    let body: Map<String, Value> = serde_json::from_str(document.text).unwrap_or_default();
    let parent = body.get("parent_id").and_then(Value::as_str).map(str::to_ascii_lowercase);
    let mut open = vec![(format!("{:016x}", document.id), kind, parent, body)];
    while let Some((id, kind, parent, mut body)) = open.pop() {
        if nodes.len() >= MAX_NODES || !known.insert(id.clone()) {
            continue;
        }
        let inside = body.remove("subsegments");
        let inside = inside.as_ref().and_then(Value::as_array).into_iter().flatten();
        for (number, subsegment) in inside.enumerate() {
            let Some(subsegment) = subsegment.as_object() else { continue };
            let own = subsegment.get("id").and_then(Value::as_str).map(str::to_ascii_lowercase);
            let own = own.unwrap_or_else(|| format!("{id}.{number}"));
            open.push((own, Kind::Subsegment, Some(id.clone()), subsegment.clone()));
        }
        strip(&mut body);
        tidy(&mut body, kind);
        let time = |name: &str| body.get(name).and_then(Value::as_f64);
        let start = time("start_time").unwrap_or_default();
        let status = status(&body);
        let node = Node {
            id,
            kind,
            parent: None,
            children: Vec::new(),
            orphaned: false,
            start,
            end: time("end_time"),
            status,
            flags: Flags::of(&body, status),
            body,
            indexed: 0,
        };
        nodes.push((node, parent));
    }
}

/// What X-Ray changes in a document: AWS services get the names and resources that the map shows, `traced` has
/// done its service, and empty stacks go.
fn tidy(body: &mut Map<String, Value>, kind: Kind) {
    if kind == Kind::Subsegment && body.get("namespace").and_then(Value::as_str) == Some("aws") {
        if let Some(name) = body.get("name").and_then(Value::as_str).and_then(spelling) {
            body.insert("name".to_owned(), name.into());
        }
        if let Some(resource) = resource(body).map(str::to_owned) {
            body["aws"]["resource_names"] = vec![resource].into();
        }
    }
    if let Some(Value::Object(request)) =
        body.get_mut("http").and_then(|http| http.get_mut("request"))
    {
        request.remove("traced");
    }
    let cause = body.get_mut("cause").and_then(|cause| cause.get_mut("exceptions"));
    for exception in cause.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(exception) = exception.as_object_mut() {
            exception.retain(|name, value| {
                name != "stack" || value.as_array().is_none_or(|stack| !stack.is_empty())
            });
        }
    }
}

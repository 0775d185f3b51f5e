use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::trace::{Kind, Node, Trace};
use crate::identity::ACCOUNT;

/// One entry of `TraceSummaries`. See
/// <https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html>.
///
/// `HasFault` and `HasError` speak of the root alone, `HasThrottle` and `IsPartial` of anything.
pub(crate) fn summary(trace: &Trace) -> Value {
    let root = trace.root();
    let flag = |name| root.is_some_and(|root| root.flag(name));
    let mut summary = json!({
        "Id": trace.id,
        "StartTime": trace.start(),
        "Duration": trace.duration(),
        "ResponseTime": root.map_or(0.0, Node::duration),
        "HasFault": flag("fault"),
        "HasError": flag("error"),
        "HasThrottle": trace.nodes.iter().any(|node| node.flag("throttle")),
        "IsPartial": trace.is_partial(),
        "Http": root.map_or(json!({}), root_http),
        "Annotations": annotations(trace),
        "Users": users(trace),
        "ServiceIds": service_ids(trace.nodes.iter().filter(|node| node.is_segment())),
        "ResourceARNs": resource_arns(trace),
        "InstanceIds": [],
        "AvailabilityZones": [],
        "FaultRootCauses": root_causes(trace, "fault"),
        "ErrorRootCauses": root_causes(trace, "error"),
        "ResponseTimeRootCauses": [],
        "Revision": trace.revision,
    });
    if let Some(root) = root {
        summary["EntryPoint"] = service_id(root);
    }
    summary
}

/// What the root's request and answer were: the `Http` of a summary.
pub(crate) fn root_http(root: &Node) -> Value {
    let http = &root.body.get("http").cloned().unwrap_or_default();
    let mut shown = json!({});
    for (name, value) in [
        ("HttpURL", &http["request"]["url"]),
        ("HttpMethod", &http["request"]["method"]),
        ("UserAgent", &http["request"]["user_agent"]),
        ("ClientIp", &http["request"]["client_ip"]),
        ("HttpStatus", &http["response"]["status"]),
    ] {
        if !value.is_null() {
            shown[name] = value.clone();
        }
    }
    shown
}

fn service_id(node: &Node) -> Value {
    let mut id = json!({ "Name": node.name(), "Names": [node.name()] });
    if let Some(origin) = node.text("origin") {
        id["Type"] = origin.into();
        id["AccountId"] = ACCOUNT.into();
    }
    id
}

fn service_ids<'a>(nodes: impl Iterator<Item = &'a Node>) -> Value {
    let ids: BTreeMap<String, Value> =
        nodes.map(service_id).map(|id| (id.to_string(), id)).collect();
    ids.into_values().collect()
}

/// Annotations by key: each different value with the services that set it.
fn annotations(trace: &Trace) -> Value {
    type Setters<'a> = BTreeMap<String, (Value, Vec<&'a Node>)>;
    let mut found: BTreeMap<&str, Setters<'_>> = BTreeMap::new();
    for node in &trace.nodes {
        let annotations = node.body.get("annotations").and_then(Value::as_object);
        for (key, value) in annotations.into_iter().flatten() {
            let shown = match value {
                Value::String(text) => json!({ "StringValue": text }),
                Value::Bool(truth) => json!({ "BooleanValue": truth }),
                Value::Number(number) => json!({ "NumberValue": number.as_f64() }),
                _ => continue,
            };
            let values = found.entry(key).or_default();
            let setters = values.entry(shown.to_string()).or_insert_with(|| (shown, Vec::new()));
            setters.1.push(trace.owner(node));
        }
    }
    let shown = found.into_iter().map(|(key, values)| {
        let values = values.into_values().map(|(value, setters)| {
            json!({ "AnnotationValue": value, "ServiceIds": service_ids(setters.into_iter()) })
        });
        (key.to_owned(), values.collect())
    });
    Value::Object(shown.collect())
}

fn users(trace: &Trace) -> Value {
    let users: BTreeSet<_> = trace.nodes.iter().filter_map(|node| node.text("user")).collect();
    let shown = users.into_iter().map(|user| {
        let setters = trace.nodes.iter().filter(|node| node.text("user") == Some(user));
        json!({ "UserName": user, "ServiceIds": service_ids(setters) })
    });
    shown.collect()
}

fn resource_arns(trace: &Trace) -> Value {
    let arns: BTreeSet<_> = trace.nodes.iter().filter_map(|n| n.text("resource_arn")).collect();
    arns.into_iter().map(|arn| json!({ "ARN": arn })).collect()
}

/// Where faults or errors began: each flagged node below which nothing else is flagged, with the way to
/// it from the entry.
fn root_causes(trace: &Trace, flag: &str) -> Value {
    let flagged_below =
        |node: &Node| node.children.iter().any(|child| trace.nodes[*child].flag(flag));
    let causes = trace.nodes.iter().filter(|node| node.flag(flag) && node.kind != Kind::Inferred);
    let causes = causes.filter(|node| !flagged_below(node)).map(|cause| {
        let mut services: Vec<Value> = Vec::new();
        let mut entities: Vec<Value> = Vec::new();
        let mut node = Some(cause);
        while let Some(here) = node {
            let exceptions =
                here.body.get("cause").and_then(|cause| cause["exceptions"].as_array());
            let exceptions: Value = exceptions
                .into_iter()
                .flatten()
                .map(|exception| {
                    json!({ "Name": exception["type"], "Message": exception["message"] })
                })
                .collect();
            let remote = here.text("namespace").is_some();
            entities
                .push(json!({ "Name": here.name(), "Exceptions": exceptions, "Remote": remote }));
            if here.is_segment() {
                let mut service = service_id(here);
                entities.reverse();
                service["EntityPath"] = std::mem::take(&mut entities).into();
                service["Inferred"] = (here.kind == Kind::Inferred).into();
                services.push(service);
            }
            node = here.parent.map(|parent| &trace.nodes[parent]);
        }
        services.reverse();
        let impacting = trace.root().is_some_and(|root| root.flag(flag));
        json!({ "Services": services, "ClientImpacting": impacting })
    });
    causes.collect()
}

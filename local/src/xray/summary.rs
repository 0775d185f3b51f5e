use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use super::{
    cause::{Category, Cause, causes},
    node::{Kind, Node},
    service::Service,
    trace::Trace,
};

/// One entry of `TraceSummaries`. See
/// <https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html>.
///
/// `HasFault`, `HasError` and `HasThrottle` speak of the root alone, although that page says otherwise of the last. What is
/// unknown is null, as on AWS: nobody's `ServiceIds` but the trace's, the account of a service that is no function,
/// the duration of what is in progress.
pub(super) fn summary(trace: &Trace) -> Value {
    let root = trace.root();
    let is = |test: fn(&Node) -> bool| root.is_some_and(test);
    json!({
        "Id": trace.id,
        "StartTime": trace.start(),
        "Duration": trace.known_duration(),
        "ResponseTime": root.and_then(Node::known_duration),
        "HasFault": is(Node::is_fault),
        "HasError": is(Node::is_error),
        "HasThrottle": is(Node::is_throttle),
        "IsPartial": is_partial(trace),
        "Http": http(root),
        "Annotations": annotations(trace),
        "Users": texts(trace, "/user", |user| json!({ "UserName": user, "ServiceIds": null })),
        "ServiceIds": service_ids(trace),
        "ResourceARNs": texts(trace, "/resource_arn", |arn| json!({ "ARN": arn })),
        "InstanceIds": texts(trace, "/aws/ec2/instance_id", |id| json!({ "Id": id })),
        "AvailabilityZones":
            texts(trace, "/aws/ec2/availability_zone", |zone| json!({ "Name": zone })),
        "EntryPoint": root.map(|root| {
            let entry = Service::of(root);
            json!({ "Name": entry.name, "Names": [entry.name], "Type": entry.kind, "AccountId": null })
        }),
        "FaultRootCauses": root_causes(trace, Category::Fault),
        "ErrorRootCauses": root_causes(trace, Category::Error),
        "ResponseTimeRootCauses": root_causes(trace, Category::ResponseTime),
        "Revision": trace.revision,
    })
}

/// Whether a part is missing or in progress, be it the root.
pub(super) fn is_partial(trace: &Trace) -> bool {
    trace.nodes.iter().any(|node| node.orphaned || node.end.is_none())
}

/// What the root's request and answer were: the `Http` of a summary.
pub(crate) fn root_http(root: &Node) -> Value {
    let text = |path: &str| root.find(path).and_then(Value::as_str).map(Value::from);
    let mut shown = json!({});
    for (name, value) in [
        ("HttpURL", text("/http/request/url")),
        ("HttpMethod", text("/http/request/method")),
        ("UserAgent", text("/http/request/user_agent")),
        ("ClientIp", text("/http/request/client_ip")),
        ("HttpStatus", root.status.map(Value::from)),
    ] {
        if let Some(value) = value {
            shown[name] = value;
        }
    }
    shown
}

fn http(root: Option<&Node>) -> Value {
    let mut shown = root.map_or(json!({}), root_http);
    for name in ["HttpURL", "HttpMethod", "UserAgent", "ClientIp", "HttpStatus"] {
        shown[name] = shown[name].take();
    }
    shown
}

/// Each service once, and who called the root.
fn service_ids(trace: &Trace) -> Value {
    let mut seen = HashSet::new();
    let segments = trace.by_time().into_iter().map(|at| &trace.nodes[at]);
    let segments = segments.filter(|node| node.is_segment()).map(Service::of);
    let client = trace.root().filter(|root| !root.orphaned).map(Service::client);
    let different = segments.chain(client).filter(|service| seen.insert(*service));
    let shown = different.map(|service| {
        json!({
            "Name": service.name,
            "Names": [service.name],
            "Type": service.kind,
            "AccountId": service.shown_account(),
        })
    });
    shown.collect()
}

/// Annotations by key, each different value once.
fn annotations(trace: &Trace) -> Value {
    let mut found: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for at in trace.by_time() {
        for (key, value) in trace.nodes[at].annotations() {
            let mut shown =
                json!({ "StringValue": null, "NumberValue": null, "BooleanValue": null });
            match value {
                Value::String(text) => shown["StringValue"] = text.as_str().into(),
                Value::Bool(truth) => shown["BooleanValue"] = (*truth).into(),
                Value::Number(number) => shown["NumberValue"] = number.as_f64().into(),
                _ => continue,
            }
            let shown = json!({ "AnnotationValue": shown, "ServiceIds": null });
            if seen.insert((key, shown.to_string())) {
                found.entry(key).or_default().push(shown);
            }
        }
    }
    found.into_iter().map(|(key, values)| (key.to_owned(), Value::Array(values))).collect()
}

/// The different texts at a path of any document that was sent, in the order of time.
fn texts(trace: &Trace, path: &str, shown: fn(&str) -> Value) -> Value {
    let mut seen = HashSet::new();
    let sent = trace.by_time().into_iter().map(|at| &trace.nodes[at]);
    let sent = sent.filter(|node| node.kind != Kind::Inferred);
    let texts = sent.filter_map(|node| node.find(path)?.as_str());
    texts.filter(|text| !text.is_empty() && seen.insert(*text)).map(shown).collect()
}

fn root_causes(trace: &Trace, category: Category) -> Value {
    causes(trace, category).iter().map(Cause::to_json).collect()
}

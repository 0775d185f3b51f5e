use opentelemetry_proto::tonic::trace::v1::{
    Span,
    span::SpanKind::{Client, Consumer, Internal, Producer, Server},
    status::StatusCode,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    attributes::Attributes,
    aws::{self, is_api_call},
    cause, http,
    metadata::{keep_resource, notes},
    name::{fixed, is_local_root, name, remote_service},
    platform, seconds, sql,
};
use crate::hex::hex;

/// What a segment does not say about a call that it stands for only in part.
const OF_THE_CALL: [&str; 4] =
    ["aws.remote.service", "aws.remote.operation", "remoteTarget", "K8s.RemoteNamespace"];
const OF_THE_CALL_IN_AWS: [&str; 7] =
    ["operation", "account_id", "region", "request_id", "queue_url", "table_name", "table_names"];

/// The segment or subsegment that a span becomes. The first span of a service may be a call of another one; then it
/// becomes a segment of the service with a subsegment of the call.
pub(super) fn documents(span: &Span, resource: &Attributes) -> Vec<Value> {
    let attributes = Attributes::new(&span.attributes);
    match (is_local_root(&attributes), span.kind()) {
        (false, kind) => {
            let mut document = document(span, resource);
            let is_outward = matches!(kind, Client | Consumer | Producer);
            if is_outward && remote_service(&attributes).is_some() {
                document.entry("namespace").or_insert("remote".into());
            }
            let is_segment = !document.contains_key("type");
            vec![if is_segment { as_segment(document) } else { as_subsegment(document) }]
        }
        (true, Server | Internal) => vec![as_segment(document(span, resource))],
        (true, _) => {
            let id =
                Uuid::new_v5(&Uuid::NAMESPACE_OID, &[&span.trace_id[..], &span.span_id].concat());
            let id = &id.as_bytes()[8..];
            vec![
                service_segment(span, &attributes, resource, id),
                call_subsegment(span, resource, id),
            ]
        }
    }
}

/// The segment `id` of the service whose first span is a call.
fn service_segment(
    span: &Span,
    attributes: &Attributes,
    resource: &Attributes,
    id: &[u8],
) -> Value {
    let mut service = Span { span_id: id.to_vec(), ..span.clone() };
    service.attributes.retain(|attribute| !OF_THE_CALL.contains(&attribute.key.as_str()));
    let mut segment = document(&service, resource);
    if let Some(name) = attributes.text(&["aws.local.service"]) {
        segment.insert("name".to_owned(), fixed(name).into());
    }
    segment.remove("http");
    if let Some(Value::Object(aws)) = segment.get_mut("aws") {
        aws.retain(|name, _| !OF_THE_CALL_IN_AWS.contains(&name.as_str()));
    }
    if let Some(Value::Object(metadata)) = segment.get_mut("metadata") {
        keep_resource(metadata);
    }
    if span.kind() != Consumer {
        segment.remove("links");
    }
    as_segment(segment)
}

/// The call itself, within that segment.
fn call_subsegment(span: &Span, resource: &Attributes, parent: &[u8]) -> Value {
    let call = Span { parent_span_id: parent.to_vec(), ..span.clone() };
    let mut subsegment = document(&call, resource);
    subsegment.entry("namespace").or_insert("remote".into());
    if span.kind() == Consumer {
        subsegment.remove("links");
    }
    if let Some(name) = remote_service(&Attributes::new(&span.attributes)) {
        subsegment.insert("name".to_owned(), fixed(&name).into());
    }
    as_subsegment(subsegment)
}

fn as_segment(mut document: Map<String, Value>) -> Value {
    document.remove("type");
    document.remove("namespace");
    document.into()
}

fn as_subsegment(mut document: Map<String, Value>) -> Value {
    document.insert("type".to_owned(), "subsegment".into());
    document.remove("origin");
    document.remove("service");
    document.into()
}

/// Everything that a span says.
fn document(span: &Span, resource: &Attributes) -> Map<String, Value> {
    let mut attributes = Attributes::new(&span.attributes);
    let kind = span.kind();
    let has_parent = !is_empty(&span.parent_span_id);
    let is_subsegment = kind != Server && has_parent;
    let (name, is_aws) = name(span, &attributes, resource);
    let namespace = if is_aws || is_api_call(&attributes) {
        Some("aws")
    } else {
        (kind == Client).then_some("remote")
    };
    let is_remote = matches!(kind, Client | Producer);
    let language = resource.text(&["telemetry.sdk.language"]).unwrap_or_default();
    let version = resource.text(&["service.version", "container.image.tag"]);
    let flags = flags(span, &attributes);
    let cause = cause::cause(span, &attributes, is_remote, language);
    let http = http::take(&mut attributes, span, kind == Server);
    let aws = aws::take(&mut attributes, resource);
    let sql = sql::take(&mut attributes, &span.name);
    let user = attributes.text(&["enduser.id"]).map(Value::from);
    attributes.remove(&["enduser.id"]);
    let notes = notes(attributes, (!is_subsegment).then_some(resource));
    let not_empty =
        |object: Map<String, Value>| (!object.is_empty()).then_some(Value::Object(object));
    let mut document = Map::new();
    for (field, value) in [
        ("name", Some(name.into())),
        ("id", Some(id(&span.span_id).into())),
        ("trace_id", Some(trace_id(&span.trace_id).into())),
        ("parent_id", has_parent.then(|| id(&span.parent_span_id).into())),
        ("type", is_subsegment.then_some("subsegment".into())),
        ("namespace", namespace.map(Value::from)),
        ("start_time", Some(seconds(span.start_time_unix_nano).into())),
        ("end_time", Some(seconds(span.end_time_unix_nano).into())),
        ("origin", platform::origin(resource).map(Value::from)),
        ("service", version.map(|version| json!({ "version": version }))),
        ("cause", cause),
        ("http", http),
        ("aws", aws),
        ("sql", sql),
        ("user", user),
        ("links", links(span)),
        ("annotations", not_empty(notes.annotations)),
        ("metadata", not_empty(notes.metadata)),
    ] {
        if let Some(value) = value {
            document.insert(field.to_owned(), value);
        }
    }
    document.extend(flags.iter().map(|flag| ((*flag).to_owned(), true.into())));
    document
}

/// By the status of the response if that is an error, else by the status of the span.
fn flags(span: &Span, attributes: &Attributes) -> &'static [&'static str] {
    let has_failed = span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
    match http::status(attributes) {
        Some(429) => &["error", "throttle"],
        Some(400..=499) => &["error"],
        Some(500..=599) => &["fault"],
        _ if has_failed => &["fault"],
        _ => &[],
    }
}

fn links(span: &Span) -> Option<Value> {
    let links = span.links.iter().map(|link| {
        let attributes: Map<_, _> = Attributes::new(&link.attributes).into_iter().collect();
        json!({
            "trace_id": trace_id(&link.trace_id),
            "id": id(&link.span_id),
            "attributes": attributes,
        })
    });
    let links: Vec<Value> = links.collect();
    (!links.is_empty()).then(|| links.into())
}

/// An id of zeros is none.
fn is_empty(id: &[u8]) -> bool {
    id.iter().all(|byte| *byte == 0)
}

fn id(bytes: &[u8]) -> String {
    if is_empty(bytes) { String::new() } else { hex(bytes) }
}

/// `1-58406520-a006649127e371903a2de979`, of sixteen bytes.
fn trace_id(bytes: &[u8]) -> String {
    let text = id(bytes);
    match text.split_at_checked(8) {
        Some((epoch, rest)) => format!("1-{epoch}-{rest}"),
        None => text,
    }
}

//! OpenTelemetry: spans become the documents that X-Ray makes of them. The rules are those of the
//! OpenTelemetry collector's exporter for X-Ray
//! (<https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/awsxrayexporter>).

/// Attributes by name.
mod attributes;
/// AWS's own fields.
mod aws;
/// Exceptions.
mod cause;
/// Requests and responses.
mod http;
/// OTLP over HTTP.
mod receiver;
#[cfg(test)]
mod tests;

use base64::{Engine, engine::general_purpose::STANDARD};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{Span, span, status::StatusCode},
};
use prost::Message;
use serde_json::{Map, Value, json};

use self::attributes::Attributes;
use super::{document::Rejection, store::Store};
use crate::hex::hex;

pub(crate) use self::receiver::{PATH, receive};

/// What sampled spans begin with in a datagram. Unsampled ones (`T1U`) and metrics (`M1`) are for services
/// other than X-Ray.
const SAMPLED: &str = "T1S";
const OTHERS: [&str; 2] = ["T1U", "M1"];

/// Why spans were not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum OtlpError {
    #[error("its spans are not base64")]
    Base64(#[from] base64::DecodeError),
    #[error("its spans are not an ExportTraceServiceRequest")]
    Protobuf(#[from] prost::DecodeError),
    #[error("{}", .0.message)]
    Rejected(Rejection),
}

/// Takes what OpenTelemetry SDKs send to the daemon's port after the header line; `None` if `text` is
/// something else.
pub(super) fn take_datagram(text: &str, store: &Store) -> Option<Result<(), OtlpError>> {
    if let Some(spans) = text.strip_prefix(SAMPLED) {
        return Some(take_encoded(spans, store));
    }
    OTHERS.iter().any(|prefix| text.starts_with(prefix)).then_some(Ok(()))
}

fn take_encoded(text: &str, store: &Store) -> Result<(), OtlpError> {
    let bytes = STANDARD.decode(text.trim_end())?;
    let rejections = store_spans(&ExportTraceServiceRequest::decode(&bytes[..])?, store);
    rejections.into_iter().next().map_or(Ok(()), |rejection| Err(OtlpError::Rejected(rejection)))
}

/// Stores all spans, and returns why some were rejected.
fn store_spans(request: &ExportTraceServiceRequest, store: &Store) -> Vec<Rejection> {
    let mut rejections = Vec::new();
    for resource_spans in &request.resource_spans {
        let resource = resource_spans.resource.as_ref().map(|resource| &resource.attributes[..]);
        let resource = Attributes::new(resource.unwrap_or_default());
        for span in resource_spans.scope_spans.iter().flat_map(|scope| &scope.spans) {
            let stored = store.put_document(&document(span, &resource));
            rejections.extend(stored.err());
        }
    }
    rejections
}

/// The segment or subsegment that a span becomes.
fn document(span: &Span, resource: &Attributes) -> Value {
    let mut attributes = Attributes::new(&span.attributes);
    let kind = span.kind();
    let is_local_root = attributes.text(&["aws.span.kind"]) == Some("LOCAL_ROOT");
    let is_segment =
        kind == span::SpanKind::Server || span.parent_span_id.is_empty() || is_local_root;
    let is_remote = matches!(kind, span::SpanKind::Client | span::SpanKind::Producer);
    let is_aws = aws::is_api_call(&attributes) || attributes.text(&["aws.service"]).is_some();
    let mut document = json!({
        "name": name(span, &attributes, resource),
        "id": hex(&span.span_id),
        "trace_id": trace_id(&span.trace_id),
        "start_time": seconds(span.start_time_unix_nano),
        "end_time": seconds(span.end_time_unix_nano),
    });
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            document[name] = value;
        }
    };
    if !span.parent_span_id.is_empty() {
        put("parent_id", Some(hex(&span.parent_span_id).into()));
    }
    if is_segment {
        put("origin", aws::origin(resource).map(Value::from));
        let version = resource.text(&["service.version", "container.image.tag"]);
        put("service", version.map(|version| json!({ "version": version })));
    } else {
        put("type", Some("subsegment".into()));
        let namespace = if is_aws { Some("aws") } else { is_remote.then_some("remote") };
        put("namespace", namespace.map(Value::from));
    }
    let flags = flags(span, &attributes);
    for flag in flags {
        put(flag, Some(true.into()));
    }
    let language = resource.text(&["telemetry.sdk.language"]).unwrap_or_default();
    put("cause", cause::cause(span, is_remote, language, !flags.is_empty()));
    put("http", http::take(&mut attributes, kind == span::SpanKind::Server));
    put("aws", aws::take(&mut attributes, resource));
    put("sql", sql(&attributes));
    put("user", attributes.text(&["enduser.id"]).map(Value::from));
    put("links", links(span));
    let (annotations, metadata) = annotations(attributes, is_segment.then_some(resource));
    put("annotations", (!annotations.is_empty()).then(|| annotations.into()));
    put("metadata", (!metadata.is_empty()).then(|| metadata.into()));
    document
}

/// X-Ray names a segment after a service and not after an operation: the first of these that a span has.
fn name(span: &Span, attributes: &Attributes, resource: &Attributes) -> String {
    let kind = span.kind();
    let is_server = kind == span::SpanKind::Server;
    let is_local_root = attributes.text(&["aws.span.kind"]) == Some("LOCAL_ROOT");
    let local = (is_server || (is_local_root && kind == span::SpanKind::Internal))
        .then(|| attributes.text(&["aws.local.service"]))
        .flatten();
    let is_outward = matches!(
        kind,
        span::SpanKind::Client | span::SpanKind::Producer | span::SpanKind::Consumer
    );
    let remote = is_outward.then(|| attributes.text(&["aws.remote.service"])).flatten();
    let service = local.or(remote).or_else(|| attributes.text(&["peer.service", "aws.service"]));
    let database = || {
        let database = attributes.text(&["db.name"])?;
        let url = attributes.text(&["db.connection_string"]).unwrap_or_default();
        let host = url.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
        let host = host.split(['/', ':', '?', ';']).next().unwrap_or_default();
        Some(if host.is_empty() { database.to_owned() } else { format!("{database}@{host}") })
    };
    let own = || is_server.then(|| resource.text(&["service.name"])).flatten().map(str::to_owned);
    let other = ["rpc.service", "http.host", "net.peer.name"];
    let name = service
        .map(|name| if aws::is_api_call(attributes) { without_prefix(name) } else { name })
        .map(str::to_owned)
        .or_else(database)
        .or_else(own)
        .or_else(|| attributes.text(&other).map(str::to_owned))
        .unwrap_or_else(|| span.name.clone());
    fixed_name(&name)
}

/// Without what SDKs write before the name of a service.
fn without_prefix(name: &str) -> &str {
    ["AWS.SDK.", "AWS::"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// With the characters that a name may have, at most 200
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>).
fn fixed_name(name: &str) -> String {
    let may_be = |c: &char| c.is_alphanumeric() || " _.:/%&#=+-@".contains(*c);
    let name: String = name.chars().filter(may_be).take(200).collect();
    if name.is_empty() { "span".to_owned() } else { name }
}

/// By the status of the response if there is one, else by the status of the span.
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

/// The field `sql`, for the databases that speak it.
fn sql(attributes: &Attributes) -> Option<Value> {
    const SYSTEMS: [&str; 13] = [
        "db2",
        "derby",
        "hive",
        "mariadb",
        "mssql",
        "mysql",
        "oracle",
        "postgresql",
        "sqlite",
        "teradata",
        "other_sql",
        "cockroachdb",
        "redshift",
    ];
    let system = attributes.text(&["db.system"]).filter(|system| SYSTEMS.contains(system))?;
    let url = attributes.text(&["db.connection_string"]).unwrap_or("localhost");
    let database = attributes.text(&["db.name"]).unwrap_or_default();
    Some(json!({
        "url": format!("{url}/{database}"),
        "database_type": system,
        "user": attributes.text(&["db.user"]),
        "sanitized_query": attributes.text(&["db.statement", "db.query.text"]),
    }))
}

fn links(span: &Span) -> Option<Value> {
    let links = span.links.iter().map(|link| {
        let attributes: Map<_, _> = Attributes::new(&link.attributes).into_iter().collect();
        json!({
            "trace_id": trace_id(&link.trace_id),
            "id": hex(&link.span_id),
            "attributes": attributes,
        })
    });
    let links: Vec<Value> = links.collect();
    (!links.is_empty()).then(|| links.into())
}

/// Annotations are the attributes that `aws.xray.annotations` names. All others are metadata: those under
/// `aws.xray.metadata.` by their namespace, and those of a segment's resource too.
fn annotations(
    mut attributes: Attributes,
    resource: Option<&Attributes>,
) -> (Map<String, Value>, Map<String, Value>) {
    const NAMED: [&str; 1] = ["aws.xray.annotations"];
    let named: Vec<_> = attributes.texts(&NAMED).into_iter().map(str::to_owned).collect();
    attributes.remove(&NAMED);
    let (mut annotations, mut metadata) = (Map::new(), Map::new());
    let mut default = Map::new();
    for (name, value) in attributes.into_iter() {
        if named.contains(&name) && !value.is_array() && !value.is_object() {
            annotations.insert(annotation_name(&name), value);
        } else if let Some(namespace) = name.strip_prefix("aws.xray.metadata.") {
            let text = value.as_str().and_then(|text| serde_json::from_str(text).ok());
            metadata.insert(namespace.to_owned(), text.unwrap_or(value));
        } else {
            default.insert(name, value);
        }
    }
    for (name, value) in resource.cloned().unwrap_or_default().into_iter() {
        default.insert(format!("otel.resource.{name}"), value);
    }
    if !default.is_empty() {
        metadata.insert("default".to_owned(), default.into());
    }
    (annotations, metadata)
}

/// X-Ray indexes names of letters, digits, `_` and `.`.
fn annotation_name(name: &str) -> String {
    let fixed = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' };
    name.chars().map(fixed).collect()
}

/// `1-58406520-a006649127e371903a2de979`, of sixteen bytes.
fn trace_id(bytes: &[u8]) -> String {
    let text = hex(bytes);
    match text.split_at_checked(8) {
        Some((epoch, rest)) => format!("1-{epoch}-{rest}"),
        None => text,
    }
}

/// Nanoseconds as seconds, exact to the microsecond.
fn seconds(nanoseconds: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "microseconds fit until the year 2255")]
    let microseconds = (nanoseconds / 1_000) as f64;
    microseconds / 1e6
}

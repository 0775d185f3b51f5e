use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};

use super::{attributes::Attributes, aws::is_api_call};

/// The longest name of a segment, in characters.
const MAX_NAME: usize = 200;

/// X-Ray names a segment after a service and not after an operation: the first of these that a span has. Also says
/// whether the name is that of an AWS service.
pub(super) fn name(span: &Span, attributes: &Attributes, resource: &Attributes) -> (String, bool) {
    let kind = span.kind();
    let is_server = kind == SpanKind::Server;
    let is_outward = matches!(kind, SpanKind::Client | SpanKind::Producer | SpanKind::Consumer);
    let is_local = is_server || kind == SpanKind::Internal && is_local_root(attributes);
    let own = |name: &'static str| attributes.text(&[name]).map(str::to_owned);
    let name = is_local.then(|| own("aws.local.service")).flatten();
    let name = name.or_else(|| is_outward.then(|| remote_service(attributes)).flatten());
    let name = name.or_else(|| own("peer.service"));
    if let (None, Some(service)) = (&name, own("aws.service")) {
        return (fixed(&service), true);
    }
    let name = name
        .or_else(|| database(attributes))
        .or_else(|| {
            is_server.then(|| resource.text(&["service.name"])).flatten().map(str::to_owned)
        })
        .or_else(|| {
            attributes.text(&["rpc.service", "http.host", "net.peer.name"]).map(str::to_owned)
        })
        .unwrap_or_else(|| span.name.clone());
    (fixed(&name), is_api_call(attributes))
}

/// Whether a span is the first one of a service in its trace.
pub(super) fn is_local_root(attributes: &Attributes) -> bool {
    attributes.text(&["aws.span.kind"]) == Some("LOCAL_ROOT")
}

/// The called service, without what SDKs write before the name of an AWS service.
pub(super) fn remote_service(attributes: &Attributes) -> Option<String> {
    let name = attributes.text(&["aws.remote.service"])?;
    let prefixes = if is_api_call(attributes) { &["AWS.SDK.", "AWS::"][..] } else { &[] };
    let short = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix));
    Some(short.unwrap_or(name).to_owned())
}

/// `name@host` of a database.
fn database(attributes: &Attributes) -> Option<String> {
    let name = attributes.text(&["db.name"])?;
    let url = attributes.text(&["db.connection_string"]).unwrap_or_default();
    let authority = url.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
    let authority = authority.split(['/', '?', '#', ';']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, _)) => address,
        None => host.split_once(':').map_or(host, |(host, _)| host),
    };
    Some(if host.is_empty() { name.to_owned() } else { format!("{name}@{host}") })
}

/// With the characters that a name may have
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>).
pub(super) fn fixed(name: &str) -> String {
    let may_be = |c: &char| c.is_alphanumeric() || " _.:/%&#=+-@".contains(*c);
    let name: String = name.chars().filter(may_be).take(MAX_NAME).collect();
    if name.is_empty() { "span".to_owned() } else { name }
}

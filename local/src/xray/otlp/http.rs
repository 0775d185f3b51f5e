use std::net::IpAddr;

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Map, Value, json};

use super::attributes::Attributes;

/// The names of OpenTelemetry's old and new conventions for HTTP.
const METHOD: [&str; 2] = ["http.request.method", "http.method"];
const STATUS: [&str; 2] = ["http.status_code", "http.response.status_code"];
const URL: [&str; 2] = ["url.full", "http.url"];
const USER_AGENT: [&str; 2] = ["user_agent.original", "http.user_agent"];
const CLIENT: [&str; 2] = ["client.address", "http.client_ip"];
const PEER: [&str; 2] = ["network.peer.address", "net.peer.ip"];
const SCHEME: [&str; 2] = ["url.scheme", "http.scheme"];
const HOST: [&str; 5] =
    ["http.host", "http.server_name", "net.host.name", "host.name", "server.address"];
const PEER_HOST: [&str; 4] = ["http.host", "net.peer.name", "server.address", "net.peer.ip"];
const PORT: [&str; 2] = ["net.host.port", "server.port"];
const PEER_PORT: [&str; 2] = ["net.peer.port", "server.port"];
const PATH: [&str; 2] = ["http.target", "url.path"];
const QUERY: [&str; 1] = ["url.query"];
/// What only a span about HTTP has.
const OF_HTTP: [&[&str]; 6] = [&METHOD, &STATUS, &URL, &USER_AGENT, &SCHEME, &PATH];
const ALSO_OF_HTTP: [&str; 5] =
    ["http.client_ip", "http.host", "http.server_name", "net.host.port", "url.query"];
const SIZE: [&str; 3] = [
    "http.response.body.size",
    "http.response_content_length",
    "http.response.header.content-length",
];

/// The status of the response.
pub(super) fn status(attributes: &Attributes) -> Option<i64> {
    attributes.number(&STATUS)
}

/// The field `http`, if the span is about HTTP. What it could be made of is metadata in no case.
pub(super) fn take(attributes: &mut Attributes, span: &Span, is_server: bool) -> Option<Value> {
    let has = |names: &[&str]| attributes.get(names).is_some();
    let http = (OF_HTTP.iter().any(|names| has(names)) || has(&ALSO_OF_HTTP))
        .then(|| http(attributes, span, is_server));
    for names in OF_HTTP {
        attributes.remove(names);
    }
    for names in [&CLIENT[..], &PEER, &HOST, &PEER_HOST, &PORT, &PEER_PORT, &QUERY, &SIZE] {
        attributes.remove(names);
    }
    http
}

fn http(attributes: &Attributes, span: &Span, is_server: bool) -> Value {
    let text = |names: &[&str]| attributes.text(names).map(Value::from);
    let is_address = |text: &&str| text.parse::<IpAddr>().is_ok();
    let client = attributes.text(&CLIENT[..1]).filter(is_address);
    let client = client.or_else(|| attributes.text(&CLIENT[1..]));
    let peer = attributes.text(&PEER[..1]).filter(is_address);
    let peer = peer.or_else(|| attributes.text(&PEER[1..]));
    // Where the peer is unknown, the address comes from a header.
    let forwarded = (client.is_some() && peer.is_none()).then_some(Value::from(true));
    let mut request = Map::new();
    for (name, value) in [
        ("method", text(&METHOD)),
        ("user_agent", text(&USER_AGENT)),
        ("url", url(attributes, is_server).map(Value::from)),
        ("client_ip", client.or(peer).map(Value::from)),
        ("x_forwarded_for", forwarded),
    ] {
        if let Some(value) = value {
            request.insert(name.to_owned(), value);
        }
    }
    let mut response = json!({ "content_length": size(attributes, span) });
    if let Some(status) = status(attributes) {
        response["status"] = status.into();
    }
    json!({ "request": request, "response": response })
}

/// The size of the response: that of the span, or that of an event about a message that was received.
fn size(attributes: &Attributes, span: &Span) -> i64 {
    let texts = attributes.texts(&SIZE);
    let own = attributes.number(&SIZE).or_else(|| texts.first()?.parse().ok());
    let received = |attributes: &Attributes| {
        let is_received = attributes.text(&["message.type"]) == Some("RECEIVED");
        is_received.then(|| attributes.number(&["messaging.message_payload_size_bytes"])).flatten()
    };
    let mut events = span.events.iter().map(|event| Attributes::new(&event.attributes));
    own.or_else(|| received(attributes))
        .or_else(|| events.find_map(|event| received(&event)))
        .unwrap_or(0)
}

/// The whole URL, or what its parts make.
fn url(attributes: &Attributes, is_server: bool) -> Option<String> {
    if let Some(url) = attributes.text(&URL) {
        return Some(url.to_owned());
    }
    let (hosts, ports) = if is_server { (&HOST[..], &PORT) } else { (&PEER_HOST[..], &PEER_PORT) };
    let host = attributes.text(hosts)?;
    let scheme = attributes.text(&SCHEME).unwrap_or("http");
    let port = attributes.number(ports).filter(|port| {
        !host.contains(':') && !matches!((scheme, port), ("http", 80) | ("https", 443))
    });
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let path = attributes.text(&PATH).unwrap_or("/");
    // An old target has its query already.
    let query = attributes.text(&QUERY).filter(|_| attributes.text(&PATH[..1]).is_none());
    let query =
        query.map(|query| format!("?{}", query.trim_start_matches('?'))).unwrap_or_default();
    Some(format!("{scheme}://{host}{port}{path}{query}"))
}

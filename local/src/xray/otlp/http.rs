use serde_json::{Map, Value, json};

use super::attributes::Attributes;

/// The names of OpenTelemetry's old and new conventions for HTTP, the new one first.
const METHOD: [&str; 2] = ["http.request.method", "http.method"];
const STATUS: [&str; 2] = ["http.response.status_code", "http.status_code"];
const URL: [&str; 2] = ["url.full", "http.url"];
const USER_AGENT: [&str; 2] = ["user_agent.original", "http.user_agent"];
const FORWARDED_FOR: [&str; 2] = ["client.address", "http.client_ip"];
const PEER: [&str; 4] =
    ["network.peer.address", "net.sock.peer.addr", "net.peer.ip", "net.peer.name"];
const SCHEME: [&str; 2] = ["url.scheme", "http.scheme"];
const HOST: [&str; 5] =
    ["server.address", "http.host", "http.server_name", "net.host.name", "host.name"];
const PEER_HOST: [&str; 4] = ["server.address", "http.host", "net.peer.name", "net.peer.ip"];
const PORT: [&str; 2] = ["server.port", "net.host.port"];
const PEER_PORT: [&str; 2] = ["server.port", "net.peer.port"];
const TARGET: [&str; 2] = ["http.target", "url.path"];
const QUERY: [&str; 1] = ["url.query"];
const LENGTH: [&str; 3] = [
    "http.response.body.size",
    "http.response_content_length",
    "http.response.header.content-length",
];

/// The status of the response.
pub(super) fn status(attributes: &Attributes) -> Option<i64> {
    attributes.number(&STATUS)
}

/// The field `http`, if the span is about HTTP.
pub(super) fn take(attributes: &mut Attributes, is_server: bool) -> Option<Value> {
    let url = url(attributes, is_server);
    let forwarded = attributes.text(&FORWARDED_FOR);
    let mut request = Map::new();
    put(&mut request, "method", attributes.text(&METHOD).map(Value::from));
    put(&mut request, "user_agent", attributes.text(&USER_AGENT).map(Value::from));
    let mut response = Map::new();
    put(&mut response, "status", status(attributes).map(Value::from));
    let is_http = !request.is_empty() || !response.is_empty() || url.is_some();
    if !is_http {
        return None;
    }
    put(&mut request, "url", url.map(Value::from));
    put(&mut request, "client_ip", forwarded.or_else(|| attributes.text(&PEER)).map(Value::from));
    put(&mut request, "x_forwarded_for", forwarded.map(|_| Value::from(true)));
    let length = attributes.number(&LENGTH);
    let length = length.or_else(|| attributes.texts(&LENGTH).first()?.parse().ok());
    put(&mut response, "content_length", length.map(Value::from));
    for names in [&METHOD[..], &STATUS, &URL, &USER_AGENT, &FORWARDED_FOR, &PEER, &SCHEME] {
        attributes.remove(names);
    }
    for names in [&HOST[..], &PEER_HOST, &PORT, &PEER_PORT, &TARGET, &QUERY, &LENGTH] {
        attributes.remove(names);
    }
    Some(json!({ "request": request, "response": response }))
}

/// The whole URL, or what its parts make.
fn url(attributes: &Attributes, is_server: bool) -> Option<String> {
    if let Some(url) = attributes.text(&URL) {
        return Some(url.to_owned());
    }
    let (hosts, ports) = if is_server { (&HOST[..], &PORT) } else { (&PEER_HOST[..], &PEER_PORT) };
    let target = attributes.text(&TARGET);
    let scheme = attributes.text(&SCHEME);
    // A host alone is no request.
    target.or(scheme).or_else(|| attributes.text(&["http.host"]))?;
    let host = attributes.text(hosts)?;
    let scheme = scheme.unwrap_or("http");
    let port = attributes.number(ports).filter(|port| {
        !host.contains(':') && !matches!((scheme, port), ("http", 80) | ("https", 443))
    });
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let query = attributes.text(&QUERY).map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{scheme}://{host}{port}{}{query}", target.unwrap_or("/")))
}

fn put(object: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value);
    }
}

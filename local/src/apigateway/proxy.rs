use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::incoming::Incoming;
use crate::{clock, identity::ACCOUNT, template::Api, wire::HttpResponse};

const TRACE_HEADER: &str = "x-amzn-trace-id";

/// The proxy event, payload format 1.0.
pub(super) fn event(api: &Api, incoming: &Incoming<'_>) -> String {
    let (headers, multi_headers) = header_maps(incoming);
    let (query, multi_query) = query_maps(&incoming.query);
    let body = match incoming.body.as_ref() {
        [] => Value::Null,
        // Without binary media types API Gateway takes every body for text.
        body => String::from_utf8_lossy(body).into(),
    };
    json!({
        "resource": incoming.resource(),
        "path": decoded_path(incoming),
        "httpMethod": incoming.method,
        "headers": headers,
        "multiValueHeaders": multi_headers,
        "queryStringParameters": query,
        "multiValueQueryStringParameters": multi_query,
        "pathParameters": or_null(json!(incoming.parameters)),
        "stageVariables": or_null(json!(api.variables)),
        "requestContext": request_context(api, incoming),
        "body": body,
        "isBase64Encoded": false,
    })
    .to_string()
}

/// What is known of a request beside what the client sent.
pub(super) fn request_context(api: &Api, incoming: &Incoming<'_>) -> Value {
    let mut context = json!({
        "accountId": ACCOUNT,
        "apiId": api.id(),
        "domainName": api.domain(),
        "domainPrefix": api.id(),
        "extendedRequestId": incoming.id,
        "httpMethod": incoming.method,
        "identity": {
            "sourceIp": incoming.client.ip().to_string(),
            "userAgent": incoming.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()),
        },
        "path": format!("/{}{}", api.stage, decoded_path(incoming)),
        "protocol": "HTTP/1.1",
        "requestId": incoming.id,
        "requestTime": clock::date_time().format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
        "requestTimeEpoch": clock::millis(),
        "resourceId": "local",
        "resourcePath": incoming.resource(),
        "stage": api.stage,
    });
    incoming.caller.describe(&mut context);
    context
}

fn decoded_path(incoming: &Incoming<'_>) -> String {
    percent_decode_str(&incoming.path).decode_utf8_lossy().into_owned()
}

/// Each parameter's last value, and all its values.
pub(super) fn query_maps(query: &str) -> (Value, Value) {
    let mut multi: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
        multi.entry(name).or_default().push(value);
    }
    let last = multi.iter().map(|(name, values)| (name.clone(), values.last().cloned().into()));
    (or_null(Value::Object(last.collect())), or_null(json!(multi)))
}

/// Each header's last value, and all its values; all are UTF-8. The trace header is API Gateway's own, with the root alone.
fn header_maps(Incoming { headers, trace, .. }: &Incoming<'_>) -> (Value, Value) {
    let (mut single, mut multi) = (Map::new(), Map::new());
    let root = format!("Root={}", trace.root);
    multi.insert(TRACE_HEADER.to_owned(), json!([root]));
    single.insert(TRACE_HEADER.to_owned(), root.into());
    for name in headers.keys().filter(|name| *name != TRACE_HEADER) {
        let values = headers.get_all(name).iter();
        let values: Vec<_> =
            values.filter_map(|value| std::str::from_utf8(value.as_bytes()).ok()).collect();
        single.insert(name.to_string(), values.last().copied().into());
        multi.insert(name.to_string(), values.into());
    }
    (Value::Object(single), Value::Object(multi))
}

/// API Gateway sends `null` instead of an empty object.
fn or_null(map: Value) -> Value {
    if map.as_object().is_some_and(Map::is_empty) { Value::Null } else { map }
}

/// A Lambda proxy response as HTTP, or `None` when it is none.
pub(super) fn proxied(payload: &Bytes) -> Option<HttpResponse> {
    let proxy: Value = serde_json::from_slice(payload).ok()?;
    let status = u16::try_from(proxy.get("statusCode")?.as_u64()?).ok()?;
    let body = proxy["body"].as_str().unwrap_or_default();
    let body = if proxy["isBase64Encoded"] == true {
        STANDARD.decode(body).ok()?
    } else {
        body.as_bytes().to_vec()
    };
    let mut response = HttpResponse::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    for (name, value) in response_headers(&proxy)? {
        response.headers_mut().append(name, value);
    }
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().entry(header::CONTENT_TYPE).or_insert(json);
    Some(response)
}

/// The headers of a proxy response, each pair once; `None` when one of them is malformed.
fn response_headers(proxy: &Value) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let single = proxy["headers"].as_object().into_iter().flatten();
    let single = single.map(|(name, value)| {
        (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    let multi = proxy["multiValueHeaders"].as_object().into_iter().flatten();
    let multi = multi.flat_map(|(name, values)| {
        let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
        values.map(move |value| (name, value.to_owned()))
    });
    let mut headers = Vec::new();
    for (name, value) in single.chain(multi) {
        let header = (name.parse().ok()?, HeaderValue::from_str(&value).ok()?);
        if !headers.contains(&header) {
            headers.push(header);
        }
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_that_are_proxy_responses_and_responses_that_are_not() {
        for (payload, status) in [
            (r#"{"statusCode":201,"headers":{"Location":"/x"},"body":"{}"}"#, Some(201)),
            (r#"{"statusCode":200,"isBase64Encoded":true,"body":"aGk="}"#, Some(200)),
            (r#"{"statusCode":200,"isBase64Encoded":true,"body":"?"}"#, None),
            (r#"{"statusCode":"ok"}"#, None),
            (r#"{"statusCode":99}"#, None),
            ("null", None),
            ("", None),
        ] {
            let response = proxied(&Bytes::from(payload));
            assert_eq!(response.map(|r| r.status().as_u16()), status, "{payload}");
        }
    }
}

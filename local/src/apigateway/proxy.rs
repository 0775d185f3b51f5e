use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::Incoming;
use crate::{clock, identity::ACCOUNT, template::Api};

/// The proxy event, payload format 1.0.
pub(super) fn event(api: &Api, api_id: &str, domain: &str, incoming: &Incoming<'_>) -> String {
    let (headers, multi_headers) = header_maps(&incoming.headers);
    let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(incoming.query.as_bytes()).into_owned() {
        query.entry(name).or_default().push(value);
    }
    let or_null =
        |map: Value| if map.as_object().is_some_and(Map::is_empty) { Value::Null } else { map };
    let last = |(name, values): (&String, &Vec<String>)| {
        (name.clone(), Value::from(values.last().cloned()))
    };
    let body = match incoming.body.as_ref() {
        [] => Value::Null,
        // Without binary media types API Gateway takes every body for text.
        body => String::from_utf8_lossy(body).into(),
    };
    let client = incoming.client.ip().to_string();
    let path = percent_decode_str(&incoming.path).decode_utf8_lossy().into_owned();
    json!({
        "resource": incoming.route.path,
        "path": path,
        "httpMethod": incoming.method,
        "headers": or_null(headers),
        "multiValueHeaders": or_null(multi_headers),
        "queryStringParameters": or_null(Value::Object(query.iter().map(last).collect())),
        "multiValueQueryStringParameters": or_null(json!(query)),
        "pathParameters": or_null(json!(incoming.parameters)),
        "stageVariables": null,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": api_id,
            "domainName": domain,
            "domainPrefix": api_id,
            "extendedRequestId": incoming.id,
            "httpMethod": incoming.method,
            "identity": {
                "sourceIp": client,
                "userAgent": incoming.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()),
            },
            "path": format!("/{}{path}", api.stage),
            "protocol": "HTTP/1.1",
            "requestId": incoming.id,
            "requestTime": clock::date_time().format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "requestTimeEpoch": clock::millis(),
            "resourceId": "local",
            "resourcePath": incoming.route.path,
            "stage": api.stage,
        },
        "body": body,
        "isBase64Encoded": false,
    })
    .to_string()
}

/// Each header's last value, and all its values.
fn header_maps(headers: &HeaderMap) -> (Value, Value) {
    let (mut single, mut multi) = (Map::new(), Map::new());
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        let values: Vec<_> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        single.insert(name.to_string(), values.last().cloned().into());
        multi.insert(name.to_string(), values.into());
    }
    (Value::Object(single), Value::Object(multi))
}

/// A Lambda proxy answer as HTTP, or `None` when it is none.
pub(super) fn proxied(payload: &Bytes) -> Option<Response<Body>> {
    let answer: Value = serde_json::from_slice(payload).ok()?;
    let status = u16::try_from(answer.get("statusCode")?.as_u64()?).ok()?;
    let body = answer["body"].as_str().unwrap_or_default();
    let body = if answer["isBase64Encoded"] == true {
        STANDARD.decode(body).ok()?
    } else {
        body.as_bytes().to_vec()
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    let one = answer["headers"].as_object().into_iter().flatten();
    let one = one.map(|(name, value)| {
        (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    let many = answer["multiValueHeaders"].as_object().into_iter().flatten();
    let many = many.flat_map(|(name, values)| {
        let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
        values.map(move |value| (name, value.to_owned()))
    });
    let mut set: Vec<(HeaderName, HeaderValue)> = Vec::new();
    for (name, value) in one.chain(many) {
        let pair = (name.parse().ok()?, HeaderValue::from_str(&value).ok()?);
        if !set.contains(&pair) {
            set.push(pair);
        }
    }
    for (name, value) in set {
        response.headers_mut().append(name, value);
    }
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().entry(header::CONTENT_TYPE).or_insert(json);
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_proxy_answers_and_answers_that_are_not() {
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

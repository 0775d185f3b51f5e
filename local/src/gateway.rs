use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    clock,
    identity::{ACCOUNT, REGION},
    lambda::Lambda,
    template::{Api, Function, Route},
    xray::{
        Store, TraceHeader,
        emit::{self, Span, StageRequest},
        new_segment_id,
    },
};

/// The largest request, and how long API Gateway waits
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>).
const MAX_REQUEST: usize = 10 * 1024 * 1024;
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(29);
/// Lambda's own limit, which the proxy event has to respect
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MAX_EVENT: usize = 6 * 1024 * 1024;

/// A REST API with Lambda proxy integrations.
/// See <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>.
#[derive(Debug)]
pub struct Gateway {
    api: Api,
    api_id: String,
    routes: Vec<Route>,
    lambda: Arc<Lambda>,
    store: Arc<Store>,
}

/// A request on its way.
struct Incoming<'a> {
    id: String,
    method: String,
    /// As it came, still encoded.
    path: String,
    query: String,
    headers: HeaderMap,
    body: Bytes,
    client: SocketAddr,
    route: &'a Route,
    parameters: BTreeMap<String, String>,
}

impl Gateway {
    /// The gateway of a template's API.
    pub fn new(api: Api, routes: Vec<Route>, lambda: Arc<Lambda>, store: Arc<Store>) -> Self {
        // Ten letters and digits, the same at every start.
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, api.name.as_bytes()).simple().to_string();
        Self { api, api_id: id[..10].to_owned(), routes, lambda, store }
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request<Body>, client: SocketAddr) -> Response<Body> {
        let start = clock::seconds();
        let id = Uuid::new_v4().to_string();
        let (parts, body) = request.into_parts();
        let header = parts.headers.get("x-amzn-trace-id").and_then(|value| value.to_str().ok());
        let header = header.and_then(TraceHeader::read);
        let header = header.unwrap_or_else(|| TraceHeader::start(start));
        let path = self.without_stage(parts.uri.path()).to_owned();
        let method = parts.method.as_str().to_owned();
        let Some((route, parameters)) = self.route(&method, &path) else {
            // API Gateway does not tell a path that it does not have from one that needs a signature.
            let refusal = refuse(
                StatusCode::FORBIDDEN,
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            );
            return with_ids(refusal, &id, &header);
        };
        let Ok(body) = to_bytes(body, MAX_REQUEST).await else {
            let refusal = refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestTooLargeException",
                "Request Too Long",
            );
            return with_ids(refusal, &id, &header);
        };
        let incoming = Incoming {
            id,
            method,
            path,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body,
            client,
            route,
            parameters,
        };
        self.integrate(&incoming, header, start).await
    }

    /// Calls the function behind the route and sends the stage's segment.
    async fn integrate(
        &self,
        incoming: &Incoming<'_>,
        header: TraceHeader,
        start: f64,
    ) -> Response<Body> {
        let (segment_id, call_id) = (new_segment_id(), new_segment_id());
        // A stage that is traced decides; one that is not passes on what it got.
        let sampled =
            if self.api.traced { Some(header.sampled.unwrap_or(true)) } else { header.sampled };
        let recorded = self.api.traced && sampled == Some(true);
        let parent = if recorded { Some(call_id.clone()) } else { header.parent.clone() };
        let onward = header.under(parent, sampled);
        let Ok(function) = self.lambda.function(&incoming.route.function) else {
            let refusal = refuse(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalServerErrorException",
                "Internal server error",
            );
            return with_ids(refusal, &incoming.id, &onward);
        };
        let called = clock::seconds();
        let event = self.event(incoming);
        let (response, call_status, function_failed) = if event.len() > MAX_EVENT {
            let message = "Request Too Long";
            (refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message), 413, false)
        } else {
            self.call(function, event, &onward).await
        };
        let end = clock::seconds();
        if recorded {
            let user_agent = incoming.headers.get(header::USER_AGENT);
            emit::stage(
                &self.store,
                &StageRequest {
                    api: &self.api,
                    api_id: &self.api_id,
                    segment_id: &segment_id,
                    call_id: &call_id,
                    header: &header,
                    request_id: &incoming.id,
                    method: &incoming.method,
                    url: &format!("https://{}/{}{}", self.domain(), self.api.stage, incoming.path),
                    user_agent: user_agent
                        .and_then(|value| value.to_str().ok())
                        .unwrap_or_default(),
                    client_ip: &incoming.client.ip().to_string(),
                    whole: Span { start, end },
                    call: Span { start: called, end },
                    function,
                    call_status,
                    function_failed,
                    status: response.status().as_u16(),
                    content_length: incoming.body.len(),
                },
            );
        }
        let shown = header.under(recorded.then_some(segment_id).or(onward.parent), sampled);
        with_ids(response, &incoming.id, &shown)
    }

    /// The function's answer, the status of Lambda's, and whether the function failed.
    async fn call(
        &self,
        function: &Function,
        event: String,
        header: &TraceHeader,
    ) -> (Response<Body>, u16, bool) {
        let call = self.lambda.invoke(&function.name, Bytes::from(event), Some(header.clone()));
        let bad_gateway = || {
            refuse(StatusCode::BAD_GATEWAY, "InternalServerErrorException", "Internal server error")
        };
        match tokio::time::timeout(INTEGRATION_TIMEOUT, call).await {
            Err(_) => {
                let message = "Endpoint request timed out";
                (
                    refuse(StatusCode::GATEWAY_TIMEOUT, "InternalServerErrorException", message),
                    504,
                    true,
                )
            }
            Ok(Ok(answer)) => match answer.outcome.as_ref().map(proxied) {
                Ok(Some(response)) => (response, 200, false),
                // An answer that is no proxy answer, and an error: the client sees the same.
                Ok(None) => (bad_gateway(), 200, false),
                Err(_) => (bad_gateway(), 200, true),
            },
            Ok(Err(_)) => (bad_gateway(), 404, false),
        }
    }

    /// The path without the stage, which AWS's URLs have and local ones need not.
    fn without_stage<'a>(&self, path: &'a str) -> &'a str {
        let rest =
            path.strip_prefix('/').and_then(|path| path.strip_prefix(self.api.stage.as_str()));
        rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
    }

    fn route(&self, method: &str, path: &str) -> Option<(&Route, BTreeMap<String, String>)> {
        self.routes.iter().find_map(|route| {
            let same_method = route.method == method || route.method == "ANY";
            let parameters = same_method.then(|| parameters(&route.path, path)).flatten()?;
            Some((route, parameters))
        })
    }

    fn domain(&self) -> String {
        format!("{}.execute-api.{REGION}.amazonaws.com", self.api_id)
    }

    /// The proxy event, payload format 1.0.
    fn event(&self, incoming: &Incoming<'_>) -> String {
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
                "apiId": self.api_id,
                "domainName": self.domain(),
                "domainPrefix": self.api_id,
                "extendedRequestId": incoming.id,
                "httpMethod": incoming.method,
                "identity": {
                    "sourceIp": client,
                    "userAgent": incoming.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()),
                },
                "path": format!("/{}{path}", self.api.stage),
                "protocol": "HTTP/1.1",
                "requestId": incoming.id,
                "requestTime": clock::date_time().format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
                "requestTimeEpoch": clock::millis(),
                "resourceId": "local",
                "resourcePath": incoming.route.path,
                "stage": self.api.stage,
            },
            "body": body,
            "isBase64Encoded": false,
        })
        .to_string()
    }
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

/// The path parameters if `path` fits `template`: `/orders/{customerId}`, or `/{proxy+}` for the rest.
fn parameters(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut parts = path.split('/');
    for wanted in template.split('/') {
        let name = wanted.strip_prefix('{').and_then(|wanted| wanted.strip_suffix('}'));
        match name.map(|name| (name, name.strip_suffix('+'))) {
            Some((_, Some(greedy))) => {
                let rest = parts.by_ref().collect::<Vec<_>>().join("/");
                found.insert(greedy.to_owned(), decoded(&rest));
            }
            Some((name, None)) => {
                let value = parts.next().filter(|part| !part.is_empty())?;
                found.insert(name.to_owned(), decoded(value));
            }
            None if parts.next()? == wanted => {}
            None => return None,
        }
    }
    parts.next().is_none().then_some(found)
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A Lambda proxy answer as HTTP, or `None` when it is none.
fn proxied(payload: &Bytes) -> Option<Response<Body>> {
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

fn refuse(status: StatusCode, kind: &'static str, message: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-amzn-errortype", HeaderValue::from_static(kind));
    response
}

fn with_ids(mut response: Response<Body>, id: &str, trace: &TraceHeader) -> Response<Body> {
    for (name, value) in [("x-amzn-requestid", id), ("x-amzn-trace-id", &trace.to_string())] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_their_parameters() {
        for (template, path, found) in [
            (
                "/orders/{customerId}",
                "/orders/customer123",
                Some(vec![("customerId", "customer123")]),
            ),
            ("/orders/{customerId}", "/orders/a%2Fb", Some(vec![("customerId", "a/b")])),
            ("/orders/{customerId}", "/orders/", None),
            ("/orders/{customerId}", "/orders/a/b", None),
            ("/orders/{customerId}", "/order/a", None),
            ("/orders/{c}/{o}", "/orders/a/b", Some(vec![("c", "a"), ("o", "b")])),
            ("/{proxy+}", "/a/b/c", Some(vec![("proxy", "a/b/c")])),
        ] {
            let found = found.map(|pairs| {
                pairs.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
            });
            assert_eq!(parameters(template, path), found, "{template} {path}");
        }
    }

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

/// The API Gateway API: asking how the API is set.
pub mod api;
/// Lambda proxy integration: the event that goes in, the answer that comes out.
mod proxy;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header},
};
use bytes::Bytes;
use serde_json::json;
use uuid::Uuid;

use self::proxy::{event, proxied};
use crate::{
    clock,
    identity::REGION,
    lambda::Lambda,
    path_template::parameters,
    template::{Api, Function, Route},
    trace_header::{TraceHeader, new_segment_id},
    xray::{
        Store,
        emit::{self, Span, StageRequest},
    },
};

/// The largest request, and how long API Gateway waits
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>).
const MAX_REQUEST: usize = 10 * 1024 * 1024;
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(29);
/// Lambda's own limit, which the proxy event has to respect
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MAX_EVENT: usize = 6 * 1024 * 1024;

/// What API Gateway says itself: a status, a name, a message
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>).
type Refusal = (StatusCode, &'static str, &'static str);
/// API Gateway does not tell a path that it does not have from one that needs a signature.
const MISSING_TOKEN: Refusal =
    (StatusCode::FORBIDDEN, "MissingAuthenticationTokenException", "Missing Authentication Token");
const TOO_LARGE: Refusal =
    (StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", "Request Too Long");
const INTERNAL: Refusal =
    (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerErrorException", "Internal server error");
const BAD_GATEWAY: Refusal =
    (StatusCode::BAD_GATEWAY, "InternalServerErrorException", "Internal server error");
const TIMED_OUT: Refusal =
    (StatusCode::GATEWAY_TIMEOUT, "InternalServerErrorException", "Endpoint request timed out");

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

/// What came of calling the function.
struct Called {
    /// For the client.
    response: Response<Body>,
    /// Of Lambda's answer.
    status: u16,
    /// Whether the function failed.
    failed: bool,
    /// Of Lambda's answer, in bytes.
    length: usize,
}

impl Gateway {
    /// The gateway of a template's API.
    pub fn new(api: Api, routes: Vec<Route>, lambda: Arc<Lambda>, store: Arc<Store>) -> Self {
        let api_id = api_id(&api.name);
        Self { api, api_id, routes, lambda, store }
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
            return with_ids(refuse(MISSING_TOKEN), &id, &header);
        };
        let Ok(body) = to_bytes(body, MAX_REQUEST).await else {
            return with_ids(refuse(TOO_LARGE), &id, &header);
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
            return with_ids(refuse(INTERNAL), &incoming.id, &onward);
        };
        let called = clock::seconds();
        let event = event(&self.api, &self.api_id, &self.domain(), incoming);
        let Called { response, status, failed, length } = if event.len() > MAX_EVENT {
            Called { response: refuse(TOO_LARGE), status: 413, failed: false, length: 0 }
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
                    call_status: status,
                    function_failed: failed,
                    status: response.status().as_u16(),
                    content_length: length,
                },
            );
        }
        let shown = header.under(recorded.then_some(segment_id).or(onward.parent), sampled);
        with_ids(response, &incoming.id, &shown)
    }

    async fn call(&self, function: &Function, event: String, header: &TraceHeader) -> Called {
        let call = self.lambda.invoke(&function.name, Bytes::from(event), Some(header.clone()));
        let (response, status, failed, length) =
            match tokio::time::timeout(INTEGRATION_TIMEOUT, call).await {
                Err(_elapsed) => (refuse(TIMED_OUT), 504, true, 0),
                Ok(Err(_unknown)) => (refuse(BAD_GATEWAY), 404, false, 0),
                // An answer that is no proxy answer, and an error: the client sees the same.
                Ok(Ok(answer)) => match &answer.outcome {
                    Ok(payload) => {
                        let response = proxied(payload).unwrap_or_else(|| refuse(BAD_GATEWAY));
                        (response, 200, false, payload.len())
                    }
                    Err(failure) => (refuse(BAD_GATEWAY), 200, true, failure.payload.len()),
                },
            };
        Called { response, status, failed, length }
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
}

/// Ten letters and digits, the same at every start.
fn api_id(name: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).simple().to_string()[..10].to_owned()
}

fn refuse((status, kind, message): Refusal) -> Response<Body> {
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

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Request, header},
};
use bytes::Bytes;
use uuid::Uuid;

use super::{
    caller::{Caller, Callers},
    gateway_response::{
        BAD_GATEWAY, BAD_REQUEST, INTERNAL, MISSING_TOKEN, SLOW_REQUEST, TIMED_OUT, TOO_LARGE,
        respond,
    },
    proxy::{event, proxied},
    segment::{Call, SegmentIds, StageRequest, segment},
};
use crate::{
    clock::{self, Span},
    lambda::Lambda,
    path_template::parameters,
    request_body::{BodyError, read},
    template::{Api, Function, Route},
    trace_header::TraceHeader,
    wire::{HttpResponse, trace_header},
    xray::Recorder,
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
pub(crate) struct Gateway {
    api: Api,
    routes: Vec<Route>,
    callers: Callers,
    lambda: Arc<Lambda>,
    recorder: Recorder,
}

/// A request on its way.
pub(super) struct Incoming<'a> {
    pub(super) id: String,
    pub(super) method: String,
    /// As it came, still encoded, but without the stage.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) client: SocketAddr,
    pub(super) route: &'a Route,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) caller: Caller,
    /// The trace, with the client's parent if it sent one.
    trace: TraceHeader,
    /// When it came, in seconds since the epoch.
    start: f64,
}

/// The trace of a request that is forwarded.
struct Tracing {
    /// Those of the stage's segment, if it is recorded.
    ids: Option<SegmentIds>,
    /// The header that the function's invocation gets.
    forwarded: TraceHeader,
    /// The header that the client gets.
    returned: TraceHeader,
}

/// What came of calling the function: what the client gets, and for the segment the status of Lambda's
/// answer, whether the function failed, and the length of the answer.
type Called = (HttpResponse, u16, bool, usize);

impl Gateway {
    /// The gateway of a template's API.
    pub(crate) fn new(
        api: Api,
        routes: Vec<Route>,
        callers: Callers,
        lambda: Arc<Lambda>,
        recorder: Recorder,
    ) -> Self {
        Self { api, routes, callers, lambda, recorder }
    }

    /// Handles a request.
    pub(crate) async fn handle(&self, request: Request<Body>, client: SocketAddr) -> HttpResponse {
        let (start, id) = (clock::seconds(), Uuid::new_v4().to_string());
        let (parts, body) = request.into_parts();
        let trace = trace_header(&parts.headers).unwrap_or_else(|| TraceHeader::start(start));
        let path = self.without_stage(parts.uri.path()).to_owned();
        let method = parts.method.as_str().to_owned();
        let Some((route, parameters)) = self.route(&method, &path) else {
            return with_ids(respond(MISSING_TOKEN), &id, &trace);
        };
        let caller = match self.callers.identify(&route.security, &parts.headers) {
            Ok(caller) => caller,
            Err(response) => return with_ids(respond(response), &id, &trace),
        };
        let body = match read(body, MAX_REQUEST).await {
            Ok(body) => body,
            Err(error) => {
                let response = match error {
                    BodyError::TooLarge => TOO_LARGE,
                    BodyError::Broken => BAD_REQUEST,
                    BodyError::Slow => SLOW_REQUEST,
                };
                return with_ids(respond(response), &id, &trace);
            }
        };
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let headers = parts.headers;
        let incoming = Incoming {
            id,
            method,
            path,
            query,
            headers,
            body,
            client,
            route,
            parameters,
            caller,
            trace,
            start,
        };
        self.integrate(&incoming).await
    }

    /// Calls the function behind the route and records the stage's segment.
    async fn integrate(&self, incoming: &Incoming<'_>) -> HttpResponse {
        let Tracing { ids, forwarded, returned } = self.tracing(&incoming.trace);
        let Ok(function) = self.lambda.function(&incoming.route.function) else {
            return with_ids(respond(INTERNAL), &incoming.id, &returned);
        };
        let start = clock::seconds();
        let (response, status, failed, content_length) =
            self.call(function, incoming, forwarded).await;
        if let Some(ids) = &ids {
            let span = Span::since(start);
            let call = Call { function, span, status, failed, content_length };
            self.record(ids, incoming, call, response.status().as_u16());
        }
        with_ids(response, &incoming.id, &returned)
    }

    /// A stage that is traced decides on sampling and becomes the parent of the invocation; one that is not
    /// forwards what it got.
    fn tracing(&self, trace: &TraceHeader) -> Tracing {
        let sampled = trace.sampled.unwrap_or(true);
        if !self.api.traced {
            return Tracing { ids: None, forwarded: trace.clone(), returned: trace.clone() };
        }
        if !sampled {
            let header = trace.child_of(trace.parent.clone(), Some(false));
            return Tracing { ids: None, forwarded: header.clone(), returned: header };
        }
        let ids = SegmentIds::new();
        Tracing {
            forwarded: trace.child_of(Some(ids.call.clone()), Some(true)),
            returned: trace.child_of(Some(ids.stage.clone()), Some(true)),
            ids: Some(ids),
        }
    }

    async fn call(
        &self,
        function: &Function,
        incoming: &Incoming<'_>,
        trace: TraceHeader,
    ) -> Called {
        let event = event(&self.api, incoming);
        if event.len() > MAX_EVENT {
            return (respond(TOO_LARGE), 413, false, 0);
        }
        let call = self.lambda.invoke(&function.name, Bytes::from(event), Some(trace));
        match tokio::time::timeout(INTEGRATION_TIMEOUT, call).await {
            Err(_elapsed) => (respond(TIMED_OUT), 504, true, 0),
            Ok(Err(_unknown)) => (respond(BAD_GATEWAY), 404, false, 0),
            Ok(Ok(output)) => match &output.outcome {
                Ok(payload) => {
                    // A response that is no proxy response looks like an error to the client.
                    let response = proxied(payload).unwrap_or_else(|| respond(BAD_GATEWAY));
                    (response, 200, false, payload.len())
                }
                Err(error) => (respond(BAD_GATEWAY), 200, true, error.payload.len()),
            },
        }
    }

    fn record(&self, ids: &SegmentIds, incoming: &Incoming<'_>, call: Call<'_>, status: u16) {
        let user_agent = incoming.headers.get(header::USER_AGENT);
        self.recorder.record(&segment(&StageRequest {
            api: &self.api,
            ids,
            header: &incoming.trace,
            request_id: &incoming.id,
            method: &incoming.method,
            path: &incoming.path,
            user_agent: user_agent.and_then(|value| value.to_str().ok()).unwrap_or_default(),
            client_ip: incoming.client.ip().to_string(),
            span: Span { start: incoming.start, end: call.span.end },
            status,
            call,
        }));
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
}

fn with_ids(mut response: HttpResponse, id: &str, trace: &TraceHeader) -> HttpResponse {
    for (name, value) in [("x-amzn-requestid", id), ("x-amzn-trace-id", &trace.to_string())] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

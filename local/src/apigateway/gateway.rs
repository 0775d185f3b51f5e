/// Whether and how a request is traced.
mod tracing;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Request, header, request::Parts},
};
use bytes::Bytes;

use self::tracing::Tracing;
use super::{
    caller::{Caller, Callers},
    gateway_response::{
        BAD_GATEWAY, BAD_REQUEST, HEAD_TOO_LARGE, INTERNAL, MISSING_TOKEN, Refusal, SLOW_REQUEST,
        TIMED_OUT, TOO_LARGE, respond,
    },
    incoming::Incoming,
    proxy::{event, proxied},
    segment::{Call, SegmentIds, StageRequest, segment},
};
use crate::{
    clock::{self, Span},
    http_server::head_size,
    lambda::Lambda,
    logs::{Logs, Served},
    path_template::parameters,
    random_id::new_id,
    request_body::{BodyError, read},
    template::{Api, Function, Route},
    trace_header::TraceHeader,
    wire::{HttpResponse, trace_header},
    xray::{Recorder, Sampling},
};

/// The largest request, the largest request line and headers in bytes, and how long API Gateway waits
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>).
const MAX_REQUEST: usize = 10 * 1024 * 1024;
const MAX_HEAD: usize = 10_240;
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(29);
/// Lambda's own limit, which the proxy event has to respect
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MAX_EVENT: usize = 6 * 1024 * 1024;

/// How long the line about an answered request waits for the outcome of its business.
const OUTCOME_TIMEOUT: Duration = Duration::from_secs(2);

/// A REST API with Lambda proxy integrations.
/// See <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) api: Api,
    pub(crate) routes: Vec<Route>,
    pub(crate) callers: Callers,
    pub(crate) lambda: Arc<Lambda>,
    pub(crate) recorder: Recorder,
    /// What decides which requests are traced; without it all are.
    pub(crate) sampling: Option<Arc<Sampling>>,
    pub(crate) logs: Arc<Logs>,
}

/// What came of calling the function: what the client gets, and for the segment the status of Lambda's
/// answer, whether the function failed, and the length of the answer.
type Called = (HttpResponse, u16, bool, usize);

impl Gateway {
    /// Handles a request, and hands on what it was answered with.
    pub(crate) async fn handle(&self, request: Request<Body>, client: SocketAddr) -> HttpResponse {
        let start = Instant::now();
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let (response, trace_id) = self.respond(request, client).await;
        let (status, duration) = (response.status().as_u16(), start.elapsed());
        let time = clock::rfc3339();
        let outcome = None;
        self.report(Served { time, method, path, status, duration, trace_id, outcome });
        response
    }

    /// Hands on that a request was answered: at once, or once it is known how the business ended that it began.
    fn report(&self, mut served: Served) {
        let begins_business = served.method != "GET" && served.status < 400;
        match &served.trace_id {
            Some(id) if begins_business => {
                let (id, recorder, logs) =
                    (id.clone(), self.recorder.clone(), Arc::clone(&self.logs));
                tokio::spawn(async move {
                    served.outcome = recorder.outcome(&id, OUTCOME_TIMEOUT).await;
                    logs.served(&served);
                });
            }
            _ => self.logs.served(&served),
        }
    }

    /// Answers a request with `refusal`, whatever it asks for.
    pub(crate) fn refuse(
        &self,
        request: Parts,
        client: SocketAddr,
        refusal: Refusal,
    ) -> HttpResponse {
        let incoming = self.incoming(request, client);
        self.respond_with(refusal, &incoming, &incoming.trace)
    }

    /// The response to a request, and its trace if that is recorded.
    async fn respond(
        &self,
        request: Request<Body>,
        client: SocketAddr,
    ) -> (HttpResponse, Option<String>) {
        let (parts, body) = request.into_parts();
        let is_too_long = head_size(&parts.uri, &parts.headers) > MAX_HEAD;
        let mut incoming = self.incoming(parts, client);
        let admitted =
            if is_too_long { Err(HEAD_TOO_LARGE) } else { self.admit(&mut incoming, body).await };
        match admitted {
            Ok(route) => self.integrate(&incoming, route).await,
            Err(refusal) => (self.respond_with(refusal, &incoming, &incoming.trace), None),
        }
    }

    /// A request of which nothing but its head is known.
    fn incoming<'a>(&self, parts: Parts, client: SocketAddr) -> Incoming<'a> {
        let start = clock::seconds();
        Incoming {
            id: new_id().to_string(),
            method: parts.method.as_str().to_owned(),
            path: self.without_stage(parts.uri.path()).to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            body: Bytes::new(),
            client,
            route: None,
            parameters: BTreeMap::new(),
            caller: Caller::Unknown,
            trace: self.trace_of(&parts.headers, start),
            headers: parts.headers,
            start,
        }
    }

    /// Finds the route of a request and who calls, and reads the body.
    async fn admit<'a>(
        &'a self,
        incoming: &mut Incoming<'a>,
        body: Body,
    ) -> Result<&'a Route, Refusal> {
        let (route, parameters) =
            self.route(&incoming.method, &incoming.path).ok_or(MISSING_TOKEN)?;
        (incoming.route, incoming.parameters) = (Some(route), parameters);
        let mut values = incoming.headers.values();
        if values.any(|value| std::str::from_utf8(value.as_bytes()).is_err()) {
            // An event is JSON, and two values must not become one: `\xe9` and `\xea` are both `\u{fffd}` when they are
            // replaced, and `\xe9` is what `\xc3\xa9` is when it is read as Latin-1. What API Gateway does is unconfirmed.
            return Err(BAD_REQUEST);
        }
        incoming.caller = self.callers.identify(&route.security, &incoming.headers)?;
        incoming.body = read(body, MAX_REQUEST).await.map_err(|error| match error {
            BodyError::TooLarge => TOO_LARGE,
            BodyError::Broken => BAD_REQUEST,
            BodyError::Slow => SLOW_REQUEST,
        })?;
        Ok(route)
    }

    /// The trace of a request: a new one, unless the client sent a header and is trusted to choose. API Gateway trusts
    /// everybody, so that any client can write into a trace whose id it knows, and decide on sampling.
    fn trace_of(&self, headers: &HeaderMap, now: f64) -> TraceHeader {
        let sent = trace_header(headers).filter(|_| self.callers.trusts_trace_header);
        // Whether the trace is recorded is decided where it is known whose request this is.
        sent.unwrap_or_else(|| TraceHeader::start(now).child_of(None, None))
    }

    /// Calls the function behind the route and records the stage's segment.
    async fn integrate(
        &self,
        incoming: &Incoming<'_>,
        route: &Route,
    ) -> (HttpResponse, Option<String>) {
        let Tracing { ids, rule, forwarded, returned } = self.tracing(incoming);
        let Ok(function) = self.lambda.function(&route.function) else {
            return (self.respond_with(INTERNAL, incoming, &returned), None);
        };
        let start = clock::seconds();
        let (response, status, failed, content_length) =
            self.call(function, incoming, forwarded).await;
        if let Some(ids) = &ids {
            let span = Span::since(start);
            let call = Call { function, span, status, failed, content_length };
            self.record(ids, incoming, rule.as_deref(), call, response.status().as_u16());
        }
        let trace_id = (returned.sampled != Some(false)).then(|| returned.root.clone());
        (with_ids(response, &incoming.id, &returned), trace_id)
    }

    async fn call(
        &self,
        function: &Function,
        incoming: &Incoming<'_>,
        trace: TraceHeader,
    ) -> Called {
        let refuse = |refusal| respond(refusal, &self.api, incoming);
        let event = event(&self.api, incoming);
        if event.len() > MAX_EVENT {
            return (refuse(TOO_LARGE), 413, false, 0);
        }
        let call = self.lambda.invoke(&function.name, Bytes::from(event), Some(trace), false);
        match tokio::time::timeout(INTEGRATION_TIMEOUT, call).await {
            Err(_elapsed) => (refuse(TIMED_OUT), 504, true, 0),
            Ok(Err(_unknown)) => (refuse(BAD_GATEWAY), 404, false, 0),
            Ok(Ok(output)) => match &output.outcome {
                Ok(payload) => {
                    // A response that is no proxy response looks like an error to the client.
                    let response = proxied(payload).unwrap_or_else(|| refuse(BAD_GATEWAY));
                    (response, 200, false, payload.len())
                }
                Err(error) => (refuse(BAD_GATEWAY), 200, true, error.payload.len()),
            },
        }
    }

    /// What API Gateway itself answers, with the ids of the request.
    fn respond_with(
        &self,
        refusal: Refusal,
        incoming: &Incoming<'_>,
        trace: &TraceHeader,
    ) -> HttpResponse {
        with_ids(respond(refusal, &self.api, incoming), &incoming.id, trace)
    }

    fn record(
        &self,
        ids: &SegmentIds,
        incoming: &Incoming<'_>,
        rule: Option<&str>,
        call: Call<'_>,
        status: u16,
    ) {
        let user_agent = incoming.headers.get(header::USER_AGENT);
        self.recorder.record(&segment(&StageRequest {
            api: &self.api,
            ids,
            rule,
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

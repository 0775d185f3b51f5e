use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
    response::IntoResponse,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    access::{check_api, check_aws},
    apigateway::{INTERNAL, THROTTLED},
    console::Console,
    endpoint::Endpoint,
    faults::{self, Call, Injection, Kind},
    http_server::serve,
    request_body::{BodyError, read},
    services::Services,
    wire::{AwsError, HttpResponse, json_error},
    xray::{MAX_OTLP, OTLP_PATH, Store, receive_otlp},
};

/// The largest request that any AWS API here takes: DynamoDB's 16 MB.
const MAX_REQUEST: usize = 16 * 1024 * 1024;
/// The largest request that the X-Ray daemon takes: 25 reports of some 200 bytes, and room.
const MAX_DAEMON_REQUEST: usize = 64 * 1024;
/// What the X-Ray daemon serves.
const DAEMON_PATHS: [&str; 2] = ["/GetSamplingRules", "/SamplingTargets"];
/// The variable with which a function learns which pages may read its answers.
const CORS_ORIGIN: &str = "CORS_ORIGIN";

/// Serves the REST API until `stop`.
pub(super) fn serve_api(
    listener: TcpListener,
    services: Arc<Services>,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let handle = move |request, client| {
        let services = Arc::clone(&services);
        async move { api_request(&services, request, client).await }
    };
    tokio::spawn(serve(listener, handle, stop.clone()))
}

/// Serves the AWS APIs and the console until `stop`.
pub(super) fn serve_aws(
    listener: TcpListener,
    endpoint: &Arc<Endpoint>,
    console: &Arc<Console>,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let (endpoint, console) = (Arc::clone(endpoint), Arc::clone(console));
    let handle = move |request, _client| {
        let (endpoint, console) = (Arc::clone(&endpoint), Arc::clone(&console));
        async move { aws_request(&endpoint, &console, request).await }
    };
    tokio::spawn(serve(listener, handle, stop.clone()))
}

/// Serves what the X-Ray daemon has on TCP, the sampling rules for AWS's SDKs, until `stop`.
/// See <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sampling.html>.
pub(super) fn serve_daemon(
    listener: TcpListener,
    endpoint: Arc<Endpoint>,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let handle = move |request, _client| {
        let endpoint = Arc::clone(&endpoint);
        async move { daemon_request(&endpoint, request).await }
    };
    tokio::spawn(serve(listener, handle, stop.clone()))
}

/// Serves OTLP over HTTP, as collectors do on port 4318, until `stop`.
pub(super) fn serve_otlp(
    listener: TcpListener,
    store: &Arc<Store>,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let store = Arc::clone(store);
    let handle = move |request, _client| {
        let store = Arc::clone(&store);
        async move { otlp_request(store, request).await }
    };
    tokio::spawn(serve(listener, handle, stop.clone()))
}

async fn api_request(
    services: &Services,
    request: Request<Body>,
    client: SocketAddr,
) -> HttpResponse {
    let Some(gateway) = &services.gateway else {
        return (StatusCode::NOT_FOUND, "the template has no API").into_response();
    };
    let allowed = |origin: &str| {
        let mut functions = services.lambda.functions();
        let configured = |value: &String| value == origin || value == "*";
        functions.any(|function| function.environment.get(CORS_ORIGIN).is_some_and(configured))
    };
    if let Err(refusal) = check_api(request.uri(), request.headers(), allowed) {
        return refusal.respond();
    }
    let method = request.method().clone();
    let call = Call { service: "apigateway", operation: method.as_str(), function: None };
    let Some(Injection { kind, mut random }) = services.faults.meet(call, |_| true) else {
        return gateway.handle(request, client).await;
    };
    match kind {
        Kind::Throttle => gateway.refuse(request.into_parts().0, client, THROTTLED),
        Kind::Error => gateway.refuse(request.into_parts().0, client, INTERNAL),
        Kind::Lost => {
            let (parts, body) = request.into_parts();
            let refused = gateway.refuse(parts.clone(), client, INTERNAL);
            let _lost = gateway.handle(Request::from_parts(parts, body), client).await;
            if random.bool() { faults::close() } else { refused }
        }
        Kind::Hang(pause) => {
            tokio::time::sleep(pause).await;
            gateway.handle(request, client).await
        }
        Kind::Delay(pause) => {
            let response = gateway.handle(request, client).await;
            tokio::time::sleep(pause).await;
            response
        }
        // The others are not accepted for API Gateway.
        Kind::Reset | Kind::Partial | Kind::Duplicate | Kind::KillBefore | Kind::KillAfter => {
            faults::close()
        }
    }
}

async fn aws_request(
    endpoint: &Endpoint,
    console: &Arc<Console>,
    request: Request<Body>,
) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let sets_faults = parts.method == Method::PUT && path == "/console/faults";
    if let Err(refusal) = check_aws(&parts.method, &parts.uri, &parts.headers, sets_faults) {
        return refusal.respond();
    }
    // A browser does not sign its requests, an AWS client does.
    if parts.method == Method::GET && !parts.headers.contains_key(header::AUTHORIZATION) {
        return console.handle(&parts.uri, &parts.headers).await;
    }
    let body = match read(body, MAX_REQUEST).await {
        Ok(body) => body,
        Err(error) => return refuse_body(error),
    };
    if sets_faults {
        return console.set_faults(&body);
    }
    let target = parts.uri.path_and_query().map_or(path, |target| target.as_str());
    endpoint.handle(&parts.method, target, &parts.headers, body).await
}

async fn otlp_request(store: Arc<Store>, request: Request<Body>) -> HttpResponse {
    let (parts, body) = request.into_parts();
    if let Err(refusal) = check_aws(&parts.method, &parts.uri, &parts.headers, false) {
        return refusal.respond();
    }
    if parts.uri.path() != OTLP_PATH {
        let message = format!("only spans are taken here, at {OTLP_PATH}: no metrics and no logs");
        return (StatusCode::NOT_FOUND, message).into_response();
    }
    if parts.method != Method::POST {
        let allow = [(header::ALLOW, "POST")];
        return (StatusCode::METHOD_NOT_ALLOWED, allow, "spans are posted").into_response();
    }
    match read(body, MAX_OTLP).await {
        Ok(body) => receive_otlp(&parts.headers, body, store).await.map(Body::from),
        Err(error) => refuse_body(error),
    }
}

/// SDKs do not sign what they ask the daemon for; it signs and forwards everything. Here it is for sampling alone.
async fn daemon_request(endpoint: &Endpoint, request: Request<Body>) -> HttpResponse {
    let (mut parts, body) = request.into_parts();
    if let Err(refusal) = check_aws(&parts.method, &parts.uri, &parts.headers, false) {
        return refusal.respond();
    }
    let path = parts.uri.path();
    if parts.method != Method::POST || !DAEMON_PATHS.contains(&path) {
        let supported = DAEMON_PATHS.map(|path| format!("POST {path}"));
        let supported: Vec<_> = supported.iter().map(String::as_str).collect();
        let operation = format!("{} {path}", parts.method);
        let error = AwsError::unknown_operation("the X-Ray daemon", &operation, &supported);
        return json_error(&error);
    }
    // The path says whose request it is, and nobody else.
    parts.headers.remove(header::AUTHORIZATION);
    parts.headers.remove("x-amz-target");
    match read(body, MAX_DAEMON_REQUEST).await {
        Ok(body) => endpoint.handle(&parts.method, path, &parts.headers, body).await,
        Err(error) => refuse_body(error),
    }
}

fn refuse_body(error: BodyError) -> HttpResponse {
    let status = match error {
        BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::Broken => StatusCode::BAD_REQUEST,
        BodyError::Slow => StatusCode::REQUEST_TIMEOUT,
    };
    (status, error.to_string()).into_response()
}

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
    response::IntoResponse,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::access::{check_api, check_aws};
use crate::{
    console::Console,
    endpoint::Endpoint,
    faults::{self, Call, Close, Injection, Kind},
    request_body::{BodyError, read},
    services::Services,
    wire::{AwsError, HttpResponse, json_error},
};

/// The largest request that any AWS API here takes: DynamoDB's 16 MB.
const MAX_REQUEST: usize = 16 * 1024 * 1024;
/// The largest request that the X-Ray daemon takes: 25 reports of some 200 bytes, and room.
const MAX_DAEMON_REQUEST: usize = 64 * 1024;
/// What the X-Ray daemon serves.
const DAEMON_PATHS: [&str; 2] = ["/GetSamplingRules", "/SamplingTargets"];
/// The most connections that a port serves at once; further ones wait.
const MAX_CONNECTIONS: usize = 512;
/// The largest head of a request, in bytes. API Gateway takes 10,240 bytes of headers.
const MAX_HEAD: usize = 64 * 1024;
/// How long a client may take to send the head of a request, or to send the next one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The variable with which a function learns which pages may read its answers.
const CORS_ORIGIN: &str = "CORS_ORIGIN";
/// The pause after an error of the listener, such as too many open files.
const LISTENER_PAUSE: Duration = Duration::from_millis(100);

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
    endpoint: Arc<Endpoint>,
    console: Console,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let console = Arc::new(console);
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

/// Accepts connections until `stop`, and returns when the requests under way are answered.
async fn serve<H, F>(listener: TcpListener, handle: H, stop: CancellationToken)
where
    H: Fn(Request<Body>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = HttpResponse> + Send + 'static,
{
    let (permits, connections) = (Arc::new(Semaphore::new(MAX_CONNECTIONS)), TaskTracker::new());
    let accept = async {
        loop {
            // The semaphore is never closed.
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, client)) => {
                    let (handle, stop) = (handle.clone(), stop.clone());
                    connections.spawn(async move {
                        connection(stream, client, handle, stop).await;
                        drop(permit);
                    });
                }
                Err(_) => tokio::time::sleep(LISTENER_PAUSE).await,
            }
        }
    };
    stop.run_until_cancelled(accept).await;
    connections.close();
    connections.wait().await;
}

/// Serves one connection; on `stop` the request under way is the last one.
async fn connection<H, F>(stream: TcpStream, client: SocketAddr, handle: H, stop: CancellationToken)
where
    H: Fn(Request<Body>, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = HttpResponse> + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let response = handle(request.map(Body::new), client);
        async {
            let response = response.await;
            // An error of the service closes the connection without an answer.
            if response.extensions().get::<Close>().is_some() { Err(Closed) } else { Ok(response) }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        // A client that has sent everything may say so and still wait for its answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // A connection that fails is its client's affair.
    tokio::select! {
        _ended = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
        }
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed on purpose")]
struct Closed;

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
        Kind::Throttle => faults::stage_throttle(),
        Kind::Error => faults::stage_error(),
        Kind::Lost => {
            let _lost = gateway.handle(request, client).await;
            if random.bool() { faults::close() } else { faults::stage_error() }
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
    console: &Console,
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
    endpoint.handle(&parts.method, path, &parts.headers, body).await
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

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, request::Parts,
    },
};
use bytes::Bytes;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Mutex as AsyncMutex, mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::invocation::{Failure, FunctionError, Invocation};
use crate::{
    access::check_aws,
    clock,
    random_id::new_id,
    request_body::{BodyError, read},
};

/// The largest response, in bytes
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MAX_RESPONSE: usize = 6 * 1024 * 1024 + 100;

/// Names an invocation in `next` and, where the runtime repeats it, in the answer.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";

/// The Runtime API of one process, on a port of its own.
/// See <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    pub(super) address: SocketAddr,
    exchange: Arc<Exchange>,
    next: mpsc::Sender<Scheduled>,
    server: JoinHandle<()>,
}

/// What the process and the host exchange.
#[derive(Debug)]
struct Exchange {
    function_arn: String,
    next: AsyncMutex<mpsc::Receiver<Scheduled>>,
    current: Mutex<Option<Current>>,
    /// Whether the process has asked for its first invocation.
    ready: watch::Sender<bool>,
    init_error: Mutex<Option<Bytes>>,
}

/// An invocation for the process.
#[derive(Debug)]
struct Scheduled {
    invocation: Invocation,
    invocation_id: String,
    /// In milliseconds since the epoch.
    deadline: u64,
}

/// The invocation that is running.
#[derive(Debug)]
struct Current {
    request_id: String,
    /// Of this attempt alone, while a retry keeps its request id.
    invocation_id: String,
    outcome: oneshot::Sender<Outcome>,
}

/// What the process reports: the function's response or its error.
type Outcome = Result<Bytes, FunctionError>;

/// The server has ended, so there is no outcome.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("Runtime API is gone")]
pub(super) struct ApiGone;

impl RuntimeApi {
    /// Starts the server on a free port.
    pub(super) async fn start(function_arn: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (next, received) = mpsc::channel(1);
        let exchange = Arc::new(Exchange {
            function_arn: function_arn.to_owned(),
            next: AsyncMutex::new(received),
            current: Mutex::default(),
            ready: watch::Sender::new(false),
            init_error: Mutex::default(),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&exchange)));
        Ok(Self { address, exchange, next, server })
    }

    /// Waits until the process asks for its first invocation.
    pub(super) async fn ready(&self) {
        let mut ready = self.exchange.ready.subscribe();
        // The sender lives as long as `self`, so this is no error.
        let _ready = ready.wait_for(|ready| *ready).await;
    }

    /// The error that the process reported instead of becoming ready.
    pub(super) fn init_error(&self) -> Option<Bytes> {
        self.exchange.init_error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Gives the process an invocation with `limit` to handle it, and waits for the outcome.
    pub(super) async fn invoke(
        &self,
        invocation: Invocation,
        limit: Duration,
    ) -> Result<Outcome, ApiGone> {
        let (outcome, reported) = oneshot::channel();
        let request_id = invocation.request_id.clone();
        let invocation_id = new_id().to_string();
        *self.exchange.current() =
            Some(Current { request_id, invocation_id: invocation_id.clone(), outcome });
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let deadline = clock::millis().saturating_add(limit);
        let scheduled = Scheduled { invocation, invocation_id, deadline };
        self.next.send(scheduled).await.map_err(|_| ApiGone)?;
        reported.await.map_err(|_| ApiGone)
    }

    /// Refuses the outcome of the invocation that was running, if it is still reported.
    pub(super) fn forget_current(&self) {
        *self.exchange.current() = None;
    }
}

/// Dropping it ends the server.
impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, exchange: Arc<Exchange>) {
    // Ends with the instance; if the listener fails, the process never becomes ready.
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, Arc::clone(&exchange)));
    }
}

/// Serves a connection. It has no limits on time: a process waits as long as there is nothing to do, and is silent as long
/// as it works.
async fn connection(stream: TcpStream, exchange: Arc<Exchange>) {
    let service = service_fn(|request: Request<Incoming>| {
        let exchange = Arc::clone(&exchange);
        async move { Ok::<_, Infallible>(exchange.handle(request.map(Body::new)).await) }
    });
    // A connection that fails is the process's affair.
    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

impl Exchange {
    async fn handle(&self, request: Request<Body>) -> Response<Body> {
        let (Parts { method, uri, headers, .. }, body) = request.into_parts();
        if let Err(refusal) = check_aws(&method, &uri, &headers, false) {
            return refusal.respond();
        }
        let path = uri.path().strip_prefix("/2018-06-01/runtime/").unwrap_or_default();
        if method == Method::GET && path == "invocation/next" {
            return self.next().await;
        }
        let body = match read(body, MAX_RESPONSE).await {
            Ok(body) => body,
            Err(error) => {
                let status = match error {
                    BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                    BodyError::Broken | BodyError::Slow => StatusCode::BAD_REQUEST,
                };
                return refusal(status, "RequestEntity", &error.to_string());
            }
        };
        let of_invocation = path.strip_prefix("invocation/").and_then(|path| path.split_once('/'));
        match (method, of_invocation) {
            (Method::POST, Some((id, "response"))) => self.finish(id, &headers, Ok(body)),
            (Method::POST, Some((id, "error"))) => {
                let error = FunctionError::reported(Failure::Handler, body);
                self.finish(id, &headers, Err(error))
            }
            (Method::POST, None) if path == "init/error" => {
                *self.init_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
                accepted()
            }
            _ => refusal(StatusCode::NOT_FOUND, "NotFound", "the Runtime API has no such path"),
        }
    }

    async fn next(&self) -> Response<Body> {
        self.ready.send_replace(true);
        let received = self.next.lock().await.recv().await;
        let Some(Scheduled { invocation, invocation_id, deadline }) = received else {
            return refusal(StatusCode::GONE, "Shutdown", "the host is shutting down");
        };
        let mut response = Response::new(Body::from(invocation.payload));
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        };
        set("content-type", "application/json");
        set("lambda-runtime-aws-request-id", &invocation.request_id);
        set(INVOCATION_ID, &invocation_id);
        set("lambda-runtime-deadline-ms", &deadline.to_string());
        set("lambda-runtime-invoked-function-arn", &self.function_arn);
        set("lambda-runtime-trace-id", &invocation.trace.to_string());
        response
    }

    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the invocation `id`, if that is the one that is running. A runtime that knows the header repeats
    /// it, so that a late answer to an earlier attempt is not taken for one to the retry.
    fn finish(&self, id: &str, headers: &HeaderMap, outcome: Outcome) -> Response<Body> {
        let named = headers.get(INVOCATION_ID);
        let is_meant = |current: &mut Current| {
            current.request_id == id
                && named.is_none_or(|named| *named == current.invocation_id.as_str())
        };
        match self.current().take_if(is_meant) {
            Some(current) => {
                // The receiver is gone if the invocation timed out just now.
                let _late = current.outcome.send(outcome);
                accepted()
            }
            None => refusal(
                StatusCode::BAD_REQUEST,
                "InvalidRequestID",
                "this invocation is not running",
            ),
        }
    }
}

fn accepted() -> Response<Body> {
    json_response(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

fn refusal(status: StatusCode, kind: &str, message: &str) -> Response<Body> {
    json_response(status, &json!({ "errorType": kind, "errorMessage": message }))
}

fn json_response(status: StatusCode, body: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;

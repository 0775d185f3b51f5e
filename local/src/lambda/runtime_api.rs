use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode},
    middleware::from_fn,
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{Mutex as AsyncMutex, mpsc, oneshot, watch},
    task::JoinHandle,
};
use uuid::Uuid;

use super::invocation::{Failure, FunctionError, Invocation};
use crate::{access::only_programs, clock};

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
        let invocation_id = Uuid::new_v4().to_string();
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
    let routes = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(MAX_RESPONSE))
        .layer(from_fn(only_programs))
        .with_state(exchange);
    // Ends with the instance; if the listener fails, the process never becomes ready.
    let _ended = axum::serve(listener, routes).await;
}

async fn next(State(exchange): State<Arc<Exchange>>) -> Response<Body> {
    exchange.ready.send_replace(true);
    let received = exchange.next.lock().await.recv().await;
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
    set("lambda-runtime-invoked-function-arn", &exchange.function_arn);
    set("lambda-runtime-trace-id", &invocation.trace.to_string());
    response
}

async fn response(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    exchange.finish(&id, &headers, Ok(body))
}

async fn error(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    exchange.finish(&id, &headers, Err(FunctionError::reported(Failure::Handler, body)))
}

async fn init_error(State(exchange): State<Arc<Exchange>>, body: Bytes) -> Response<Body> {
    *exchange.init_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    accepted()
}

impl Exchange {
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
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use super::*;
    use crate::trace_header::TraceHeader;

    async fn request(address: SocketAddr, line: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn an_answer_to_another_invocation_is_refused() {
        let api =
            RuntimeApi::start("arn:aws:lambda:us-east-1:000000000000:function:f").await.unwrap();
        let address = api.address;
        // A retry keeps its request id.
        let invocation = || Invocation {
            request_id: "r-1".to_owned(),
            payload: Bytes::from_static(b"{}"),
            trace: TraceHeader::start(0.0),
        };
        let process = async |late: Option<String>| {
            let next = request(address, "GET /2018-06-01/runtime/invocation/next", "", "").await;
            let mut lines = next.lines();
            let id = lines.find_map(|line| line.strip_prefix("lambda-runtime-invocation-id: "));
            let id = id.unwrap().to_owned();
            let post = async |request_id: &str, id: Option<&str>| {
                let line = format!("POST /2018-06-01/runtime/invocation/{request_id}/response");
                let header = id.map(|id| format!("Lambda-Runtime-Invocation-Id: {id}\r\n"));
                let answer = request(address, &line, &header.unwrap_or_default(), "1").await;
                answer.split(' ').nth(1).unwrap().to_owned()
            };
            assert_eq!(post("r-2", None).await, "400", "another request id");
            assert_eq!(post("r-1", Some("other")).await, "400", "another invocation id");
            if let Some(late) = late {
                assert_eq!(post("r-1", Some(&late)).await, "400", "the attempt before this one");
                assert_eq!(post("r-1", None).await, "202", "a runtime that knows no such header");
            } else {
                assert_eq!(post("r-1", Some(&id)).await, "202");
            }
            assert_eq!(post("r-1", Some(&id)).await, "400", "there is an answer already");
            id
        };
        let limit = Duration::from_mins(1);
        let (first, id) = tokio::join!(api.invoke(invocation(), limit), process(None));
        let (second, _) = tokio::join!(api.invoke(invocation(), limit), process(Some(id)));
        for outcome in [first, second] {
            assert_eq!(outcome.unwrap().unwrap(), "1");
        }
    }
}

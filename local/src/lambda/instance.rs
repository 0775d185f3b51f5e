use std::{
    future, io,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Path as UrlPath, State},
    http::{HeaderName, HeaderValue, Response, StatusCode},
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    net::TcpListener,
    process::{Child, Command},
    runtime::Handle,
    sync::{Mutex as AsyncMutex, mpsc, oneshot, watch},
    task::JoinHandle,
};

use tokio_util::task::TaskTracker;

use super::invocation::{Failure, FunctionError, Invocation};
use crate::{clock, logs::Logs, process_group::ProcessGroup, template::Function};

/// How long a process may take until it is ready
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>).
const INIT_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MAX_ANSWER: usize = 6 * 1024 * 1024 + 100;
/// The longest log line that is kept; CloudWatch's own limit is 256 KB.
const MAX_LINE: usize = 256 * 1024;

/// One process of a function, and the Runtime API that it alone talks to.
/// See <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.
#[derive(Debug)]
pub(super) struct Instance {
    /// Gone only while it is dropped.
    child: Option<Child>,
    exchange: Arc<Exchange>,
    invocations: mpsc::Sender<Sent>,
    server: JoinHandle<()>,
    group: Option<ProcessGroup>,
    /// Sees processes that were ended to their end, so that none is left behind.
    reaper: TaskTracker,
}

/// What the process and the host tell each other through the Runtime API.
#[derive(Debug)]
struct Exchange {
    function_arn: String,
    waiting: AsyncMutex<mpsc::Receiver<Sent>>,
    /// The invocation that is running, and who waits for its end.
    current: Mutex<Option<Running>>,
    /// Whether the process has asked for its first invocation.
    ready: watch::Sender<bool>,
    init_error: Mutex<Option<Bytes>>,
}

/// The id of the invocation that is running, and who waits for its end.
type Running = (String, oneshot::Sender<Result<Bytes, FunctionError>>);
/// An invocation, and by when it has to be done, in epoch milliseconds.
type Sent = (Invocation, u64);

impl Instance {
    /// Starts a process and waits until it asks for its first invocation.
    pub(super) async fn start(
        function: &Function,
        executable: &Path,
        environment: &[(String, String)],
        logs: &Arc<Logs>,
        reaper: &TaskTracker,
        request_id: &str,
    ) -> Result<Self, FunctionError> {
        let failed = |error: String| {
            FunctionError::detected(Failure::Init, "Runtime.InvalidEntrypoint", request_id, &error)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener =
            listener.map_err(|error| failed(format!("no port for the Runtime API: {error}")))?;
        let address = listener.local_addr().map_err(|error| failed(error.to_string()))?;
        let (invocations, waiting) = mpsc::channel(1);
        let exchange = Arc::new(Exchange {
            function_arn: function.arn.clone(),
            waiting: AsyncMutex::new(waiting),
            current: Mutex::default(),
            ready: watch::Sender::new(false),
            init_error: Mutex::default(),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&exchange)));

        let mut command = Command::new(executable);
        command
            .arg(&function.handler)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: a terminal's Ctrl-C reaches only us, and we end it in order; and a
            // wrapper script is ended together with what it started.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| {
            server.abort();
            failed(format!("cannot start {}: {error}", executable.display()))
        })?;
        let group = Some(ProcessGroup::led_by(&child));
        if let Some(output) = child.stdout.take() {
            tokio::spawn(collect(output, Arc::clone(logs), function.name.clone()));
        }
        if let Some(output) = child.stderr.take() {
            tokio::spawn(collect(output, Arc::clone(logs), function.name.clone()));
        }
        let (child, reaper) = (Some(child), reaper.clone());
        let mut instance = Self { child, exchange, invocations, server, group, reaper };
        instance.wait_until_ready(request_id).await?;
        Ok(instance)
    }

    async fn wait_until_ready(&mut self, request_id: &str) -> Result<(), FunctionError> {
        let mut ready = self.exchange.ready.subscribe();
        let ended = tokio::select! {
            // Readiness first: a process that was ready and then ended is the invocation's business.
            biased;
            _ = ready.wait_for(|ready| *ready) => return Ok(()),
            ended = ended(&mut self.child) => Some(ended),
            () = tokio::time::sleep(INIT_TIMEOUT) => None,
        };
        let posted = self.exchange.init_error.lock().unwrap_or_else(PoisonError::into_inner).take();
        Err(match (posted, ended) {
            (Some(posted), _) => FunctionError::reported(Failure::Init, posted),
            (None, Some(ended)) => {
                let error = format!(
                    "Runtime exited without providing a reason during init: {}",
                    shown(&ended)
                );
                FunctionError::detected(Failure::Init, "Runtime.ExitError", request_id, &error)
            }
            (None, None) => {
                let error = format!("Init timed out after {} seconds", INIT_TIMEOUT.as_secs());
                FunctionError::detected(Failure::Init, "Sandbox.Timedout", request_id, &error)
            }
        })
    }

    /// Whether the process still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Has the process handle `invocation`. After a crash or a timeout the process is of no use any more.
    pub(super) async fn invoke(
        &mut self,
        invocation: Invocation,
        limit: Duration,
    ) -> Result<Bytes, FunctionError> {
        let request_id = invocation.request_id.clone();
        let (reply, replied) = oneshot::channel();
        let millis = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let deadline = clock::millis().saturating_add(millis);
        *self.current() = Some((request_id.clone(), reply));
        let sent = self.invocations.send((invocation, deadline)).await;
        let crash = |error: &str| {
            FunctionError::detected(Failure::Crash, "Runtime.ExitError", &request_id, error)
        };
        if sent.is_err() {
            return Err(crash("Runtime API is gone"));
        }
        let outcome = tokio::select! {
            // The answer first: a process may end right after it.
            biased;
            reply = replied => reply.unwrap_or_else(|_| Err(crash("Runtime API is gone"))),
            ended = ended(&mut self.child) => {
                Err(crash(&format!("Runtime exited without providing a reason: {}", shown(&ended))))
            }
            () = tokio::time::sleep(limit) => {
                let error = format!("Task timed out after {:.2} seconds", limit.as_secs_f64());
                Err(FunctionError::detected(Failure::Timeout, "Sandbox.Timedout", &request_id, &error))
            }
        };
        *self.current() = None;
        outcome
    }

    fn current(&self) -> MutexGuard<'_, Option<Running>> {
        self.exchange.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dropping an instance ends its process and whatever that started.
impl Drop for Instance {
    fn drop(&mut self) {
        self.server.abort();
        drop(self.group.take());
        if let (Some(mut child), Ok(runtime)) = (self.child.take(), Handle::try_current()) {
            let seen_off = async move { drop(child.wait().await) };
            self.reaper.spawn_on(seen_off, &runtime);
        }
    }
}

/// Waits until the process ends by itself.
async fn ended(child: &mut Option<Child>) -> io::Result<ExitStatus> {
    match child {
        Some(child) => child.wait().await,
        None => future::pending().await,
    }
}

fn shown(ended: &io::Result<ExitStatus>) -> String {
    ended.as_ref().map_or_else(ToString::to_string, ToString::to_string)
}

/// Hands a process's output to the logs, line by line.
async fn collect(output: impl AsyncRead + Unpin, logs: Arc<Logs>, function: String) {
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    // A line may be longer than anybody wants to keep, so it is not read with `lines()`.
    while let Ok(chunk) = reader.fill_buf().await {
        if chunk.is_empty() {
            break;
        }
        let (taken, ended) = match chunk.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (chunk.len(), false),
        };
        let room = MAX_LINE.saturating_sub(line.len());
        line.extend_from_slice(&chunk[..taken.min(room)]);
        reader.consume(taken);
        if ended {
            logs.add(&function, String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    }
    if !line.is_empty() {
        logs.add(&function, String::from_utf8_lossy(&line).trim_end());
    }
}

async fn serve(listener: TcpListener, exchange: Arc<Exchange>) {
    let routes = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(MAX_ANSWER))
        .with_state(exchange);
    // Ends with the instance; a listener that fails shows as a process that never gets ready.
    let _ended = axum::serve(listener, routes).await;
}

async fn next(State(exchange): State<Arc<Exchange>>) -> Response<Body> {
    exchange.ready.send_replace(true);
    let received = exchange.waiting.lock().await.recv().await;
    let Some((invocation, deadline)) = received else {
        return status(StatusCode::GONE, "Shutdown", "the host is going away");
    };
    let mut response = Response::new(Body::from(invocation.payload));
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    };
    set("content-type", "application/json");
    set("lambda-runtime-aws-request-id", &invocation.request_id);
    set("lambda-runtime-deadline-ms", &deadline.to_string());
    set("lambda-runtime-invoked-function-arn", &exchange.function_arn);
    if let Some(trace) = &invocation.trace {
        set("lambda-runtime-trace-id", trace);
    }
    response
}

async fn response(
    State(exchange): State<Arc<Exchange>>,
    UrlPath(id): UrlPath<String>,
    body: Bytes,
) -> Response<Body> {
    exchange.finish(&id, Ok(body))
}

async fn error(
    State(exchange): State<Arc<Exchange>>,
    UrlPath(id): UrlPath<String>,
    body: Bytes,
) -> Response<Body> {
    exchange.finish(&id, Err(FunctionError::reported(Failure::Handler, body)))
}

async fn init_error(State(exchange): State<Arc<Exchange>>, body: Bytes) -> Response<Body> {
    *exchange.init_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    status(StatusCode::ACCEPTED, "", "")
}

impl Exchange {
    fn finish(&self, id: &str, outcome: Result<Bytes, FunctionError>) -> Response<Body> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match current.take() {
            Some((running, reply)) if running == id => {
                // Nobody listens any more when the time was up just now.
                let _late = reply.send(outcome);
                status(StatusCode::ACCEPTED, "", "")
            }
            other => {
                *current = other;
                status(
                    StatusCode::BAD_REQUEST,
                    "InvalidRequestID",
                    "this invocation is not running",
                )
            }
        }
    }
}

fn status(status: StatusCode, kind: &str, message: &str) -> Response<Body> {
    let body = match kind {
        "" => json!({ "status": "OK" }),
        kind => json!({ "errorType": kind, "errorMessage": message }),
    };
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

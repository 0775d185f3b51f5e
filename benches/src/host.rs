use std::{
    net::{SocketAddr, UdpSocket},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Request, Response, StatusCode, request::Parts},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{Mutex, mpsc, oneshot, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::{AnyError, clock, process::Usage};

/// What a function may take for its init, and for one invocation.
const LIMIT: Duration = Duration::from_secs(30);
/// The largest datagram of the X-Ray daemon.
const DATAGRAM: usize = 64 * 1024;

/// How a function is started.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) command: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

/// One process of a function, with what Lambda has around it: the Runtime API
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>) and the X-Ray daemon.
pub(crate) struct Instance {
    child: Child,
    exchange: Arc<Exchange>,
    invocations: mpsc::Sender<Invocation>,
    daemon: UdpSocket,
    server: JoinHandle<()>,
    /// From the start of the process until it asked for its first invocation.
    pub(crate) init: Duration,
}

/// What an invocation took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Invoked {
    /// From the payload on its way until the whole response was there.
    pub(crate) total: Duration,
    /// How much of it the function's own trace has as AWS calls.
    pub(crate) aws: Duration,
    /// How many AWS calls those are.
    pub(crate) calls: usize,
}

struct Exchange {
    next: Mutex<mpsc::Receiver<Invocation>>,
    current: Mutex<Option<(Instant, oneshot::Sender<Outcome>)>>,
    /// How often the process asked for an invocation.
    asked: watch::Sender<u64>,
    number: AtomicU64,
}

struct Invocation {
    payload: Bytes,
    outcome: oneshot::Sender<Outcome>,
}

/// When the payload left, when the response was there, and the response or error.
type Outcome = (Duration, Result<Bytes, String>);

impl Instance {
    /// Starts the process and waits until it is ready.
    pub(crate) async fn start(program: &Program) -> Result<Self, AnyError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let api = listener.local_addr()?;
        let daemon = UdpSocket::bind("127.0.0.1:0")?;
        daemon.set_nonblocking(true)?;
        let (invocations, next) = mpsc::channel(1);
        let exchange = Arc::new(Exchange {
            next: Mutex::new(next),
            current: Mutex::default(),
            asked: watch::Sender::new(0),
            number: AtomicU64::default(),
        });
        let router = Router::new().fallback(serve).with_state(Arc::clone(&exchange));
        let server = tokio::spawn(async move {
            // It ends with the instance, whose calls then report that nothing answers.
            let _served = axum::serve(listener, router).await;
        });
        let mut command = command(program, api, daemon.local_addr()?);
        let mut ready = exchange.asked.subscribe();
        let start = Instant::now();
        let mut child = command.spawn()?;
        tokio::select! {
            asked = timeout(LIMIT, ready.wait_for(|asked| *asked > 0)) => { asked??; }
            status = child.wait() => {
                return Err(format!("{:?} ended during its init: {}", program.command, status?).into());
            }
        }
        let init = start.elapsed();
        Ok(Self { child, exchange, invocations, daemon, server, init })
    }

    /// Invokes it, and waits until it asks for the next invocation.
    pub(crate) async fn invoke(&self, payload: &Value) -> Result<Invoked, AnyError> {
        let mut asked = self.exchange.asked.subscribe();
        let before = *asked.borrow_and_update();
        let (outcome, reported) = oneshot::channel();
        self.invocations.send(Invocation { payload: payload.to_string().into(), outcome }).await?;
        let (total, response) = timeout(LIMIT, reported).await??;
        let response = response.map_err(|error| format!("the function failed: {error}"))?;
        let status = serde_json::from_slice::<Value>(&response)?["statusCode"].as_u64();
        if status.is_some_and(|status| status != 201) {
            return Err(format!("the answer is {}", String::from_utf8_lossy(&response)).into());
        }
        timeout(LIMIT, asked.wait_for(|asked| *asked > before)).await??;
        let calls = self.aws_calls();
        Ok(Invoked { total, aws: calls.iter().sum(), calls: calls.len() })
    }

    /// How long the AWS calls took whose subsegments arrived since it was last asked.
    fn aws_calls(&self) -> Vec<Duration> {
        let (mut calls, mut datagram) = (Vec::new(), vec![0; DATAGRAM]);
        while let Ok(length) = self.daemon.recv(&mut datagram) {
            // A header line, then the document.
            let document = datagram[..length].split(|byte| *byte == b'\n').nth(1);
            if let Some(Ok(document)) = document.map(serde_json::from_slice::<Value>) {
                collect(&document, &mut calls);
            }
        }
        calls
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage::of(self.child.id().unwrap_or_default())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The subsegments of AWS calls in a document, wherever they are.
fn collect(document: &Value, calls: &mut Vec<Duration>) {
    let time = |name: &str| document[name].as_f64();
    if document["namespace"] == "aws"
        && let (Some(start), Some(end)) = (time("start_time"), time("end_time"))
    {
        calls.push(Duration::from_secs_f64((end - start).max(0.0)));
    }
    for child in document["subsegments"].as_array().into_iter().flatten() {
        collect(child, calls);
    }
}

fn command(program: &Program, api: SocketAddr, daemon: SocketAddr) -> Command {
    let mut command = Command::new(&program.command[0]);
    command
        .args(&program.command[1..])
        .env_clear()
        .envs(program.environment.iter().map(|(name, value)| (name, value)))
        .env("AWS_LAMBDA_RUNTIME_API", api.to_string())
        .env("AWS_XRAY_DAEMON_ADDRESS", daemon.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    command
}

/// The Runtime API: `next`, `response` and the two kinds of errors.
async fn serve(State(exchange): State<Arc<Exchange>>, request: Request<Body>) -> Response<Body> {
    let (Parts { uri, .. }, body) = request.into_parts();
    if uri.path().ends_with("/next") {
        return next(&exchange).await;
    }
    let Ok(body) = body.collect().await else { return status(StatusCode::BAD_REQUEST) };
    let arrived = Instant::now();
    let body = body.to_bytes();
    let Some((sent, outcome)) = exchange.current.lock().await.take() else {
        return status(StatusCode::BAD_REQUEST);
    };
    let is_error = uri.path().ends_with("/error");
    let answer = if is_error { Err(String::from_utf8_lossy(&body).into_owned()) } else { Ok(body) };
    // Who asked may have given up.
    let _received = outcome.send((arrived - sent, answer));
    status(StatusCode::ACCEPTED)
}

async fn next(exchange: &Exchange) -> Response<Body> {
    exchange.asked.send_modify(|asked| *asked += 1);
    let Some(Invocation { payload, outcome }) = exchange.next.lock().await.recv().await else {
        return status(StatusCode::GONE);
    };
    let number = exchange.number.fetch_add(1, Ordering::Relaxed);
    let now = clock::now();
    let deadline = now.timestamp_millis() + i64::try_from(LIMIT.as_millis()).unwrap_or(i64::MAX);
    let trace = format!(
        "Root=1-{:08x}-{number:024x};Parent={:016x};Sampled=1",
        now.timestamp(),
        number + 1
    );
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:measured";
    let response = Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", uuid::Uuid::new_v4().to_string())
        .header("lambda-runtime-deadline-ms", deadline)
        .header("lambda-runtime-invoked-function-arn", arn)
        .header("lambda-runtime-trace-id", trace)
        .body(Body::from(payload))
        .unwrap_or_default();
    *exchange.current.lock().await = Some((Instant::now(), outcome));
    response
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

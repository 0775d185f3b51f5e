use std::{collections::HashMap, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{Method, Response, StatusCode, header},
    response::IntoResponse,
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, UdpSocket},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    apigateway::Gateway,
    console::Console,
    dynamodb::{DynamoDb, TablesError},
    endpoint::Services,
    events::Bus,
    iam::Guard,
    lambda::{Lambda, Surroundings},
    logs::{Line, Logs},
    sns::Sns,
    sqs::Queues,
    template::App,
    xray::{Store, daemon},
};

/// The largest request that any AWS API here takes: DynamoDB's 16 MB.
const MAX_REQUEST: usize = 16 * 1024 * 1024;
/// How long requests under way may take after we were asked to stop.
const GRACE: Duration = Duration::from_secs(2);

/// Which ports to listen on; 0 is any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// The REST API.
    pub api: u16,
    /// The AWS APIs and the console.
    pub aws: u16,
    /// The X-Ray daemon, UDP.
    pub xray: u16,
}

/// What may be said about a stack beside its template.
pub struct Options {
    /// How many traces are kept.
    pub max_traces: usize,
    /// The pause before the first retry of an asynchronous invocation.
    pub retry_delay: Duration,
    /// How many processes a function may have at once.
    pub max_processes: usize,
    /// What to do with each log line of a function.
    pub log: Box<dyn Fn(&Line) + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        let retry_delay = Duration::from_secs(1);
        Self { max_traces: 1_000, retry_delay, max_processes: 8, log: Box::new(|_| {}) }
    }
}

/// The sockets that everything listens on, taken before anything expensive is done.
#[derive(Debug)]
pub struct Sockets {
    api: TcpListener,
    aws: TcpListener,
    xray: UdpSocket,
    addresses: Addresses,
}

/// Where everything listens.
#[derive(Clone, Copy, Debug)]
struct Addresses {
    api: SocketAddr,
    aws: SocketAddr,
    xray: SocketAddr,
}

/// A port that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on port {port} of 127.0.0.1 for {what}\n\nhint: end what listens there, or say {flag} with another port; 0 is any"
)]
pub struct PortError {
    port: u16,
    what: &'static str,
    flag: &'static str,
    source: io::Error,
}

/// Everything of a template, running.
#[derive(Debug)]
pub struct Stack {
    app: App,
    addresses: Addresses,
    lambda: Arc<Lambda>,
    services: Arc<Services>,
    queues: Arc<Queues>,
    logs: Arc<Logs>,
    stop: CancellationToken,
    servers: Vec<JoinHandle<()>>,
    daemon: JoinHandle<()>,
}

impl Sockets {
    /// Takes the ports, on the loopback interface alone.
    pub async fn bind(ports: Ports) -> Result<Self, PortError> {
        let failed = |port, what, flag| move |source| PortError { port, what, flag, source };
        let api = TcpListener::bind(("127.0.0.1", ports.api)).await.map_err(failed(
            ports.api,
            "the API",
            "--api-port",
        ))?;
        let aws = TcpListener::bind(("127.0.0.1", ports.aws)).await.map_err(failed(
            ports.aws,
            "the AWS APIs",
            "--aws-port",
        ))?;
        let xray = UdpSocket::bind(("127.0.0.1", ports.xray)).await.map_err(failed(
            ports.xray,
            "the X-Ray daemon (UDP)",
            "--xray-port",
        ))?;
        let unnamed = |what| failed(0, what, "the flag");
        let addresses = Addresses {
            api: api.local_addr().map_err(unnamed("the API"))?,
            aws: aws.local_addr().map_err(unnamed("the AWS APIs"))?,
            xray: xray.local_addr().map_err(unnamed("the X-Ray daemon"))?,
        };
        Ok(Self { api, aws, xray, addresses })
    }
}

impl Stack {
    /// Starts everything that `app` says; `executables` run the functions, by logical id.
    pub async fn start(
        app: App,
        mut executables: HashMap<String, PathBuf>,
        sockets: Sockets,
        options: Options,
    ) -> Result<Self, TablesError> {
        let Sockets { api, aws, xray, addresses } = sockets;
        let store = Arc::new(Store::new(options.max_traces));
        let logs = Arc::new(Logs::new(options.log));
        let queues = Arc::new(Queues::new(app.queues.clone()));
        let functions = app.functions.iter().filter_map(|function| {
            Some((function.clone(), executables.remove(&function.logical_id)?))
        });
        let surroundings = Surroundings {
            aws: format!("http://{}", addresses.aws),
            xray: addresses.xray.to_string(),
        };
        let lambda = Arc::new(Lambda::new(
            functions.collect(),
            &surroundings,
            Arc::clone(&store),
            Arc::clone(&queues),
            Arc::clone(&logs),
            options.retry_delay,
            options.max_processes,
        ));
        let services = Arc::new(Services {
            dynamodb: DynamoDb::start(&app.tables).await?,
            bus: Bus::new(
                app.buses.clone(),
                app.rules.clone(),
                Arc::clone(&lambda),
                Arc::clone(&queues),
            ),
            lambda: Arc::clone(&lambda),
            sns: Sns::new(app.topics.clone()),
            queues: Arc::clone(&queues),
            guard: Guard::new(&app.functions),
            api: app.api.clone(),
            store: Arc::clone(&store),
        });
        let console = Arc::new(Console {
            services: Arc::clone(&services),
            queues: Arc::clone(&queues),
            logs: Arc::clone(&logs),
            api: format!("http://{}", addresses.api),
        });
        let stop = CancellationToken::new();
        let mut servers = Vec::new();
        let shared = Arc::clone(&services);
        let endpoint = Router::new().fallback(aws_request).with_state((shared, console));
        servers.push(tokio::spawn(serve(aws, endpoint, stop.clone())));
        let gateway = app.api.clone().map(|api| {
            let (lambda, store) = (Arc::clone(&lambda), Arc::clone(&store));
            Arc::new(Gateway::new(api, app.routes.clone(), lambda, store))
        });
        let front = Router::new().fallback(api_request).with_state(gateway);
        servers.push(tokio::spawn(serve(api, front, stop.clone())));
        let complaints = Arc::clone(&logs);
        let complain = move |problem: String| complaints.add("local", &problem);
        let daemon = tokio::spawn(daemon::listen(xray, store, complain));
        Ok(Self { app, addresses, lambda, services, queues, logs, stop, servers, daemon })
    }

    /// The template's content.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The REST API's URL.
    pub fn api(&self) -> String {
        format!("http://{}", self.addresses.api)
    }

    /// The URL of the AWS APIs.
    pub fn aws(&self) -> String {
        format!("http://{}", self.addresses.aws)
    }

    /// The X-Ray daemon's address.
    pub fn xray(&self) -> SocketAddr {
        self.addresses.xray
    }

    /// The console's URL.
    pub fn console(&self) -> String {
        format!("http://{}/", self.addresses.aws)
    }

    /// The services behind the AWS endpoint.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// What could not be delivered or handled.
    pub fn queues(&self) -> &Queues {
        &self.queues
    }

    /// The functions' log lines.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// What `--ready-file` says.
    pub fn ready(&self) -> Value {
        let functions = self.app.functions.iter().map(|function| function.name.as_str());
        json!({
            "api": self.api(),
            "aws": self.aws(),
            "xray": self.xray().to_string(),
            "console": self.console(),
            "functions": functions.collect::<Vec<_>>(),
        })
    }

    /// Stops in order: the way in, the functions, the rest. No process is left.
    pub async fn stop(self) {
        self.stop.cancel();
        self.lambda.shut().await;
        for server in self.servers {
            let abort = server.abort_handle();
            // A connection that somebody holds open must not hold us up.
            if tokio::time::timeout(GRACE, server).await.is_err() {
                abort.abort();
            }
        }
        self.daemon.abort();
    }
}

async fn serve(listener: TcpListener, routes: Router, stop: CancellationToken) {
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    // `axum::serve` has no errors of its own; it ends when it is told to.
    let _ended =
        axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await;
}

async fn api_request(
    State(gateway): State<Option<Arc<Gateway>>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    match gateway {
        Some(gateway) => gateway.answer(request, client).await,
        None => (StatusCode::NOT_FOUND, "the template has no API").into_response(),
    }
}

async fn aws_request(
    State((services, console)): State<(Arc<Services>, Arc<Console>)>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    // A browser does not sign its requests, an AWS client does.
    if parts.method == Method::GET && !parts.headers.contains_key(header::AUTHORIZATION) {
        return console.answer(&parts.uri);
    }
    match to_bytes(body, MAX_REQUEST).await {
        Ok(body) => services.answer(&parts.method, parts.uri.path(), &parts.headers, body).await,
        Err(_) => {
            (StatusCode::PAYLOAD_TOO_LARGE, "the request is larger than 16 MB").into_response()
        }
    }
}

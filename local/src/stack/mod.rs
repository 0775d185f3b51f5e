/// The HTTP servers.
mod server;
/// The ports and what listens there.
mod sockets;

use std::{
    collections::{BTreeMap, HashMap},
    iter,
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::{
    server::{serve_api, serve_aws, serve_daemon, serve_otlp},
    sockets::Addresses,
};
use crate::{
    cognito::TokenError,
    console::Console,
    endpoint::Endpoint,
    events::{EventRecord, ScheduleState, UnknownSchedule},
    faults::{Fault, UnknownFunction},
    iam::{AllowedCall, Denied},
    lambda::Endpoints,
    logs::Line,
    services::{Options, Services, StartError},
    sns::Notification,
    sqs::Message,
    template::App,
    test_command::test_command,
    xray,
};

pub use sockets::{PortError, Ports, Sockets};

/// How long requests under way may take after the stack was stopped.
const GRACE: Duration = Duration::from_secs(2);

/// Everything of a template, running.
#[derive(Debug)]
pub struct Stack {
    app: App,
    addresses: Addresses,
    services: Arc<Services>,
    stop: CancellationToken,
    servers: Vec<JoinHandle<()>>,
    daemon: DropGuard,
}

impl Stack {
    /// Starts everything that `app` declares; `executables` run the functions, by logical id.
    pub async fn start(
        app: App,
        executables: HashMap<String, PathBuf>,
        sockets: Sockets,
        options: Options,
    ) -> Result<Self, StartError> {
        let Sockets { api, aws, aws_ipv6, xray, xray_tcp, otlp, addresses } = sockets;
        let endpoints = Endpoints { aws: url(addresses.aws), xray: addresses.xray.to_string() };
        let services = Arc::new(Services::start(&app, executables, endpoints, options).await?);
        let endpoint = Arc::new(Endpoint::new(&services));
        let console = Console {
            services: Arc::clone(&services),
            api: url(addresses.api),
            test_command: test_command(&app, &url(addresses.api)),
        };
        let stop = CancellationToken::new();
        let console = Arc::new(console);
        let aws = iter::once(aws).chain(aws_ipv6);
        let mut servers: Vec<_> =
            aws.map(|listener| serve_aws(listener, &endpoint, &console, &stop)).collect();
        servers.extend(otlp.map(|listener| serve_otlp(listener, &services.traces, &stop)));
        servers.push(serve_daemon(xray_tcp, endpoint, &stop));
        servers.push(serve_api(api, Arc::clone(&services), &stop));
        services.schedules.start(&stop);
        let (traces, logs) = (Arc::clone(&services.traces), Arc::clone(&services.logs));
        tokio::spawn(xray::settle(Arc::downgrade(&traces)));
        let daemon = xray::listen(xray, traces, logs);
        Ok(Self { app, addresses, services, stop, servers, daemon })
    }

    /// Stops in order: the way in, the functions, the rest. No process is left.
    pub async fn stop(self) {
        self.stop.cancel();
        self.services.lambda.stop().await;
        for server in self.servers {
            let abort = server.abort_handle();
            // A connection that somebody holds open must not delay the end.
            if tokio::time::timeout(GRACE, server).await.is_err() {
                abort.abort();
            }
        }
        drop(self.daemon);
    }

    /// Replaces the faults that calls meet; counting begins anew.
    pub fn set_faults(&self, faults: Vec<Fault>, seed: u64) -> Result<(), UnknownFunction> {
        self.services.faults.set(faults, seed)
    }

    /// What `--ready-file` says.
    pub fn ready(&self) -> Value {
        let functions = self.app.functions.iter().map(|function| function.name.as_str());
        let mut ready = json!({
            "api": self.api(),
            "aws": self.aws(),
            "xray": self.xray().to_string(),
            "console": self.console(),
            "functions": functions.collect::<Vec<_>>(),
        });
        if let Some(otlp) = self.otlp() {
            ready["otlp"] = otlp.into();
        }
        ready
    }
}

/// Where it is.
impl Stack {
    /// The template's content.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The REST API's URL.
    pub fn api(&self) -> String {
        url(self.addresses.api)
    }

    /// The URL of the AWS APIs.
    pub fn aws(&self) -> String {
        url(self.addresses.aws)
    }

    /// The X-Ray daemon's address.
    pub fn xray(&self) -> SocketAddr {
        self.addresses.xray
    }

    /// The URL that takes OpenTelemetry's spans, if it has a port of its own.
    pub fn otlp(&self) -> Option<String> {
        self.addresses.otlp.map(url)
    }

    /// The console's URL.
    pub fn console(&self) -> String {
        format!("{}/", self.aws())
    }

    /// The template's output `TestCommand`, with the local API in it.
    pub fn test_command(&self) -> Option<String> {
        test_command(&self.app, &self.api())
    }
}

/// What happens by the clock.
impl Stack {
    /// The schedules and what has become of them.
    pub fn schedules(&self) -> Vec<ScheduleState> {
        self.services.schedules.states()
    }

    /// Fires the schedule of that name or ARN now, enabled or not.
    pub fn fire_schedule(&self, name: &str) -> Result<(), UnknownSchedule> {
        self.services.schedules.fire(name)
    }
}

/// Who calls the API.
impl Stack {
    /// An id token that the user pool issues to a client for a user, for `seconds` from now.
    pub fn id_token(&self, user: &str, client: &str, seconds: i64) -> Result<String, TokenError> {
        self.services.cognito.id_token(user, client, seconds)
    }

    /// The access key of a new session of the role with that ARN, which lasts `seconds` from now.
    pub fn access_key(&self, role: &str, session: &str, seconds: i64) -> String {
        self.services.sessions.begin(role, session, seconds).0
    }
}

/// What has happened.
impl Stack {
    /// The functions' log lines that are `wanted`, oldest first.
    pub fn log_lines(&self, wanted: impl Fn(&Line) -> bool) -> Vec<Line> {
        self.services.logs.lines(wanted)
    }

    /// The events on all buses that are `wanted`, oldest first.
    pub fn events(&self, wanted: impl Fn(&EventRecord) -> bool) -> Vec<EventRecord> {
        self.services.buses.events(wanted)
    }

    /// What was published to the topics, newest first.
    pub fn notifications(&self) -> Vec<Notification> {
        self.services.sns.published(usize::MAX)
    }

    /// What could not be delivered or handled, of all queues, newest first.
    pub fn dead_letters(&self) -> Vec<Message> {
        self.services.queues.dead_letters(usize::MAX, |_| true)
    }

    /// The messages of the queue of that name, in the order in which they were sent.
    pub fn messages(&self, queue: &str) -> Vec<Message> {
        self.services.queues.messages(queue)
    }

    /// What the functions called and their roles allow, each call once.
    pub fn allowed_calls(&self) -> Vec<AllowedCall> {
        self.services.authorizer.allowed()
    }

    /// What the functions called and their roles do not allow, oldest first.
    pub fn denied_calls(&self) -> Vec<Denied> {
        self.services.authorizer.denied()
    }

    /// How many faults were injected since they were set, by kind.
    pub fn injected_faults(&self) -> BTreeMap<&'static str, u64> {
        self.services.faults.injected()
    }

    /// Counts the changes of traces; wait on it to see the next.
    pub fn trace_changes(&self) -> watch::Receiver<u64> {
        self.services.traces.watch()
    }

    /// Whether no function is handling anything, no retry is still to come, and no replay is under way.
    pub fn is_idle(&self) -> bool {
        !self.services.buses.is_replaying() && self.services.lambda.is_idle()
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

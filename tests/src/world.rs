use std::{
    collections::BTreeMap,
    env, fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_eventbridge::{config::Credentials, types::PutEventsRequestEntry};
use aws_smithy_types::DateTime;
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use local::{
    Entry, Fault, Line, Notification, Options, Ports, Sockets, Stack, compile,
    processor::Processor, template,
};
use serde_json::Value;
use tokio::{sync::OnceCell, time::timeout};

use crate::{
    files::{template_path, workspace},
    seen::Seen,
};

/// How long a story waits for anything. Stories wait for states and never for a while, so this only
/// ends a story that would wait for ever.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);
/// The tables, by the last part of their names.
const TABLES: [&str; 4] = ["orders", "payments", "inventory", "notifications"];
/// How often a state is polled that cannot be subscribed to.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A stack of its own on ports of its own, and clients for it.
pub struct World {
    pub(crate) stack: Stack,
    pub(crate) http: Client<HttpConnector, Full<Bytes>>,
    /// AWS's own X-Ray client.
    pub xray: aws_sdk_xray::Client,
    /// AWS's own EventBridge client.
    pub events: aws_sdk_eventbridge::Client,
    /// AWS's own DynamoDB client.
    pub dynamodb: aws_sdk_dynamodb::Client,
    lacks_permissions: bool,
    processor: Option<Processor>,
}

/// What is special about a world.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct WorldBuilder {
    parameters: Vec<(String, String)>,
    bootstraps: Vec<(String, PathBuf)>,
    template: Option<PathBuf>,
    processes: Option<usize>,
    lacks_permissions: bool,
    sampling: bool,
    trusts_trace_header: bool,
    faults: Vec<Fault>,
    seed: u64,
    log: Option<Log>,
    traces: Option<usize>,
    has_processor: bool,
}

/// What is called with each log line of a function.
struct Log(Box<dyn Fn(&Line) + Send + Sync>);

/// A message that a customer was sent.
pub type Notified = Notification;

impl WorldBuilder {
    /// A parameter of the template.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another executable for a function.
    #[must_use]
    pub fn bootstrap(mut self, function: &str, path: impl Into<PathBuf>) -> Self {
        self.bootstraps.push((function.to_owned(), path.into()));
        self
    }

    /// Another template.
    #[must_use]
    pub fn template(mut self, path: impl Into<PathBuf>) -> Self {
        self.template = Some(path.into());
        self
    }

    /// How many processes each function may have.
    #[must_use]
    pub fn processes(mut self, count: usize) -> Self {
        self.processes = Some(count);
        self
    }

    /// Its template lacks permissions that the functions need. In any other world a denied call
    /// fails the story.
    #[must_use]
    pub fn lacking_permissions(mut self) -> Self {
        self.lacks_permissions = true;
        self
    }

    /// Sampling rules decide which requests are traced, as with `--sampling`.
    #[must_use]
    pub fn sampling(mut self) -> Self {
        self.sampling = true;
        self
    }

    /// Clients may choose their trace, as on API Gateway.
    #[must_use]
    pub fn trusting_trace_header(mut self) -> Self {
        self.trusts_trace_header = true;
        self
    }

    /// A fault that calls meet, as `--fault` has it.
    #[must_use]
    pub fn fault(mut self, fault: &str) -> Self {
        self.faults.push(fault.parse().expect("the fault is well formed"));
        self
    }

    /// What decides which calls meet a fault.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Calls `log` with each log line of a function.
    #[must_use]
    pub fn log(mut self, log: impl Fn(&Line) + Send + Sync + 'static) -> Self {
        self.log = Some(Log(Box::new(log)));
        self
    }

    /// How many traces are kept.
    #[must_use]
    pub fn traces(mut self, count: usize) -> Self {
        self.traces = Some(count);
        self
    }

    /// Payments are made by a processor that is a process of its own.
    #[must_use]
    pub fn processor(mut self) -> Self {
        self.has_processor = true;
        self
    }

    /// Starts it.
    pub async fn start(mut self) -> World {
        build().await;
        let template = self.template.take().unwrap_or_else(template_path);
        let processor = if self.has_processor { Some(start_processor().await) } else { None };
        if let Some(processor) = &processor {
            self = self.parameter("ProcessorUrl", processor.url());
        }
        // All stories can be run in the other format of traces as well.
        if let Ok(exporter) = std::env::var("TRACES_EXPORTER")
            && template == template_path()
        {
            self.parameters.insert(0, ("TracesExporter".to_owned(), exporter));
        }
        let app = template::load(&template, &self.parameters).expect("the template loads");
        let sockets = Sockets::bind(Ports::default()).await.expect("any port is free");
        let executables = compile::executables(&app, &self.bootstraps, false, &mut Silent).await;
        let executables = executables.expect("the functions were built");
        let defaults = Options::default();
        let options = Options {
            max_traces: self.traces.unwrap_or(defaults.max_traces),
            log: self.log.map_or(defaults.log, |Log(log)| {
                Box::new(move |entry| {
                    if let Entry::Line(line) = entry {
                        log(line);
                    }
                })
            }),
            retry_delay: Duration::from_millis(50),
            // Many worlds share a few cores.
            max_processes: self.processes.unwrap_or(4),
            sampling: self.sampling,
            trust_trace_header: self.trusts_trace_header,
            faults: self.faults,
            seed: self.seed,
        };
        let stack =
            Stack::start(app, executables, sockets, options).await.expect("the tables are made");
        let config = sdk_config(&stack.aws()).await;
        World {
            http: Client::builder(TokioExecutor::new()).build_http(),
            xray: aws_sdk_xray::Client::new(&config),
            events: aws_sdk_eventbridge::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            lacks_permissions: self.lacks_permissions,
            processor,
            stack,
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

impl World {
    /// A world like any other.
    pub async fn start() -> Self {
        Self::with().start().await
    }

    /// A world with something special about it.
    pub fn with() -> WorldBuilder {
        WorldBuilder::default()
    }

    /// The stack itself.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The payment processor, if it is a process of its own.
    pub fn processor(&self) -> &Processor {
        self.processor.as_ref().expect("the world was built with a processor")
    }

    /// Waits until everything is handled, audits, and ends it, its processes included.
    pub async fn end(self) {
        let tables = &self.stack.app().tables;
        let has = |name: &str| tables.iter().any(|table| table["TableName"] == name);
        if TABLES.map(|name| has(&table(name))).iter().all(|has| *has) {
            self.settled().await;
            let violations = self.audit().await;
            assert!(violations.is_empty(), "the books do not agree: {violations:#?}");
        }
        self.stop().await;
    }

    /// Ends it. The `reason` says which law the story breaks on purpose.
    pub async fn end_without_audit(self, _reason: &'static str) {
        self.stop().await;
    }

    async fn stop(self) {
        let denied = self.stack.denied_calls();
        assert_eq!(denied.is_empty(), !self.lacks_permissions, "{denied:#?}");
        self.stack.stop().await;
    }

    /// Publishes an event outside of any trace.
    pub async fn publish(&self, source: &str, detail_type: &str, detail: &Value) {
        let entry = PutEventsRequestEntry::builder()
            .source(source)
            .detail_type(detail_type)
            .detail(detail.to_string())
            .event_bus_name("distributed-tracing-demo")
            .build();
        let response = self.events.put_events().entries(entry).send().await;
        assert_eq!(response.expect("EventBridge responds").failed_entry_count(), 0);
    }

    /// Waits until the trace `id` is complete, and returns it as AWS's client sees it.
    pub async fn trace(&self, id: &str, complete: impl Fn(&Seen) -> bool) -> Seen {
        let mut changes = self.stack.trace_changes();
        let mut last = None;
        let waited = timeout(TIMEOUT, async {
            loop {
                changes.borrow_and_update();
                let response = self.xray.batch_get_traces().trace_ids(id).send().await;
                let response = response.expect("X-Ray responds");
                if let Some(trace) = response.traces().first() {
                    let seen = Seen::of(trace);
                    if complete(&seen) {
                        return seen;
                    }
                    last = Some(seen);
                }
                changes.changed().await.expect("the store lives as long as the world");
            }
        });
        let Ok(seen) = waited.await else {
            panic!("the trace never became complete; it is\n{last:#?}");
        };
        seen
    }

    /// The edges of the graph of one trace, as `name (type) -> name (type)`, in alphabetical order.
    pub async fn edges(&self, id: &str) -> Vec<String> {
        let graph = self.xray.get_trace_graph().trace_ids(id).send().await.expect("X-Ray responds");
        Seen::edges(graph.services())
    }

    /// All traces of the last hour.
    pub async fn summaries(&self) -> Vec<aws_sdk_xray::types::TraceSummary> {
        let (start, end) = self.last_hour();
        let query = self.xray.get_trace_summaries().start_time(start).end_time(end);
        query.send().await.expect("X-Ray responds").trace_summaries().to_vec()
    }

    /// From an hour ago until now.
    pub fn last_hour(&self) -> (DateTime, DateTime) {
        let now = local::clock::seconds();
        (DateTime::from_secs_f64(now - 3600.0), DateTime::from_secs_f64(now + 1.0))
    }

    /// Waits until customers were sent `count` messages, and returns them.
    pub async fn notified(&self, count: usize) -> Vec<Notified> {
        self.until("notifications", || {
            let sent = self.stack.notifications();
            (sent.len() >= count).then_some(sent)
        })
        .await
    }

    /// Waits until `count` events of that type are published, and returns them.
    pub async fn published(&self, detail_type: &str, count: usize) -> Vec<Value> {
        self.until(detail_type, || {
            let events = self.events_of(detail_type);
            (events.len() >= count).then_some(events)
        })
        .await
    }

    /// The events of that type that are published so far, oldest first.
    pub fn events_of(&self, detail_type: &str) -> Vec<Value> {
        let records = self.stack.events(|record| record.event["detail-type"] == detail_type);
        records.iter().map(|record| record.event.json().clone()).collect()
    }

    /// Waits until `find` finds something.
    pub async fn until<T>(&self, what: &str, find: impl Fn() -> Option<T>) -> T {
        let waited = timeout(TIMEOUT, async {
            loop {
                if let Some(found) = find() {
                    return found;
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        });
        let Ok(found) = waited.await else {
            let lines = self.stack.log_lines(|_| true);
            panic!("waited in vain for {what}; the log is\n{lines:#?}");
        };
        found
    }

    /// Waits until every published event is handled or became a dead letter.
    pub async fn settled(&self) {
        self.until("quiet", || self.stack.is_idle().then_some(())).await;
    }

    /// What the warehouses have of a product.
    pub async fn stock(&self, product: &str) -> BTreeMap<String, i64> {
        let query = self
            .dynamodb
            .query()
            .table_name("distributed-tracing-demo-inventory")
            .key_condition_expression("pk = :product")
            .expression_attribute_values(
                ":product",
                aws_sdk_dynamodb::types::AttributeValue::S(format!("product#{product}")),
            );
        let found = query.send().await.expect("DynamoDB responds");
        let level =
            |item: &std::collections::HashMap<_, aws_sdk_dynamodb::types::AttributeValue>| {
                let available = item["available"].as_n().expect("a number").parse().expect("whole");
                (item["sk"].as_s().expect("a text").clone(), available)
            };
        found.items().iter().map(level).collect()
    }
}

/// The table whose name ends with `name`.
pub(crate) fn table(name: &str) -> String {
    format!("distributed-tracing-demo-{name}")
}

/// Waits until the process `id` is gone, and returns whether it is. A killed process disappears a
/// little later, and is a zombie until its parent reaps it.
pub async fn gone(id: &str) -> bool {
    let stat = Path::new("/proc").join(id).join("stat");
    let wait = async {
        while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.is_ok()
}

/// Builds the binaries once for all stories, as `cargo local` does it.
async fn build() {
    static BUILT: OnceCell<()> = OnceCell::const_new();
    let build = || async {
        let mut cargo = compile::cargo();
        cargo.args(["build", "--bins", "--quiet"]).current_dir(workspace());
        let status = cargo.status().await.expect("cargo runs");
        assert!(status.success(), "the binaries build");
    };
    BUILT.get_or_init(build).await;
}

/// The program `local` stands beside the folder of the tests' executables.
async fn start_processor() -> Processor {
    let executable = env::current_exe().expect("a process knows its executable");
    let folder = executable.ancestors().nth(2).expect("cargo puts tests into `deps`");
    Processor::start(&folder.join("local")).await.expect("the processor starts")
}

async fn sdk_config(endpoint: &str) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new().build_http();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .load()
        .await
}

struct Silent;

impl compile::Progress for Silent {
    fn package(&mut self, _done: usize, _total: usize, _name: &str) {}
}

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_eventbridge::{config::Credentials, types::PutEventsRequestEntry};
use aws_smithy_types::DateTime;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use local::{Notification, Options, Ports, Sockets, Stack, compile, template};
use serde_json::Value;
use tokio::{sync::OnceCell, time::timeout};

use crate::Seen;

/// How long anything may take until a story gives up waiting for it. Nothing is waited for by the clock;
/// this only ends a story that hangs.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often something that nobody announces is looked at again.
const GLANCE: Duration = Duration::from_millis(20);

/// A stack of its own, on ports of its own, and clients to speak to it.
pub struct World {
    stack: Stack,
    http: Client<HttpConnector, Full<Bytes>>,
    /// AWS's own X-Ray client.
    pub xray: aws_sdk_xray::Client,
    /// AWS's own EventBridge client.
    pub events: aws_sdk_eventbridge::Client,
    /// AWS's own DynamoDB client.
    pub dynamodb: aws_sdk_dynamodb::Client,
    lacks_permissions: bool,
}

/// What is special about a world.
#[derive(Debug, Default)]
pub struct WorldBuilder {
    parameters: Vec<(String, String)>,
    bootstraps: Vec<(String, PathBuf)>,
    template: Option<PathBuf>,
    lacks_permissions: bool,
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: http::HeaderMap,
    /// Its body, as JSON if it is that.
    pub body: Value,
}

/// What customers were told.
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

    /// Its template lacks permissions that the functions need. In any other world, a call that is denied fails
    /// the story.
    #[must_use]
    pub fn lacking_permissions(mut self) -> Self {
        self.lacks_permissions = true;
        self
    }

    /// Starts it.
    pub async fn start(self) -> World {
        build().await;
        let template = self.template.unwrap_or_else(template_path);
        let app = template::load(&template, &self.parameters).expect("the template loads");
        let sockets = Sockets::bind(Ports::default()).await.expect("any port is free");
        let executables = compile::executables(&app, &self.bootstraps, false, &mut Silent).await;
        let executables = executables.expect("the functions were built");
        let options = Options {
            retry_delay: Duration::from_millis(50),
            // Many worlds share two cores.
            max_processes: 4,
            ..Options::default()
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
            stack,
        }
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

    /// Ends it, its processes included.
    pub async fn end(self) {
        let denied = self.stack.denied_calls();
        assert_eq!(denied.is_empty(), !self.lacks_permissions, "{denied:#?}");
        self.stack.stop().await;
    }

    /// Posts an order of `customer123`.
    pub async fn order(&self, body: &str) -> Answer {
        self.post("/orders/customer123", body, &[]).await
    }

    /// Posts `body` to the API.
    pub async fn post(
        &self,
        path: &str,
        body: impl AsRef<[u8]>,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.request("POST", &format!("{}{path}", self.stack.api()), body, headers).await
    }

    /// Sends a request anywhere in this world.
    pub async fn request(
        &self,
        method: &str,
        url: &str,
        body: impl AsRef<[u8]>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(Bytes::copy_from_slice(body.as_ref())))
            .expect("the request is well formed");
        let answer = timeout(PATIENCE, self.http.request(request)).await;
        let (parts, body) =
            answer.expect("an answer comes").expect("the world answers").into_parts();
        let body = body.collect().await.expect("the answer is whole").to_bytes();
        let text = || Value::from(String::from_utf8_lossy(&body).into_owned());
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or_else(|_| text()),
        }
    }

    /// Puts an event on the bus, outside of any trace.
    pub async fn tell(&self, source: &str, detail_type: &str, detail: &Value) {
        let entry = PutEventsRequestEntry::builder()
            .source(source)
            .detail_type(detail_type)
            .detail(detail.to_string())
            .event_bus_name("distributed-tracing-demo")
            .build();
        let answer = self.events.put_events().entries(entry).send().await;
        assert_eq!(answer.expect("the bus answers").failed_entry_count(), 0);
    }

    /// Waits until the trace `id` has all that `complete` asks for, and returns it as AWS's client sees it.
    pub async fn trace(&self, id: &str, complete: impl Fn(&Seen) -> bool) -> Seen {
        let mut changes = self.stack.trace_changes();
        let mut last = None;
        let waited = timeout(PATIENCE, async {
            loop {
                changes.borrow_and_update();
                let answer = self.xray.batch_get_traces().trace_ids(id).send().await;
                let answer = answer.expect("X-Ray answers");
                if let Some(trace) = answer.traces().first() {
                    let seen = Seen::read(trace);
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
        let graph = self.xray.get_trace_graph().trace_ids(id).send().await.expect("X-Ray answers");
        Seen::edges(graph.services())
    }

    /// All traces of the last hour.
    pub async fn summaries(&self) -> Vec<aws_sdk_xray::types::TraceSummary> {
        let (start, end) = self.last_hour();
        let query = self.xray.get_trace_summaries().start_time(start).end_time(end);
        query.send().await.expect("X-Ray answers").trace_summaries().to_vec()
    }

    /// From an hour ago until now.
    pub fn last_hour(&self) -> (DateTime, DateTime) {
        let now = local::clock::seconds();
        (DateTime::from_secs_f64(now - 3600.0), DateTime::from_secs_f64(now + 1.0))
    }

    /// Waits until customers were told `count` times.
    pub async fn notified(&self, count: usize) -> Vec<Notified> {
        self.until("notifications", || {
            let sent = self.stack.notifications();
            (sent.len() >= count).then_some(sent)
        })
        .await
    }

    /// Waits until `count` events of that type have come by, and returns them.
    pub async fn told(&self, detail_type: &str, count: usize) -> Vec<Value> {
        self.until(detail_type, || {
            let told = self.events_of(detail_type);
            (told.len() >= count).then_some(told)
        })
        .await
    }

    /// The events of that type that have come by so far, oldest first.
    pub fn events_of(&self, detail_type: &str) -> Vec<Value> {
        let records = self.stack.events(|record| record.event["detail-type"] == detail_type);
        records.into_iter().map(|record| record.event).collect()
    }

    /// Waits until `look` sees something.
    pub async fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let waited = timeout(PATIENCE, async {
            loop {
                if let Some(found) = look() {
                    return found;
                }
                tokio::time::sleep(GLANCE).await;
            }
        });
        let Ok(found) = waited.await else {
            let lines = self.stack.log_lines(|_| true);
            panic!("waited in vain for {what}; the log says\n{lines:#?}");
        };
        found
    }

    /// Waits until every event that came by was handled, for good or ill.
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
        let found = query.send().await.expect("DynamoDB answers");
        let level =
            |item: &std::collections::HashMap<_, aws_sdk_dynamodb::types::AttributeValue>| {
                let available = item["available"].as_n().expect("a number").parse().expect("whole");
                (item["sk"].as_s().expect("a text").clone(), available)
            };
        found.items().iter().map(level).collect()
    }
}

impl Answer {
    /// The id of the trace that the request began.
    pub fn trace_id(&self) -> String {
        let header = self.headers["x-amzn-trace-id"].to_str().expect("the header is a text");
        let root = header.split(';').find_map(|field| field.strip_prefix("Root="));
        root.expect("the header has a root").to_owned()
    }

    /// The order's id.
    pub fn order_id(&self) -> String {
        self.body["orderId"].as_str().expect("the answer has an order").to_owned()
    }
}

/// Waits until the process `id` is gone, and says whether it ever is. One that was killed is gone when the
/// system gets around to it, and stays as a zombie until its parent looks.
pub async fn gone(id: &str) -> bool {
    let stat = Path::new("/proc").join(id).join("stat");
    let wait = async {
        while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::time::sleep(GLANCE).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.is_ok()
}

/// The project's own template.
pub fn template_path() -> PathBuf {
    workspace().join("infra/template.yaml")
}

/// The project's own template with something changed. `change` gets its text.
pub fn changed_template(folder: &Path, change: impl Fn(String) -> String) -> PathBuf {
    let root = workspace();
    let text = fs::read_to_string(template_path()).expect("the template is there");
    // Its paths are relative to where it stands.
    let text = text.replace("CodeUri: ..", &format!("CodeUri: {}", root.display()));
    let changed = change(text.clone());
    assert_ne!(changed, text, "the change changes something");
    let path = folder.join("template.yaml");
    fs::write(&path, changed).expect("the folder can be written to");
    path
}

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
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

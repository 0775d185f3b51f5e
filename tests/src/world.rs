/// What is special about a world.
mod builder;

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_smithy_types::DateTime;
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use local::{Notification, Stack, processor::Processor};
use serde_json::Value;
use tokio::time::timeout;

pub use self::builder::WorldBuilder;
use crate::seen::Seen;

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

/// A message that a customer was sent.
pub type Notified = Notification;

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

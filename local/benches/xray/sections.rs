use std::{collections::HashMap, fs, net::UdpSocket, time::Duration};

use local::{Options, Ports, Sockets, Stack, clock, template};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    AnyError,
    client::{Answer, Client},
    documents::{self, DOCUMENTS},
    table::{float, kb, memory, millis, ms, row},
};

/// What can be measured.
pub(crate) const SECTIONS: [&str; 4] = ["burst", "traces", "orders", "page"];

/// How many datagrams are sent at once.
const BURST: usize = 20_000;
/// How many traces of five documents, and how many of whole orders.
const TRACES: usize = 100_000;
const ORDERS: usize = 10_000;
/// How many documents one `PutTraceSegments` brings.
const BATCH: usize = 250;
/// How often something is measured; the median counts.
const RUNS: usize = 7;
/// The template: a table, so that something is there.
const TEMPLATE: &str = "Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
";
/// Filter expressions as people write them, from those that match many to those that match one or none.
const FILTERS: [&str; 7] = [
    "fault",
    r#"service("payment") { fault }"#,
    "responsetime > 0.25",
    r#"annotation[order_id] = "ord_00000007""#,
    r#"http.url ENDSWITH "/customer77" AND !ok"#,
    r#"edge("order", "order-table") { fault }"#,
    r#"rootcause.fault.service { name = "nobody" }"#,
];
/// What the page asks for on its first view and on its list.
const OVERVIEW: &str =
    "/console/state?minutes=60&show=map%2Ctraces%2Cnotifications%2Cdead-letters&rows=25";
const LIST: &str = "/console/state?minutes=60&show=traces";

/// A running stack and a client of it.
struct World {
    stack: Stack,
    client: Client,
}

pub(crate) async fn run(name: &str) -> Result<(), AnyError> {
    let mut world = World::start().await?;
    match name {
        "burst" => world.burst().await?,
        "traces" => world.traces()?,
        "orders" => world.orders()?,
        "page" => world.page()?,
        _ => return Err(format!("there is no section `{name}`; there are {SECTIONS:?}").into()),
    }
    world.stack.stop().await;
    Ok(())
}

impl World {
    async fn start() -> Result<Self, AnyError> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("template.yaml");
        fs::write(&path, TEMPLATE)?;
        let app = template::load(&path, &[])?;
        let sockets = Sockets::bind(Ports::default()).await?;
        let options = Options { max_traces: TRACES + 10, ..Options::default() };
        let stack = Stack::start(app, HashMap::new(), sockets, options).await?;
        let client = Client::connect(&stack.aws())?;
        Ok(Self { stack, client })
    }

    /// Datagrams as fast as one socket sends them, three times.
    async fn burst(&mut self) -> Result<(), AnyError> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(self.stack.xray())?;
        let (mut lost, mut took) = (0, Duration::ZERO);
        for burst in 0..3 {
            let datagrams: Vec<_> = (0..BURST).map(|number| datagram(burst, number)).collect();
            let began = Instant::now();
            for datagram in &datagrams {
                socket.send(datagram.as_bytes())?;
            }
            took += began.elapsed();
            lost += BURST as u64 - self.received(&format!("burst{burst}")).await?;
        }
        let sent = 3 * BURST;
        row(
            &format!(
                "three bursts of {BURST} datagrams, each sent in {:.0} ms: lost",
                millis(took) / 3.0
            ),
            &format!("{lost} of {sent}"),
        );
        Ok(())
    }

    /// How many segments of that name arrived, once no more arrive.
    async fn received(&mut self, name: &str) -> Result<u64, AnyError> {
        let (mut count, mut quiet) = (0, 0);
        while count < BURST as u64 && quiet < 10 {
            let graph = self.graph()?.json()?;
            let services = graph["Services"].as_array().into_iter().flatten();
            let mut services =
                services.filter(|service| service["Name"] == name && service["Type"] != "client");
            let now = services
                .next()
                .and_then(|service| service["SummaryStatistics"]["TotalCount"].as_u64());
            let now = now.unwrap_or_default();
            quiet = if now > count { 0 } else { quiet + 1 };
            count = now;
            sleep(Duration::from_millis(100)).await;
        }
        Ok(count)
    }

    /// Many small traces.
    fn traces(&mut self) -> Result<(), AnyError> {
        let size = self.put_traces(0, TRACES)?;
        let first = self.graph()?;
        row(
            &format!("graph of {TRACES} traces of {DOCUMENTS} documents, the first one"),
            &ms(first.took),
        );
        self.measure("the same after another trace came", |world| {
            world.put_traces(TRACES, 1)?;
            world.graph()
        })?;
        self.measure("first page of summaries", |world| world.summaries(None))?;
        for filter in FILTERS {
            self.measure(&format!("page of summaries, `{filter}`"), |world| {
                world.summaries(Some(filter))
            })?;
        }
        self.measure("overview of the page after another trace came", |world| {
            world.put_traces(TRACES, 1)?;
            world.client.get(OVERVIEW, None)
        })?;
        memory(&format!("memory at {TRACES} traces, {} MB of documents", size / 1_000_000));
        Ok(())
    }

    /// Whole orders as the services send them.
    fn orders(&mut self) -> Result<(), AnyError> {
        let now = clock::seconds();
        let (mut size, mut count, mut took) = (0, 0, Duration::ZERO);
        for number in 0..ORDERS {
            let documents = documents::order(number as u64, spread(now, number, ORDERS));
            size += documents.iter().map(String::len).sum::<usize>();
            count += documents.len();
            took += self.put(&documents)?;
        }
        let seconds = took.as_secs_f64();
        row(
            &format!(
                "{ORDERS} orders of {} documents each, {} MB in all",
                count / ORDERS,
                size / 1_000_000
            ),
            &format!("{:.0} thousand documents a second", float(count) / seconds / 1000.0),
        );
        let first = self.graph()?;
        row("their graph, the first one", &ms(first.took));
        self.measure("the same again", Self::graph)?;
        self.measure("page of summaries, `fault`", |world| world.summaries(Some("fault")))?;
        self.measure("overview of the page", |world| world.client.get(OVERVIEW, None))?;
        memory(&format!("memory at {ORDERS} orders"));
        Ok(())
    }

    /// What the page's polls cost with ten thousand traces.
    fn page(&mut self) -> Result<(), AnyError> {
        self.put_traces(0, 10_000)?;
        for (name, path) in [("overview", OVERVIEW), ("list", LIST)] {
            let first = self.client.get(path, None)?;
            row(
                &format!("{name} at 10,000 traces, the first answer"),
                &format!("{}, {}", kb(first.size), ms(first.took)),
            );
            let unchanged = self.client.get(path, first.tag.as_deref())?;
            row(
                &format!("{name}, nothing changed ({})", unchanged.status),
                &format!("{} bytes, {}", unchanged.size, ms(unchanged.took)),
            );
            self.put_traces(10_000, 1)?;
            let changed = self.client.get(path, first.tag.as_deref())?;
            row(
                &format!("{name}, one trace more"),
                &format!("{}, {}", kb(changed.size), ms(changed.took)),
            );
        }
        Ok(())
    }

    /// Sends traces and says how fast, where there are many. Returns the documents' size in bytes.
    fn put_traces(&mut self, from: usize, count: usize) -> Result<usize, AnyError> {
        let now = clock::seconds();
        let (mut size, mut took) = (0, Duration::ZERO);
        let mut batch = Vec::new();
        for number in from..from + count {
            let documents = documents::trace(number as u64, spread(now, number - from, count));
            size += documents.iter().map(String::len).sum::<usize>();
            batch.extend(documents);
            if batch.len() >= BATCH || number + 1 == from + count {
                took += self.put(&batch)?;
                batch.clear();
            }
        }
        if count > 1 {
            let rate = float(count * DOCUMENTS) / took.as_secs_f64() / 1000.0;
            row(
                &format!("{count} traces through one client"),
                &format!("{rate:.0} thousand documents a second"),
            );
        }
        Ok(size)
    }

    fn put(&mut self, documents: &[String]) -> Result<Duration, AnyError> {
        let answer = self.client.call("/TraceSegments", &documents::put(documents))?;
        match answer.json()?["UnprocessedTraceSegments"].as_array().map(Vec::is_empty) {
            Some(true) => Ok(answer.took),
            _ => Err(String::from_utf8_lossy(&answer.body).into()),
        }
    }

    fn graph(&mut self) -> Result<Answer, AnyError> {
        let now = clock::seconds();
        let range = json!({ "StartTime": now - 3600.0, "EndTime": now + 60.0 });
        self.client.call("/ServiceGraph", &range.to_string())
    }

    fn summaries(&mut self, filter: Option<&str>) -> Result<Answer, AnyError> {
        let now = clock::seconds();
        let mut request = json!({ "StartTime": now - 3600.0, "EndTime": now + 60.0 });
        if let Some(filter) = filter {
            request["FilterExpression"] = filter.into();
        }
        self.client.call("/TraceSummaries", &request.to_string())
    }

    /// The median of several runs.
    fn measure(
        &mut self,
        what: &str,
        run: impl Fn(&mut Self) -> Result<Answer, AnyError>,
    ) -> Result<(), AnyError> {
        let answers = (0..RUNS).map(|_| run(self)).collect::<Result<Vec<_>, _>>()?;
        let mut times: Vec<_> = answers.iter().map(|answer| answer.took).collect();
        times.sort();
        row(what, &ms(times[RUNS / 2]));
        Ok(())
    }
}

/// When a trace began: they are spread over the ten minutes before now.
fn spread(now: f64, number: usize, count: usize) -> f64 {
    now - 600.0 + 599.0 * float(number) / float(count)
}

fn datagram(burst: usize, number: usize) -> String {
    let now = clock::seconds();
    let trace = documents::trace_id((burst * BURST + number / 10) as u64, now);
    let id = format!("{number:016x}");
    let segment: Value = json!({
        "trace_id": trace, "id": id, "name": format!("burst{burst}"), "start_time": now - 0.25, "end_time": now,
        "http": { "request": { "method": "GET", "url": "http://shop.example/orders" }, "response": { "status": 200 } },
        "annotations": { "order_id": id, "service_name": "order" }, "metadata": { "default": { "code.line": 81 } },
    });
    format!("{{\"format\":\"json\",\"version\":1}}\n{segment}")
}

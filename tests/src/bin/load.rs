//! How fast orders are handled, and what each costs:
//! `cargo run --release --bin load -- --orders 10000 --clients 16`.
//!
//! Starts the `local` that stands beside it, places the orders, waits until no order is open, and prints orders
//! a second, latencies, CPU time an order by program, and the memory that `local` has then. What comes after `--` goes to `local`.

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use e2e::template_path;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};

type AnyError = Box<dyn std::error::Error + Send + Sync>;
type Http = Client<HttpConnector, Full<Bytes>>;

/// How many products are ordered, so that none runs out.
const PRODUCTS: usize = 1_000;
/// How often it is asked whether anything is still open.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// The scale of CPU times in `/proc`: `USER_HZ`, which Linux shows as 100 everywhere.
const TICKS_PER_SECOND: f64 = 100.0;

struct Load {
    orders: usize,
    clients: usize,
    local: Vec<String>,
}

/// `local` and its functions. Dropping it ends them.
struct Local {
    child: Child,
    api: String,
    aws: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), AnyError> {
    let load = arguments()?;
    let http = Client::builder(TokioExecutor::new()).build_http();
    let local = Local::start(&load.local).await?;
    // Starts the processes and reads what has to be read once.
    place(&local, &http, load.clients * 8, load.clients).await?;
    local.settled(&http).await?;

    let before = cpu(local.child.id());
    let start = Instant::now();
    let mut latencies = place(&local, &http, load.orders, load.clients).await?;
    let placed = start.elapsed();
    local.settled(&http).await?;
    let ended = start.elapsed();
    let after = cpu(local.child.id());

    latencies.sort_unstable();
    report(&load, &latencies, [placed, ended]);
    report_cpu(load.orders, &before, &after);
    let [now, peak] = ["VmRSS", "VmHWM"].map(|name| memory(local.child.id(), name));
    print(&format!("memory of local: {now:.1} MB, at most {peak:.1} MB"));
    Ok(())
}

fn arguments() -> Result<Load, AnyError> {
    let mut load = Load { orders: 2_000, clients: 16, local: Vec::new() };
    let mut arguments = env::args().skip(1);
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--" => load.local = arguments.by_ref().collect(),
            "--orders" => load.orders = arguments.next().unwrap_or_default().parse()?,
            "--clients" => load.clients = arguments.next().unwrap_or_default().parse()?,
            _ => {
                return Err(
                    "load [--orders COUNT] [--clients COUNT] [-- ARGUMENTS OF LOCAL]".into()
                );
            }
        }
    }
    Ok(load)
}

impl Local {
    async fn start(arguments: &[String]) -> Result<Self, AnyError> {
        let program = env::current_exe()?.with_file_name("local");
        let ready = tempfile::TempDir::new()?;
        let ready = ready.path().join("ready.json");
        let mut command = Command::new(&program);
        command.args(["--no-build", "--api-port", "0", "--aws-port", "0", "--xray-port", "0"]);
        command.arg("--ready-file").arg(&ready).arg("--template").arg(template_path());
        for function in &local::template::load(&template_path(), &[])?.functions {
            let binary = function.package.file_name().unwrap_or_default();
            let binary = program.with_file_name(binary);
            let bootstrap = format!("{}={}", function.logical_id, binary.display());
            command.args(["--bootstrap", &bootstrap]);
        }
        let child = command.args(arguments).stdout(Stdio::null()).spawn()?;
        let mut local = Self { child, api: String::new(), aws: String::new() };
        let ready = loop {
            if let Some(status) = local.child.try_wait()? {
                return Err(format!("{} ended: {status}", program.display()).into());
            }
            match fs::read(&ready) {
                // It is written at once or not at all.
                Ok(ready) => break serde_json::from_slice::<Value>(&ready)?,
                Err(_) => tokio::time::sleep(POLL_INTERVAL).await,
            }
        };
        let url = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        (local.api, local.aws) = (url("api"), url("aws"));
        Ok(local)
    }

    /// Waits until no order is open.
    async fn settled(&self, http: &Http) -> Result<(), AnyError> {
        let query = json!({
            "TableName": "distributed-tracing-demo-orders", "IndexName": "open-orders", "Select": "COUNT", "Limit": 1,
        });
        loop {
            let request = Request::post(format!("{}/", self.aws))
                .header("x-amz-target", "DynamoDB_20120810.Scan")
                .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
                .header("x-amz-date", "20260101T000000Z")
                .header(
                    header::AUTHORIZATION,
                    "AWS4-HMAC-SHA256 Credential=load/20260101/us-east-1/dynamodb/aws4_request, \
                     SignedHeaders=host, Signature=0",
                )
                .body(query.to_string().into())?;
            let answer = http.request(request).await?.into_body().collect().await?.to_bytes();
            let answer: Value = serde_json::from_slice(&answer)?;
            match answer["Count"].as_u64() {
                Some(0) => return Ok(()),
                Some(_) => tokio::time::sleep(POLL_INTERVAL).await,
                None => return Err(format!("no count of open orders: {answer}").into()),
            }
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // It ends its functions.
        let _ended = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ended = self.child.wait();
    }
}

/// Places orders by `clients` at once, and returns how long each answer took.
async fn place(
    local: &Local,
    http: &Http,
    orders: usize,
    clients: usize,
) -> Result<Vec<Duration>, AnyError> {
    let next = Arc::new(AtomicUsize::new(0));
    let clients = (0..clients).map(|client| {
        let (http, next) = (http.clone(), Arc::clone(&next));
        let url = format!("{}/orders/customer-{client}", local.api);
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= orders {
                    return Ok::<_, AnyError>(latencies);
                }
                let product = format!("product-{}", number % PRODUCTS);
                let body = json!({ "productId": product, "quantity": 1 }).to_string();
                let request = Request::post(&url)
                    .header(header::CONTENT_TYPE, "application/json")
                    .body(body.into())?;
                let start = Instant::now();
                let response = http.request(request).await?;
                let status = response.status();
                let answer = response.into_body().collect().await?.to_bytes();
                latencies.push(start.elapsed());
                if status != 201 {
                    return Err(format!("{status}: {}", String::from_utf8_lossy(&answer)).into());
                }
            }
        })
    });
    let mut latencies = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        latencies.extend(client.await??);
    }
    Ok(latencies)
}

/// CPU seconds by program, of `parent` and its children.
fn cpu(parent: u32) -> BTreeMap<String, f64> {
    let mut times = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // PID (NAME) STATE PPID …, and the name may have spaces.
        let Some((before, fields)) = stat.rsplit_once(") ") else { continue };
        let (Some((pid, name)), fields) =
            (before.split_once(" ("), fields.split(' ').collect::<Vec<_>>())
        else {
            continue;
        };
        let number = |field: usize| fields.get(field).and_then(|field| field.parse::<u32>().ok());
        if number(1) == Some(parent) || pid == parent.to_string() {
            let ticks = [11, 12].map(|field| f64::from(number(field).unwrap_or_default()));
            *times.entry(name.to_owned()).or_default() +=
                ticks.iter().sum::<f64>() / TICKS_PER_SECOND;
        }
    }
    times
}

/// A figure of a process's memory, in MB.
fn memory(pid: u32, name: &str) -> f64 {
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
}

#[expect(clippy::cast_precision_loss, reason = "numbers of orders are small")]
fn report(load: &Load, latencies: &[Duration], [placed, ended]: [Duration; 2]) {
    let rate = |time: Duration| load.orders as f64 / time.as_secs_f64();
    let Load { orders, clients, .. } = load;
    print(&format!(
        "{orders} orders by {clients} clients: {:.0} orders/s placed, {:.0} orders/s ended",
        rate(placed),
        rate(ended)
    ));
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    print(&format!("latency: p50 {:.1} ms, p99 {:.1} ms", at(50), at(99)));
}

#[expect(clippy::cast_precision_loss, reason = "numbers of orders are small")]
fn report_cpu(orders: usize, before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>) {
    let mut total = 0.0;
    for (name, seconds) in after {
        let spent = seconds - before.get(name).copied().unwrap_or_default();
        let each = spent * 1e3 / orders as f64;
        total += each;
        print(&format!("{name:20} {each:6.3} ms CPU an order"));
    }
    print(&format!("{:20} {total:6.3} ms CPU an order", "all"));
}

#[expect(clippy::print_stdout, reason = "a report is for the terminal")]
fn print(line: &str) {
    println!("{line}");
}

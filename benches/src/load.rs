use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::http::{Request, StatusCode, header, request::Builder};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};

use crate::{AnyError, statistics::Samples};

/// How many products are ordered, so that none runs out.
const PRODUCTS: usize = 1_000;
/// How often it is asked whether every order has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// How long nothing may happen before orders are given up.
const PATIENCE: Duration = Duration::from_secs(20);
/// The table of orders.
const ORDERS: &str = "distributed-tracing-demo-orders";

type Http = Client<HttpConnector, Full<Bytes>>;

/// A whole system: where it takes orders, and where it answers as AWS.
#[derive(Clone, Debug)]
pub(crate) struct System {
    pub(crate) api: String,
    pub(crate) aws: String,
}

/// What a number of orders took.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) clients: usize,
    /// Orders a second, until the last one was answered,
    pub(crate) placed: f64,
    /// and until none was open; not a number if some stayed open.
    pub(crate) ended: f64,
    /// Milliseconds until an answer.
    pub(crate) latency: Samples,
    /// How many orders were not answered with `201`; they are in neither rate.
    pub(crate) failed: usize,
}

impl System {
    /// Places `orders` by `clients` at once, and waits until all of them have ended.
    #[expect(clippy::cast_precision_loss, reason = "numbers of orders")]
    pub(crate) async fn run(&self, orders: usize, clients: usize) -> Result<Load, AnyError> {
        let http = Client::builder(TokioExecutor::new()).build_http();
        let start = Instant::now();
        let latency = self.place(&http, orders, clients).await?;
        let rate = |time: Duration| latency.len() as f64 / time.as_secs_f64();
        let placed = rate(start.elapsed());
        let settled = self.settled(&http).await?;
        let ended = if settled { rate(start.elapsed()) } else { f64::NAN };
        Ok(Load { clients, placed, ended, failed: orders - latency.len(), latency })
    }

    async fn place(&self, http: &Http, orders: usize, clients: usize) -> Result<Samples, AnyError> {
        let next = Arc::new(AtomicUsize::new(0));
        let clients = (0..clients).map(|client| {
            let (http, next) = (http.clone(), Arc::clone(&next));
            let url = format!("{}/orders/customer-{client}", self.api);
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= orders {
                        return Ok::<_, AnyError>(latencies);
                    }
                    latencies.extend(place(&http, &url, number).await?);
                }
            })
        });
        let mut latencies = Samples::default();
        for client in clients.collect::<Vec<_>>() {
            client.await??.into_iter().for_each(|latency| latencies.push_time(latency));
        }
        Ok(latencies)
    }

    /// Waits until no order is open; whether that is so.
    async fn settled(&self, http: &Http) -> Result<bool, AnyError> {
        let (mut last, mut since) = (0, Instant::now());
        loop {
            let open = self.open(http).await?;
            if open == 0 {
                return Ok(true);
            }
            if open != last {
                (last, since) = (open, Instant::now());
            } else if since.elapsed() > PATIENCE {
                return Ok(false);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// How many orders are open: what the sparse index has.
    async fn open(&self, http: &Http) -> Result<u64, AnyError> {
        let scan = json!({ "TableName": ORDERS, "IndexName": "open-orders", "Select": "COUNT" });
        let answer = self.dynamodb(http, "Scan", &scan).await?;
        Ok(answer["Count"].as_u64().ok_or_else(|| format!("no count of open orders: {answer}"))?)
    }

    /// The functions, as Lambda describes them.
    pub(crate) async fn functions(&self) -> Result<Vec<Value>, AnyError> {
        let http = Client::builder(TokioExecutor::new()).build_http();
        let uri = format!("{}/2015-03-31/functions", self.aws);
        let request = signed(Request::get(uri), "lambda").body(Full::default())?;
        let mut answer = ask(&http, request).await?;
        Ok(serde_json::from_value(answer["Functions"].take())?)
    }

    async fn dynamodb(
        &self,
        http: &Http,
        operation: &str,
        input: &Value,
    ) -> Result<Value, AnyError> {
        let request = signed(Request::post(format!("{}/", self.aws)), "dynamodb")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
            .body(input.to_string().into())?;
        ask(http, request).await
    }
}

/// With a signature, which an emulator does not verify; it reads the service from it.
fn signed(request: Builder, service: &str) -> Builder {
    let scope = format!("20260101/us-east-1/{service}/aws4_request");
    let signature =
        format!("AWS4-HMAC-SHA256 Credential=measure/{scope}, SignedHeaders=host, Signature=0");
    request.header("x-amz-date", "20260101T000000Z").header(header::AUTHORIZATION, signature)
}

async fn ask(http: &Http, request: Request<Full<Bytes>>) -> Result<Value, AnyError> {
    let answer = http.request(request).await?.into_body().collect().await?.to_bytes();
    Ok(serde_json::from_slice(&answer)?)
}

/// Places an order; how long the answer took, if it is `201`.
async fn place(http: &Http, url: &str, number: usize) -> Result<Option<Duration>, AnyError> {
    let body = json!({ "productId": format!("product-{}", number % PRODUCTS), "quantity": 1 });
    let request = Request::post(url)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.to_string().into())?;
    let start = Instant::now();
    let response = http.request(request).await?;
    let status = response.status();
    response.into_body().collect().await?;
    let latency = start.elapsed();
    Ok((status == StatusCode::CREATED).then_some(latency))
}

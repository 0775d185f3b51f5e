use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use e2e::World;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    idempotency::created,
    proxy::{Aws, Interference, Proxy, Request, Response},
};

const ORDERS: usize = 60;
/// What each of the three warehouses has.
const STOCK: usize = 16;
/// How long a transaction has its items.
const TRANSACTION: Duration = Duration::from_millis(25);

/// More orders than stock want the same product at the same time, and then half of those that got it
/// are not paid. DynamoDB cancels transactions that meet, and no order suffers from that.
#[tokio::test(flavor = "multi_thread")]
async fn many_orders_for_one_product_sell_exactly_its_stock() {
    let contention = Contention::default();
    let proxy = Proxy::start(contention.clone()).await;
    let folder = TempDir::new().unwrap();
    let world = World::with()
        .parameter("InitialStock", &STOCK.to_string())
        .bootstrap("InventoryService", proxy.wrapper(folder.path(), "inventory-service"))
        .processes(8)
        .start()
        .await;
    proxy.is_before(world.stack().aws());

    let details: Vec<_> = (0..ORDERS).map(|number| created(&format!("ord_{number}"), 1)).collect();
    let orders = details.iter().map(|order| world.publish("order.service", "Order Created", order));
    join_all(orders).await;
    world.settled().await;
    nothing_failed(&world, &contention);
    let reserved = reservations(&world, "decision = :reserved").await;
    assert_eq!(reserved.len(), 3 * STOCK, "{contention}");
    let stock = world.stock("p").await;
    assert!(stock.values().all(|available| *available == 0), "{contention}: {stock:?}");

    let unpaid: Vec<_> = reserved.iter().take(3 * STOCK / 2).map(failure).collect();
    let failures =
        unpaid.iter().map(|failure| world.publish("payment.service", "Payment Failed", failure));
    join_all(failures).await;
    world.settled().await;
    nothing_failed(&world, &contention);
    let released = "decision = :reserved AND attribute_exists(releasedAt)";
    assert_eq!(reservations(&world, released).await.len(), unpaid.len(), "{contention}");
    let stock: i64 = world.stock("p").await.values().sum();
    assert_eq!(usize::try_from(stock), Ok(unpaid.len()), "{contention}");
    assert!(contention.lost.load(Relaxed) > 0, "no two transactions met: {contention}");
    world.end().await;
}

fn nothing_failed(world: &World, contention: &Contention) {
    let letters = world.stack().dead_letters();
    assert!(letters.is_empty(), "{contention}: {letters:#?}");
    let errors = world.stack().log_lines(|line| line.level == "ERROR");
    assert!(errors.is_empty(), "{contention}: {errors:#?}");
}

/// The ids of the orders whose reservations `filter` finds.
async fn reservations(world: &World, filter: &str) -> Vec<String> {
    let found = world
        .dynamodb
        .scan()
        .table_name("distributed-tracing-demo-inventory")
        .filter_expression(filter)
        .expression_attribute_values(":reserved", AttributeValue::S("reserved".to_owned()))
        .send()
        .await
        .unwrap();
    found.items().iter().map(|item| item["orderId"].as_s().unwrap().clone()).collect()
}

/// `Payment Failed` for an order.
fn failure(order_id: &String) -> Value {
    let order = created(order_id, 1);
    json!({
        "orderId": order_id, "customerId": order["customerId"], "paymentId": "pay_1",
        "amount": 1, "currency": "USD", "processor": "sandbox", "reason": "declined",
        "metadata": order["metadata"],
    })
}

/// Transactions take their time, and one that wants an item that another one has is cancelled
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>).
#[derive(Clone, Default)]
struct Contention {
    /// The keys of the items that transactions have.
    taken: Arc<Mutex<HashSet<String>>>,
    all: Arc<AtomicUsize>,
    lost: Arc<AtomicUsize>,
}

impl fmt::Display for Contention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lost, all) = (self.lost.load(Relaxed), self.all.load(Relaxed));
        write!(f, "{lost} of {all} transactions were cancelled")
    }
}

impl Interference for Contention {
    async fn respond(&self, operation: &str, request: Request, aws: &Aws) -> Option<Response> {
        if operation != "TransactWriteItems" {
            return Some(aws.forward(request).await);
        }
        self.all.fetch_add(1, Relaxed);
        let wanted = keys(request.body());
        {
            let mut taken = self.taken.lock().unwrap();
            let is_taken: Vec<_> = wanted.iter().map(|key| taken.contains(key)).collect();
            if is_taken.contains(&true) {
                self.lost.fetch_add(1, Relaxed);
                return Some(cancelled(&is_taken));
            }
            taken.extend(wanted.iter().cloned());
        }
        tokio::time::sleep(TRANSACTION).await;
        let response = aws.forward(request).await;
        self.taken.lock().unwrap().retain(|key| !wanted.contains(key));
        Some(response)
    }
}

/// The keys of a transaction's items.
fn keys(body: &Bytes) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap();
    let items = body["TransactItems"].as_array().unwrap();
    let key = |item: &Value| {
        let update = &item["Update"]["Key"];
        let key = if update.is_object() { update } else { &item["Put"]["Item"] };
        format!("{} {}", key["pk"]["S"], key["sk"]["S"])
    };
    items.iter().map(key).collect()
}

fn cancelled(is_taken: &[bool]) -> Response {
    let code = |is_taken: &bool| json!(if *is_taken { "TransactionConflict" } else { "None" });
    let reasons: Vec<_> =
        is_taken.iter().map(|is_taken| json!({ "Code": code(is_taken) })).collect();
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
        "CancellationReasons": reasons,
    });
    http::Response::builder()
        .status(400)
        .header("content-type", "application/x-amz-json-1.0")
        .body(Bytes::from(body.to_string()))
        .unwrap()
}

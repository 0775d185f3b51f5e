use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use e2e::World;
use serde_json::{Value, json};
use shared::{clock, item::Item};
use tempfile::TempDir;

use crate::proxy::{Aws, Interference, Proxy, Request, Response};

const TABLE: &str = "distributed-tracing-demo-notifications";

/// The owner's retries go on, so nobody else has to; once the claim has expired, anybody notifies.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_ends_other_invocations_without_an_error_until_it_expires() {
    let world = World::start().await;
    let in_a_minute = clock::now() + TimeDelta::minutes(1);
    put_claim(&world, "ord_claimed", in_a_minute).await;
    let refusal = payment_failed("ord_claimed", clock::now());
    world.publish("payment.service", "Payment Failed", &refusal).await;
    let met = "another invocation is notifying the customer";
    world
        .until("a claim is met", || {
            let lines = world.stack().log_lines(|line| line.message == met);
            (!lines.is_empty()).then_some(())
        })
        .await;
    world.settled().await;
    assert_eq!(world.notified(0).await.len(), 0);
    let failed = world.stack().log_lines(|line| line.level == "ERROR");
    assert!(failed.is_empty(), "{failed:#?}");

    put_claim(&world, "ord_claimed", clock::now()).await;
    world.publish("payment.service", "Payment Failed", &refusal).await;
    let sent = world.notified(1).await;
    world.settled().await;
    assert_eq!(sent[0].attributes["orderId"], "ord_claimed");
    assert_eq!(world.notified(1).await.len(), 1);
    assert!(world.stack().dead_letters().is_empty());
    world.end().await;
}

/// An attempt that fails after its claim leaves the claim behind. Lambda's retry has the same request
/// id and need not wait until it expires.
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_takes_over_the_claim_of_the_attempt_before_it() {
    let outage = Outage::default();
    let proxy = Proxy::start(outage.clone()).await;
    let folder = TempDir::new().unwrap();
    let world = World::with()
        .bootstrap("NotificationService", proxy.wrapper(folder.path(), "notification-service"))
        .start()
        .await;
    proxy.is_before(world.stack().aws());
    let refusal = payment_failed("ord_retried", clock::now());
    world.publish("payment.service", "Payment Failed", &refusal).await;
    world.published("Notification Sent", 1).await;
    world.settled().await;
    assert_eq!(world.notified(1).await.len(), 1);
    assert!(world.stack().dead_letters().is_empty());
    let failed = world.stack().log_lines(|line| line.message == "the invocation failed");
    assert_eq!(failed.len(), 1, "one attempt failed: {failed:#?}");
    assert_eq!(outage.calls.load(Relaxed), Outage::CALLS + 1);
    world.end().await;
}

/// SNS took the message and the answer was lost, so the SDK publishes it again: the topic drops it, and the queue of
/// customers' notices has it once.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_of_the_topic_is_one_notice_in_the_queue() {
    let world = World::with().fault("sns:Publish=lost@2").start().await;
    let order = world.order("{}").await.order_id();
    world.published("Notification Sent", 1).await;
    world.settled().await;
    let sent = world.notified(1).await;
    assert_eq!(sent.iter().map(|sent| sent.repeated).collect::<Vec<_>>(), [2]);
    let notices = world.stack().messages("distributed-tracing-demo-customer-notices.fifo");
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].group_id.as_deref(), Some(order.as_str()));
    let id = order.replace("ord_", "ntf_");
    assert_eq!(notices[0].deduplication_id.as_deref(), Some(id.as_str()));
    world.end().await;
}

/// Its item, which would say that the customer was notified, may be deleted.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_older_than_the_memory_notifies_nobody() {
    let world = World::with().parameter("NotificationTtlDays", "15").start().await;
    let old = payment_failed("ord_old", clock::now() - TimeDelta::days(15));
    world.publish("payment.service", "Payment Failed", &old).await;
    let fresh = payment_failed("ord_fresh", clock::now() - TimeDelta::days(14));
    world.publish("payment.service", "Payment Failed", &fresh).await;
    let sent = world.notified(1).await;
    world.settled().await;
    assert_eq!(sent[0].attributes["orderId"], "ord_fresh");
    assert_eq!(world.notified(1).await.len(), 1);
    assert!(item(&world, "ord_old").await.is_none(), "nothing is stored of it");
    let warnings = world.stack().log_lines(|line| line.message.starts_with("the event is too old"));
    assert_eq!(warnings.len(), 1);
    let id = warnings[0].trace_id.clone().unwrap();
    let reason = "older than the memory of notifications";
    let seen = world.trace(&id, |seen| seen.named("send_notification").count() == 1).await;
    let step = seen.named("send_notification").next().unwrap();
    assert_eq!(step.metadata("ignored"), reason, "{:#}", step.document);
    world.end().await;
}

/// An outcome that is a fortnight late is not the first one that the table knows of the order.
#[tokio::test(flavor = "multi_thread")]
async fn every_write_puts_off_the_expiry() {
    let world = World::start().await;
    put_claim(&world, "ord_late", clock::now()).await;
    let refusal = payment_failed("ord_late", clock::now());
    world.publish("payment.service", "Payment Failed", &refusal).await;
    world.published("Notification Sent", 1).await;
    world.settled().await;
    let item = item(&world, "ord_late").await.unwrap();
    let expires: i64 = item["expiresAt"].as_n().unwrap().parse().unwrap();
    let left = DateTime::from_timestamp(expires, 0).unwrap() - clock::now();
    assert_eq!(left.num_days(), 89, "90 days from now on");
    world.end().await;
}

/// SNS is out of order for as many calls as one attempt makes.
#[derive(Clone, Default)]
struct Outage {
    calls: Arc<AtomicUsize>,
}

impl Outage {
    /// The SDK's attempts.
    const CALLS: usize = 3;
}

impl Interference for Outage {
    async fn respond(&self, _operation: &str, request: Request, aws: &Aws) -> Option<Response> {
        let is_publish = request.body().starts_with(b"Action=Publish");
        if is_publish && self.calls.fetch_add(1, Relaxed) < Self::CALLS {
            let response = http::Response::builder().status(500);
            return Some(response.body(Bytes::from_static(b"out of order")).unwrap());
        }
        Some(aws.forward(request).await)
    }
}

/// `Payment Failed` of an order.
fn payment_failed(order_id: &str, occurred_at: DateTime<Utc>) -> Value {
    json!({
        "orderId": order_id, "customerId": "c", "paymentId": "pay_1", "amount": 2, "currency": "USD",
        "processor": "sandbox", "reason": "declined",
        "metadata": {
            "eventId": format!("{order_id}:payment-failed"), "eventVersion": "1",
            "occurredAt": clock::rfc3339(occurred_at), "correlationId": order_id,
            "producer": { "service": "payment-service", "version": "0.1.0" },
        },
    })
}

/// Stores an order whose notification another invocation claimed until `until`.
async fn put_claim(world: &World, order_id: &str, until: DateTime<Utc>) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: i64| AttributeValue::N(number.to_string());
    let put = world
        .dynamodb
        .put_item()
        .table_name(TABLE)
        .item("orderId", text(order_id))
        .item("customerId", text("c"))
        .item("claimedBy", text("another-request"))
        .item("claimedUntil", number(until.timestamp_millis()))
        .item("expiresAt", number((clock::now() + TimeDelta::days(1)).timestamp()));
    put.send().await.unwrap();
}

async fn item(world: &World, order_id: &str) -> Option<Item> {
    let get = world.dynamodb.get_item().table_name(TABLE);
    let get = get.key("orderId", AttributeValue::S(order_id.to_owned()));
    get.send().await.unwrap().item
}

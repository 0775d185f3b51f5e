use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::World;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn redelivery_changes_nothing() {
    let world = World::start().await;
    let response = world.order(r#"{"productId": "p", "quantity": 3}"#).await;
    world.published("Notification Sent", 1).await;
    world.settled().await;
    // Two more deliveries, and the outcomes too, in the wrong order.
    let order = world.events_of("Order Created").remove(0);
    let paid = world.events_of("Payment Processed").remove(0);
    let reserved = world.events_of("Inventory Updated").remove(0);
    for event in [&reserved, &order, &paid, &order] {
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        world.publish(&text("source"), &text("detail-type"), &event["detail"]).await;
    }
    world.settled().await;

    let charges = world.stack().log_lines(|_| true);
    let charges = charges.iter().filter(|line| line.message == "charge requested").count();
    assert_eq!(charges, 1, "charged once");
    let stock = world.stock("p").await;
    assert_eq!(stock, BTreeMap::from([("east-coast".to_owned(), 97)]), "reserved once");
    assert_eq!(world.notified(1).await.len(), 1, "notified once");
    // The events are published again, with the same ids.
    for detail_type in ["Payment Processed", "Inventory Updated", "Notification Sent"] {
        let events = world.events_of(detail_type);
        assert!(events.len() > 1, "{detail_type} is published again");
        for again in &events {
            assert_eq!(
                again["detail"]["metadata"]["eventId"],
                events[0]["detail"]["metadata"]["eventId"]
            );
            assert_eq!(again["detail"]["timestamp"], events[0]["detail"]["timestamp"]);
            assert_eq!(again["detail"]["orderId"], response.order_id());
        }
    }
    let letters = world.stack().dead_letters();
    assert!(letters.is_empty(), "{letters:#?}");

    // Published outside of any trace, they were handled in new traces, which name the old one.
    for summary in world.summaries().await {
        let id = summary.id().unwrap();
        if id != response.trace_id() {
            let seen = world.trace(id, |seen| seen.orphans().is_empty()).await;
            let named =
                |part: &e2e::Part| *part.metadata("published_in_trace") == response.trace_id();
            assert!(seen.parts.iter().any(named), "{seen:#?}");
        }
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_known_to_be_out_of_stock_is_not_charged_later() {
    let world = World::with().parameter("InitialStock", "1").start().await;
    let order = created("ord_late", 2);
    let shortage = json!({
        "orderId": "ord_late", "customerId": "c", "productId": "p", "reservationId": "res_late",
        "quantity": 2, "availableQuantity": 1, "metadata": order["metadata"],
    });
    world.publish("inventory.service", "Inventory Insufficient", &shortage).await;
    world.notified(1).await;
    world.settled().await;
    world.publish("order.service", "Order Created", &order).await;
    world.settled().await;
    assert_eq!(world.events_of("Payment Processed").len(), 0);
    assert_eq!(world.events_of("Payment Refunded").len(), 0);
    assert_eq!(world.notified(1).await.len(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_known_to_be_unpaid_is_not_reserved_later() {
    let world = World::start().await;
    let order = created("ord_late", 2);
    let failure = json!({
        "orderId": "ord_late", "customerId": "c", "paymentId": "pay_late", "amount": 2, "currency": "USD",
        "processor": "sandbox", "reason": "declined", "metadata": order["metadata"],
    });
    world.publish("payment.service", "Payment Failed", &failure).await;
    world.notified(1).await;
    world.settled().await;
    world.publish("order.service", "Order Created", &order).await;
    world.settled().await;
    assert_eq!(world.events_of("Inventory Updated").len(), 0);
    assert!(world.stock("p").await.is_empty());
    assert_eq!(world.notified(1).await.len(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_orders_racing_for_the_last_item_one_gets_it() {
    let world = World::start().await;
    for (warehouse, available) in [("east-coast", "0"), ("west-coast", "0"), ("midwest", "1")] {
        world
            .dynamodb
            .put_item()
            .table_name("distributed-tracing-demo-inventory")
            .item("pk", AttributeValue::S("product#last".to_owned()))
            .item("sk", AttributeValue::S(warehouse.to_owned()))
            .item("available", AttributeValue::N(available.to_owned()))
            .send()
            .await
            .unwrap();
    }
    let body = r#"{"productId": "last"}"#;
    let (one, other) = tokio::join!(world.order(body), world.order(body));
    assert_eq!((one.status, other.status), (201, 201));
    let mut sent = world.notified(2).await;
    world.settled().await;
    sent.sort_by_key(|sent| sent.attributes["outcome"].shown());
    let outcomes: Vec<_> = sent.iter().map(|sent| sent.attributes["outcome"].shown()).collect();
    assert_eq!(outcomes, ["confirmed", "out_of_stock"]);
    assert!(world.stock("last").await.values().all(|available| *available == 0));
    world.end_without_audit("the warehouses have other stock than a new product").await;
}

/// What a table answers to a condition that does not hold is recorded, and is no error on the map.
#[tokio::test(flavor = "multi_thread")]
async fn an_unmet_condition_is_no_error() {
    let world = World::with().parameter("InitialStock", "5").start().await;
    let key = [("idempotency-key", "k-1")];
    let body = r#"{"productId": "p"}"#;
    let first = world.post("/orders/customer123", body, &key).await;
    let again = world.post("/orders/customer123", body, &key).await;
    let too_many = world.order(r#"{"productId": "p", "quantity": 6}"#).await;
    assert_eq!([first.status, again.status, too_many.status], [201; 3]);
    world.notified(2).await;
    for response in [&again, &too_many] {
        let unmet = |part: &e2e::Part| *part.metadata("condition_met") == false;
        let has_unmet = |seen: &e2e::Seen| seen.parts.iter().any(unmet);
        let seen = world.trace(&response.trace_id(), has_unmet).await;
        let is_error = |part: &&e2e::Part| {
            part.is("error") || part.document["http"]["response"]["status"] == 400
        };
        let errors: Vec<_> = seen.parts.iter().filter(is_error).collect();
        assert!(errors.is_empty() && seen.exceptions().is_empty(), "{errors:#?}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_repeated_with_its_key_is_the_same_order() {
    let world = World::start().await;
    let key = [("idempotency-key", "k-1")];
    let body = r#"{"productId": "p"}"#;
    let first = world.post("/orders/customer123", body, &key).await;
    let again = world.post("/orders/customer123", body, &key).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    let other = world.post("/orders/customer123", r#"{"productId": "q"}"#, &key).await;
    assert_eq!(other.status, 422);
    assert_eq!(other.body["errors"][0]["field"], "Idempotency-Key");
    world.notified(1).await;
    world.settled().await;
    assert_eq!(world.notified(1).await.len(), 1);
    assert_eq!(world.stock("p").await["east-coast"], 99);
    world.end().await;
}

pub(crate) fn created(order_id: &str, quantity: u32) -> serde_json::Value {
    json!({
        "orderId": order_id, "customerId": "c", "productId": "p", "quantity": quantity,
        "amount": 1.0, "currency": "USD",
        "metadata": {
            "eventId": format!("{order_id}:order-created"), "eventVersion": "1",
            "occurredAt": shared::clock::rfc3339(shared::clock::now()), "correlationId": order_id,
            "producer": { "service": "order-service", "version": "0.1.0" },
        },
    })
}

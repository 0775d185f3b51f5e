use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::World;
use serde_json::{Value, json};

use crate::idempotency::created;

const TABLE: &str = "distributed-tracing-demo-payments";

type Item = HashMap<String, AttributeValue>;

/// What a process leaves behind that dies after it recorded the intention to charge, and what the next event makes of it.
struct Case {
    order: &'static str,
    /// Whether the claim lasts: the process may be alive.
    is_fresh: bool,
    is_cancelled: bool,
    event: &'static str,
    decision: &'static str,
    published: &'static [&'static str],
    charges: usize,
}

const CASES: [Case; 6] = [
    Case {
        order: "ord_goes_on",
        is_fresh: false,
        is_cancelled: false,
        event: "Order Created",
        decision: "charged",
        published: &["Payment Processed"],
        charges: 1,
    },
    Case {
        order: "ord_is_left_alone",
        is_fresh: true,
        is_cancelled: false,
        event: "Order Created",
        decision: "intended",
        published: &[],
        charges: 0,
    },
    Case {
        order: "ord_is_never_charged",
        is_fresh: false,
        is_cancelled: true,
        event: "Order Created",
        decision: "void",
        published: &["Payment Cancelled"],
        charges: 0,
    },
    Case {
        order: "ord_is_cancelled_while_charging",
        is_fresh: true,
        is_cancelled: false,
        event: "Inventory Insufficient",
        decision: "intended",
        published: &[],
        charges: 0,
    },
    Case {
        order: "ord_is_cancelled",
        is_fresh: false,
        is_cancelled: false,
        event: "Inventory Insufficient",
        decision: "void",
        published: &["Payment Cancelled"],
        charges: 0,
    },
    Case {
        order: "ord_is_cancelled_again",
        is_fresh: false,
        is_cancelled: true,
        event: "Inventory Insufficient",
        decision: "void",
        published: &["Payment Cancelled"],
        charges: 0,
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_goes_on_where_a_process_died() {
    let world = World::start().await;
    for case in CASES {
        let order = created(case.order, 1);
        leave_behind(&world, &case).await;
        let (source, detail) = match case.event {
            "Order Created" => ("order.service", order),
            _ => ("inventory.service", shortage(&order)),
        };
        world.publish(source, case.event, &detail).await;
        world.settled().await;

        let item = payment(&world, case.order).await;
        assert_eq!(item["decision"].as_s().unwrap(), case.decision, "{}", case.order);
        assert_eq!(published(&world, case.order), case.published, "{}", case.order);
        assert_eq!(charges(&world, case.order), case.charges, "{}", case.order);
        if case.event == "Inventory Insufficient" {
            assert!(item.contains_key("cancelledAt"), "{}: {item:#?}", case.order);
        }
    }
    let letters = world.stack().dead_letters();
    assert!(letters.is_empty(), "{letters:#?}");
    world.end().await;
}

/// The charge is under way when the stock-out is handled: the process that charges sees the cancellation when it
/// records the verdict, and refunds.
#[tokio::test(flavor = "multi_thread")]
async fn a_charge_that_was_cancelled_meanwhile_is_refunded() {
    let world = World::start().await;
    let order = created("ord_charged", 1);
    world.publish("order.service", "Order Created", &order).await;
    world.published("Payment Processed", 1).await;
    world.settled().await;
    // As if the cancellation had come between the intention and the verdict, and the process had died then.
    let cancelled = AttributeValue::S("2026-11-25T12:00:00.000Z".to_owned());
    let update = world.dynamodb.update_item().table_name(TABLE);
    let update = update.key("orderId", AttributeValue::S("ord_charged".to_owned()));
    let update = update.update_expression("SET cancelledAt = :at");
    update.expression_attribute_values(":at", cancelled).send().await.unwrap();

    world.publish("order.service", "Order Created", &order).await;
    world.published("Payment Refunded", 1).await;
    world.settled().await;
    assert!(payment(&world, "ord_charged").await.contains_key("refundedAt"));
    assert_eq!(charges(&world, "ord_charged"), 1);
    world.end().await;
}

async fn leave_behind(world: &World, case: &Case) {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let hour = if case.is_fresh { 3_600.0 } else { -3_600.0 };
    let until = (local::clock::seconds() + hour) * 1_000.0;
    let put = world.dynamodb.put_item().table_name(TABLE);
    let put = put.item("orderId", text(case.order)).item("customerId", text("c"));
    let put = put.item("decidedAt", text("2026-11-25T12:00:00.000Z"));
    let put = put.item("decision", text("intended")).item("processor", text("sandbox"));
    let put = put.item("amount", AttributeValue::N("99.99".to_owned()));
    let put = put.item("currency", text("USD")).item("claimedBy", text("another request"));
    let mut put = put.item("claimedUntil", AttributeValue::N(format!("{until:.0}")));
    if case.is_cancelled {
        put = put.item("cancelledAt", text("2026-11-25T12:00:00.000Z"));
    }
    put.send().await.unwrap();
}

async fn payment(world: &World, order: &str) -> Item {
    let get = world.dynamodb.get_item().table_name(TABLE).consistent_read(true);
    let get = get.key("orderId", AttributeValue::S(order.to_owned()));
    get.send().await.unwrap().item.unwrap()
}

/// The payment's events about an order.
fn published(world: &World, order: &str) -> Vec<String> {
    let records = world.stack().events(|record| {
        record.event["source"] == "payment.service" && record.event["detail"]["orderId"] == order
    });
    records.iter().map(|record| record.event["detail-type"].as_str().unwrap().to_owned()).collect()
}

fn charges(world: &World, order: &str) -> usize {
    let lines = world.stack().log_lines(|line| line.message == "charge requested");
    lines.iter().filter(|line| line.fields.contains(&format!("key={order} "))).count()
}

fn shortage(order: &Value) -> Value {
    json!({
        "orderId": order["orderId"], "customerId": "c", "productId": "p", "reservationId": "res_1",
        "quantity": 1, "availableQuantity": 0, "metadata": order["metadata"],
    })
}

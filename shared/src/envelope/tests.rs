use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::{OrderCreated, PaymentFailed, PaymentFailure};

fn order() -> OrderCreated {
    OrderCreated {
        order_id: "ord_0198".parse().unwrap(),
        customer_id: "customer123".parse().unwrap(),
        product_id: "12345".parse().unwrap(),
        quantity: 3,
        amount: "299.97".parse().unwrap(),
        currency: "USD".to_owned(),
        payment_method: None,
    }
}

fn outbound(event: impl Into<Event>, occurred_at: DateTime<Utc>) -> OutboundEvent {
    OutboundEvent::new(Recorded::New(event.into()), occurred_at, Cause::request())
}

fn detail_of(outbound: &OutboundEvent) -> String {
    let producer = Producer::new("order-service", "0.1.0");
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".parse().unwrap();
    outbound.detail(&producer, Some(&trace)).unwrap()
}

/// What arrives at a function when `event` was published with that detail.
fn arriving(event: &Event, detail: &str) -> Box<RawValue> {
    RawValue::from_string(format!(
        r#"{{"version":"0","id":"x","detail-type":"{}","source":"{}","detail":{detail}}}"#,
        event.detail_type(),
        event.source(),
    ))
    .unwrap()
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_763_812_800_123).unwrap()
}

#[test]
fn payload_fields_are_at_the_top_of_the_detail() {
    let detail = detail_of(&outbound(order(), noon()));
    let detail: Value = serde_json::from_str(&detail).unwrap();
    insta::assert_json_snapshot!(detail);
}

#[test]
fn a_failed_payment_names_its_reason_and_its_cause() {
    let created = outbound(order(), noon());
    let inbound = InboundEvent::parse(&arriving(created.event(), &detail_of(&created))).unwrap();
    let failed = PaymentFailed {
        order_id: "ord_0198".parse().unwrap(),
        customer_id: "customer123".parse().unwrap(),
        payment_id: "pay_0198".to_owned(),
        amount: "299.97".parse().unwrap(),
        currency: "USD".to_owned(),
        processor: "sandbox".to_owned(),
        reason: PaymentFailure::LimitExceeded,
    };
    let outbound = OutboundEvent::new(Recorded::New(failed.into()), noon(), inbound.cause());
    let detail: Value = serde_json::from_str(&detail_of(&outbound)).unwrap();
    insta::assert_json_snapshot!(detail);
}

#[test]
fn times_have_milliseconds_even_when_these_are_zero() {
    let detail = detail_of(&outbound(order(), DateTime::UNIX_EPOCH));
    let detail: Value = serde_json::from_str(&detail).unwrap();
    assert_eq!(detail["timestamp"], "1970-01-01T00:00:00.000Z");
    assert_eq!(detail["metadata"]["occurredAt"], "1970-01-01T00:00:00.000Z");
}

#[test]
fn event_ids_are_deterministic() {
    let first = outbound(order(), noon());
    let again = outbound(order(), noon() + chrono::TimeDelta::hours(1));
    assert_eq!(first.event().event_id(), "ord_0198:order-created");
    assert_eq!(first.event().event_id(), again.event().event_id());
}

#[test]
fn unknown_fields_are_ignored_and_unknown_versions_refused() {
    let outbound = outbound(order(), noon());
    let mut detail: Value = serde_json::from_str(&detail_of(&outbound)).unwrap();
    detail["loyaltyPoints"] = json!(12);
    detail["metadata"]["shard"] = json!("b");
    let parse =
        |detail: &Value| InboundEvent::parse(&arriving(outbound.event(), &detail.to_string()));
    assert!(parse(&detail).is_ok());

    detail["metadata"]["eventVersion"] = json!("1.4");
    assert!(parse(&detail).is_ok());

    detail["metadata"] = json!({ "eventVersion": "2" });
    assert_eq!(
        parse(&detail).unwrap_err().to_string(),
        "`Order Created` has version `2`; this service accepts version 1"
    );
}

#[test]
fn payloads_that_eventbridge_never_sends_are_errors() {
    // The original's consumers loop over `Records`, which EventBridge does not send, and return
    // 200.
    for payload in [r#"{"Records":[]}"#, "[]", "null", "{}", r#"{"source":"order.service"}"#] {
        let payload = RawValue::from_string(payload.to_owned()).unwrap();
        let error = InboundEvent::parse(&payload).unwrap_err();
        assert!(matches!(error, EventError::NotAnEvent(_)), "{payload}: {error}");
    }
}

#[test]
fn an_invalid_detail_is_an_error_that_says_what_is_wrong() {
    let outbound = outbound(order(), noon());
    let detail: Value = serde_json::from_str(&detail_of(&outbound)).unwrap();
    for (field, value, reason) in [
        ("quantity", json!(-1), "invalid value: integer `-1`, expected u32"),
        ("customerId", json!("a/b"), "the customer id must have 1 to 64 letters"),
        ("orderId", json!("1"), "the order id must be `ord_` and 1 to 60 letters"),
    ] {
        let mut detail = detail.clone();
        detail[field] = value;
        let payload = arriving(outbound.event(), &detail.to_string());
        let Err(EventError::Detail { source, .. }) = InboundEvent::parse(&payload) else {
            panic!("{field} is invalid");
        };
        assert!(source.to_string().starts_with(reason), "{source}");
    }
}

proptest! {
    #[test]
    fn events_round_trip(
        order_id in "ord_[0-9a-f]{32}",
        (customer_id, product_id) in ("[a-z0-9]{1,64}", "[A-Za-z0-9_-]{1,64}"),
        quantity in 1u32..=1_000,
        cents in 0u32..1_000_000,
        payment_method in proptest::option::of("[a-z_]{1,20}"),
        millis in 0i64..4_102_444_800_000,
    ) {
        let order = OrderCreated {
            order_id: order_id.parse().unwrap(),
            customer_id: customer_id.parse().unwrap(),
            product_id: product_id.parse().unwrap(),
            quantity,
            amount: format!("{}.{:02}", cents / 100, cents % 100).parse().unwrap(),
            currency: "USD".to_owned(),
            payment_method: payment_method.map(|method| method.parse().unwrap()),
        };
        let at = DateTime::from_timestamp_millis(millis).unwrap();
        let outbound = outbound(order.clone(), at);
        let payload = arriving(outbound.event(), &detail_of(&outbound));
        let inbound = InboundEvent::parse(&payload).unwrap();
        prop_assert_eq!(inbound.event, Event::OrderCreated(order));
        prop_assert_eq!(inbound.metadata.occurred_at, at);
    }

    #[test]
    fn no_payload_panics(payload in "\\PC{0,60}") {
        let payload = serde_json::to_string(&payload).unwrap();
        let _outcome = InboundEvent::parse(&RawValue::from_string(payload).unwrap());
    }
}

use serde_json::Value;

use super::*;
use crate::{
    captured::Captured,
    envelope::Cause,
    event::{PaymentFailed, PaymentFailure},
    id::OrderId,
    recorded::Recorded,
};

fn payment_failed() -> Event {
    payment_failed_of("ord_1")
}

fn payment_failed_of(order: &str) -> Event {
    let failed = PaymentFailed {
        order_id: order.parse().unwrap(),
        customer_id: "customer123".parse().unwrap(),
        payment_id: "pay_1".to_owned(),
        amount: "99.99".parse().unwrap(),
        currency: "USD".to_owned(),
        processor: "sandbox".to_owned(),
        reason: PaymentFailure::Declined,
    };
    failed.into()
}

/// The line that an invocation writes which publishes `event`.
async fn line(is_cold: bool, event: Recorded<Event>) -> String {
    let captured = Captured::default();
    let writer = captured.clone();
    let metrics = Metrics::written_to("shop-test".to_owned(), move || writer.clone());
    let invocation = InvocationMetrics::new(metrics, "payment-service", is_cold);
    invocation.set_request_id("request-1");
    invocation.set_trace_id("1-5759e988-bd862e3fe1be46a994272793");
    let event = OutboundEvent::new(event, now(), Cause::request());
    let written = invocation.clone().scope(async { (count(&[event]), captured.text()).1 }).await;
    invocation.write();
    assert_eq!(written, captured.text(), "once, before it is published");
    captured.text()
}

#[tokio::test]
async fn a_line_is_what_cloudwatch_reads() {
    let line = line(true, Recorded::New(payment_failed())).await;
    assert_eq!(line.matches('\n').count(), 1, "one line: {line}");
    let mut line: Value = serde_json::from_str(&line).unwrap();
    assert!(line["_aws"]["Timestamp"].take().as_u64().is_some());
    insta::assert_json_snapshot!(line);
}

#[tokio::test]
async fn an_event_that_another_invocation_recorded_is_not_counted_again() {
    let line = line(false, Recorded::Existing(payment_failed())).await;
    assert_eq!(line, "", "there is nothing to count, so nothing is written");
}

#[tokio::test]
async fn what_the_canary_ordered_is_not_counted() {
    let canary = OrderId::from(1).of_canary();
    assert_eq!(line(false, Recorded::New(payment_failed_of(canary.as_str()))).await, "");
    assert_ne!(line(false, Recorded::New(payment_failed_of("ord_canary"))).await, "");
}

#[test]
fn outside_of_an_invocation_nothing_is_counted() {
    let event = Recorded::New(payment_failed());
    count(&[OutboundEvent::new(event, now(), Cause::request())]);
}

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::{Response, Seen, World, topology};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_order_is_one_connected_trace() {
    let world = World::start().await;
    let response = world.order(r#"{"productId": "12345", "quantity": 2}"#).await;
    the_response_describes_the_order(&response);

    world.published("Notification Sent", 1).await;
    world.settled().await;
    let trace = world
        .trace(&response.trace_id(), |seen| {
            seen.runs() == 8 && seen.named("Events").count() == 8 && seen.orphans().is_empty()
        })
        .await;
    assert_eq!(world.summaries().await.len(), 1, "there is exactly one trace");
    // The length in the stage's segment is that of Lambda's response, which contains the body and
    // more.
    let call = trace.named("Lambda").find(|part| !part.is_segment).unwrap();
    let length = call.document["http"]["response"]["content_length"].as_u64().unwrap();
    assert!(length > response.body.to_string().len() as u64, "{length}");
    assert_eq!(trace.orphans().len(), 0, "every part has its parent: {:#?}", trace.orphans());
    let roots = trace.roots();
    assert_eq!(roots.len(), 1, "there is one root: {roots:#?}");
    assert_eq!(roots[0].origin, "AWS::ApiGateway::Stage");

    consumers_are_children_of_the_bus(&trace);
    operations_are_children_of_their_functions(&trace);
    annotations_describe_the_order(&trace, &response.order_id());
    assert_eq!(trace.exceptions(), Vec::<&str>::new());
    let graph: Vec<_> = world.edges(&trace.id).await;
    assert_eq!(graph, topology().edges);
    let (start, end) = world.last_hour();
    let all = world.xray.get_service_graph().start_time(start).end_time(end).send().await.unwrap();
    assert_eq!(Seen::edges(all.services()), topology().edges);

    let sent = world.notified(1).await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].subject, "Your order is confirmed");
    assert_eq!(sent[0].attributes["outcome"], "confirmed");
    assert_eq!(sent[0].trace_id.as_ref(), Some(&trace.id));
    assert_eq!(world.stock("12345").await["east-coast"], 98);
    the_notification_expires(&world, response.order_id()).await;
    world.end().await;
}

fn the_response_describes_the_order(response: &Response) {
    assert_eq!(response.status, 201, "{:?}", response.body);
    assert_eq!(response.headers["content-type"], "application/json");
    let location = format!("/prod/orders/customer123/{}", response.order_id());
    assert_eq!(response.headers["location"], location);
    let mut body = response.body.clone();
    let created_at = body["timestamp"].take();
    assert!(
        created_at.as_str().is_some_and(|time| time.ends_with('Z') && time.len() == 24),
        "{created_at}"
    );
    assert_eq!(
        body,
        json!({
            "orderId": response.order_id(),
            "customerId": "customer123",
            "productId": "12345",
            "quantity": 2,
            "amount": 199.98,
            "currency": "USD",
            "status": "created",
            "message": "Order created; its payment and stock are being checked.",
            "timestamp": null,
        })
    );
}

fn annotations_describe_the_order(trace: &Seen, order_id: &str) {
    for (key, value) in [
        ("order_id", json!(order_id)),
        ("customer_id", json!("customer123")),
        ("product_id", json!("12345")),
        ("order_amount", json!(199.98)),
        ("payment_amount", json!(199.98)),
        ("warehouse", json!("east-coast")),
        ("notification_type", json!("confirmed")),
        ("cold_start", json!(true)),
        ("event_source", json!("apigateway")),
        ("service_name", json!("order-service")),
    ] {
        let set = trace.parts.iter().any(|part| part.document["annotations"][key] == value);
        assert!(set, "annotation {key} is {:?}", trace.annotation(key));
    }
}

fn operations_are_children_of_their_functions(trace: &Seen) {
    for name in ["process_order", "process_payment", "update_inventory", "send_notification"] {
        let part = trace.named(name).next().unwrap_or_else(|| panic!("{name} is in the trace"));
        let run = trace.part(part.parent.as_ref().unwrap()).unwrap();
        assert_eq!(run.origin, "AWS::Lambda::Function", "{name} is a child of its function");
    }
    // Four functions start; the two notifications share a process if they come one after the other.
    assert!((4..=8).contains(&trace.named("Init").count()));
    assert_eq!(trace.named("Dwell Time").count(), 7);
    assert_eq!(trace.named("Attempt #1").count(), 7);
}

/// The item expires after 90 days, and the claim with the invocation's deadline, which is a real one.
async fn the_notification_expires(world: &World, order_id: String) {
    let stored = world
        .dynamodb
        .get_item()
        .table_name("distributed-tracing-demo-notifications")
        .key("orderId", AttributeValue::S(order_id))
        .send()
        .await
        .unwrap();
    let expires: f64 = stored.item().unwrap()["expiresAt"].as_n().unwrap().parse().unwrap();
    let days = (expires - local::clock::seconds()) / 86_400.0;
    assert!((89.9..=90.0).contains(&days), "DynamoDB deletes it in {days} days");
    let until: f64 = stored.item().unwrap()["claimedUntil"].as_n().unwrap().parse().unwrap();
    let left = until / 1000.0 - local::clock::seconds();
    assert!((0.0..=10.0).contains(&left), "{left} of ten seconds are left");
}

/// Each consumer is a child of the bus, and the bus of the call that published the event.
fn consumers_are_children_of_the_bus(trace: &Seen) {
    for service in ["payment-service", "inventory-service", "notification-service"] {
        for consumer in trace.segments("AWS::Lambda", service) {
            let bus = trace.part(consumer.parent.as_ref().unwrap()).unwrap();
            assert_eq!(
                (bus.origin.as_str(), &bus.document["inferred"]),
                ("AWS::Events", &json!(true))
            );
            let call = trace.part(bus.parent.as_ref().unwrap()).unwrap();
            assert_eq!((call.name.as_str(), call.is_segment), ("Events", false));
            assert_eq!(call.document["aws"]["operation"], "PutEvents");
            assert_eq!(call.document["aws"]["region"], "us-east-1");
            assert!(call.document["aws"]["request_id"].is_string());
            assert_eq!(call.document["http"]["response"]["status"], 200);
            assert_eq!(call.metadata("event_bus"), "distributed-tracing-demo");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_an_order_say_who_caused_them() {
    let world = World::start().await;
    let response = world.order("{}").await;
    world.published("Notification Sent", 1).await;
    let order = response.order_id();
    let suffix = order.strip_prefix("ord_").unwrap();
    for (detail_type, source, cause, id) in [
        ("Order Created", "order.service", None, None),
        ("Payment Processed", "payment.service", Some("order-created"), Some(("paymentId", "pay"))),
        (
            "Inventory Updated",
            "inventory.service",
            Some("order-created"),
            Some(("reservationId", "res")),
        ),
        ("Notification Sent", "notification.service", None, Some(("notificationId", "ntf"))),
    ] {
        let events = world.events_of(detail_type);
        assert_eq!(events.len(), 1, "{detail_type}");
        let (event, metadata) = (&events[0], &events[0]["detail"]["metadata"]);
        assert_eq!(event["source"], source);
        assert_eq!(event["detail"]["orderId"], order);
        assert_eq!(event["detail"]["customerId"], "customer123");
        assert_eq!(metadata["eventVersion"], "1");
        assert_eq!(metadata["correlationId"], order);
        assert_eq!(metadata["occurredAt"], event["detail"]["timestamp"]);
        assert!(metadata["trace"].as_str().unwrap().contains(&response.trace_id()));
        if let Some(cause) = cause {
            assert_eq!(metadata["causationId"], format!("{order}:{cause}"));
        }
        if let Some((field, prefix)) = id {
            assert_eq!(event["detail"][field], format!("{prefix}_{suffix}"));
        }
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_payment_is_published_and_the_stock_is_released() {
    let world = World::start().await;
    let response = world.order(r#"{"productId": "p", "paymentMethod": "card_declined"}"#).await;
    assert_eq!(response.status, 201);
    let failed = world.published("Payment Failed", 1).await;
    assert_eq!(failed[0]["detail"]["reason"], "declined");
    assert_eq!(failed[0]["detail"]["status"], "failed");
    world.notified(1).await;
    world.settled().await;
    assert_eq!(world.events_of("Payment Processed").len(), 0);
    let stock = world.stock("p").await;
    assert!(stock.values().all(|available| *available == 100), "all of it is back: {stock:?}");
    let sent = world.notified(1).await;
    assert_eq!(sent.len(), 1, "the customer is notified once: {sent:#?}");
    assert_eq!(sent[0].attributes["outcome"], "payment_failed");
    let trace = world.trace(&response.trace_id(), |seen| seen.orphans().is_empty()).await;
    // A refusal is an outcome, not a failure of the system.
    assert_eq!(trace.parts.iter().filter(|part| part.is("fault")).count(), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_over_the_limit_never_reaches_the_processor() {
    let world = World::with().parameter("PaymentLimit", "250.00").start().await;
    let response = world.order(r#"{"quantity": 3}"#).await;
    let failed = world.published("Payment Failed", 1).await;
    assert_eq!(failed[0]["detail"]["reason"], "limit_exceeded");
    assert_eq!(failed[0]["detail"]["amount"], json!(299.97));
    let sent = world.notified(1).await;
    assert!(sent[0].message.contains("costs more than one order may"), "{}", sent[0].message);
    world.settled().await;
    let trace =
        world.trace(&response.trace_id(), |seen| seen.named("process_payment").count() == 1).await;
    assert_eq!(trace.named("charge").count(), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_out_of_stock_is_refunded() {
    let world = World::with().parameter("InitialStock", "4").start().await;
    let response = world.order(r#"{"productId": "p", "quantity": 5}"#).await;
    let insufficient = world.published("Inventory Insufficient", 1).await;
    assert_eq!(insufficient[0]["detail"]["availableQuantity"], 4);
    assert_eq!(insufficient[0]["detail"]["status"], "insufficient_stock");
    let sent = world.notified(1).await;
    assert_eq!(sent[0].attributes["outcome"], "out_of_stock");
    world.settled().await;
    // Either the charge came first and was refunded, or there was none.
    let refunded = world.events_of("Payment Refunded");
    assert_eq!(world.events_of("Payment Processed").is_empty(), refunded.is_empty());
    assert_eq!(world.audit().await, []);
    for refund in &refunded {
        assert_eq!(refund["detail"]["amount"], json!(499.95));
        assert_eq!(refund["detail"]["orderId"], response.order_id());
    }
    assert!(world.stock("p").await.is_empty(), "nothing was taken");
    assert_eq!(world.notified(1).await.len(), 1);
    world.end().await;
}

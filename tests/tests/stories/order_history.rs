use aws_sdk_dynamodb::types::AttributeValue;
use e2e::{Response, World};
use serde_json::{Value, json};

/// What the API says of the order now.
pub(crate) async fn look_up(world: &World, order: &Response) -> Response {
    get(world, order.headers["location"].to_str().unwrap()).await
}

/// Where the order service is invoked.
pub(crate) const INVOCATIONS: &str =
    "/2015-03-31/functions/distributed-tracing-demo-order-service/invocations";

pub(crate) async fn get(world: &World, path: &str) -> Response {
    world.request("GET", &format!("{}{path}", world.stack().api()), "", &[]).await
}

/// Invokes the order service as its schedule does.
pub(crate) async fn sweep(world: &World) -> Response {
    let event = json!({
        "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "source": "aws.events",
        "detail-type": "Scheduled Event", "account": "000000000000", "time": "2026-11-22T12:00:00Z",
        "region": "us-east-1", "detail": {},
        "resources": ["arn:aws:events:us-east-1:000000000000:rule/distributed-tracing-demo-sweep"],
    });
    let response = world.aws("lambda", INVOCATIONS, event.to_string(), &[]).await;
    assert_eq!(response.status, 200, "{:?}", response.body);
    assert!(!response.headers.contains_key("x-amz-function-error"), "{:?}", response.body);
    response
}

/// The order's item.
pub(crate) async fn item(
    world: &World,
    order_id: &str,
) -> std::collections::HashMap<String, AttributeValue> {
    let found = world
        .dynamodb
        .get_item()
        .table_name("distributed-tracing-demo-orders")
        .key("customerId", AttributeValue::S("customer123".to_owned()))
        .key("orderId", AttributeValue::S(order_id.to_owned()))
        .send()
        .await
        .unwrap();
    found.item.unwrap_or_default()
}

/// Makes the order one that is open for long.
pub(crate) async fn make_due(world: &World, order_id: &str) {
    let update = world
        .dynamodb
        .update_item()
        .table_name("distributed-tracing-demo-orders")
        .key("customerId", AttributeValue::S("customer123".to_owned()))
        .key("orderId", AttributeValue::S(order_id.to_owned()))
        .update_expression("SET #open = :open, dueAt = :due, attempts = :attempts")
        .condition_expression("attribute_exists(createdAt)")
        .expression_attribute_names("#open", "open")
        .expression_attribute_values(":open", AttributeValue::S("open".to_owned()))
        .expression_attribute_values(":attempts", AttributeValue::N("0".to_owned()))
        .expression_attribute_values(":due", AttributeValue::N("1".to_owned()));
    update.send().await.unwrap();
}

fn events_of(body: &Value) -> Vec<&str> {
    let history = body["history"].as_array().unwrap().iter();
    history.map(|event| event["event"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_shows_its_history() {
    let world = World::with().parameter("InitialStock", "5").start().await;
    for (body, status, events) in [
        (
            r#"{"productId": "p"}"#,
            "confirmed",
            &["Inventory Updated", "Notification Sent", "Order Created", "Payment Processed"][..],
        ),
        (
            r#"{"productId": "q", "paymentMethod": "card_declined"}"#,
            "payment_failed",
            &["Notification Sent", "Order Created", "Payment Failed"],
        ),
        (
            r#"{"productId": "r", "quantity": 6}"#,
            "out_of_stock",
            &["Inventory Insufficient", "Notification Sent", "Order Created"],
        ),
    ] {
        let placed = world.order(body).await;
        assert_eq!(placed.status, 201, "{:?}", placed.body);
        world.settled().await;
        let found = look_up(&world, &placed).await;
        assert_eq!(found.status, 200);
        assert_eq!(found.body["status"], status, "{:#}", found.body);
        assert_eq!(found.body["orderId"], placed.order_id());
        let order = format!("/prod/orders/customer123/{}", placed.order_id());
        assert_eq!(
            found.body["links"],
            json!({ "self": order, "orders": "/prod/orders/customer123" })
        );
        let history = events_of(&found.body);
        assert!(events.iter().all(|event| history.contains(event)), "{history:?}");
        for event in found.body["history"].as_array().unwrap() {
            let published = world.events_of(event["event"].as_str().unwrap());
            let metadata = published.iter().map(|event| &event["detail"]["metadata"]);
            let said = |metadata: &&Value| metadata["eventId"] == event["eventId"];
            let metadata = metadata.into_iter().find(said).unwrap();
            assert_eq!(metadata["occurredAt"], event["timestamp"]);
            assert_eq!(event["traceId"], placed.trace_id());
            let shown = format!("{}#trace/{}", world.stack().console(), placed.trace_id());
            assert_eq!(event["links"], json!({ "trace": shown }));
        }
        let of_somebody_else = format!("/orders/somebody-else/{}", placed.order_id());
        assert_eq!(get(&world, &of_somebody_else).await.status, 404);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_a_client_has_already_is_not_sent_again() {
    let world = World::start().await;
    let placed = world.order("{}").await;
    world.settled().await;
    let found = look_up(&world, &placed).await;
    let tag = found.headers["etag"].to_str().unwrap();
    let url = format!("{}{}", world.stack().api(), placed.headers["location"].to_str().unwrap());
    let again = world.request("GET", &url, "", &[("if-none-match", tag)]).await;
    assert_eq!((again.status, again.body), (304, json!("")));
    assert_eq!(again.headers["etag"], tag);
    let other = world.request("GET", &url, "", &[("if-none-match", "\"other\"")]).await;
    assert_eq!((other.status, other.body), (200, found.body));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_orders_are_listed_newest_first_page_by_page() {
    let world = World::start().await;
    let key = [("idempotency-key", "listed once, and its key not at all")];
    let mut placed = Vec::new();
    for _ in 0..3 {
        placed.push(world.order("{}").await.order_id());
    }
    placed.push(world.post("/orders/customer123", "{}", &key).await.order_id());
    world.post("/orders/somebody-else", "{}", &[]).await;
    placed.reverse();
    let (mut listed, mut path) = (Vec::new(), "/orders/customer123?limit=2".to_owned());
    loop {
        let page = get(&world, &path).await;
        assert_eq!(page.status, 200, "{:?}", page.body);
        let orders = page.body["orders"].as_array().unwrap();
        assert!(orders.len() <= 2);
        listed.extend(orders.iter().map(|order| order["orderId"].as_str().unwrap().to_owned()));
        let Some(next) = page.body["links"]["next"].as_str() else { break };
        assert!(next.ends_with(page.body["next"].as_str().unwrap()), "{next}");
        next.clone_into(&mut path);
    }
    assert_eq!(listed, placed);
    assert_eq!(get(&world, "/orders/nobody").await.body, json!({ "orders": [] }));
    for (path, field) in
        [("/orders/customer123?limit=0", "limit"), ("/orders/customer123?next=x", "next")]
    {
        let refused = get(&world, path).await;
        assert_eq!((refused.status, &refused.body["errors"][0]["field"]), (422, &json!(field)));
    }
    world.settled().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_an_unknown_order_makes_no_order() {
    let world = World::start().await;
    let detail = json!({
        "orderId": "ord_unknown", "customerId": "customer123", "paymentId": "pay_unknown",
        "metadata": {
            "eventId": "ord_unknown:payment-cancelled", "eventVersion": "1",
            "occurredAt": "2026-11-22T12:00:00.000Z", "correlationId": "ord_unknown",
            "producer": { "service": "payment-service", "version": "0.1.0" },
        },
    });
    world.publish("payment.service", "Payment Cancelled", &detail).await;
    world.settled().await;
    assert!(item(&world, "ord_unknown").await.is_empty());
    assert_eq!(get(&world, "/orders/customer123").await.body, json!({ "orders": [] }));
    let ignored = |line: &local::Line| line.message == "there is no such order here";
    world
        .until("a log line", || (!world.stack().log_lines(ignored).is_empty()).then_some(()))
        .await;
    let letters = world.stack().dead_letters();
    assert!(letters.is_empty(), "{letters:#?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_has_ended_is_not_open() {
    let world = World::start().await;
    let placed = world.order("{}").await;
    world.settled().await;
    let stored = item(&world, &placed.order_id()).await;
    for attribute in ["open", "dueAt", "attempts"] {
        assert!(!stored.contains_key(attribute), "{attribute}: {stored:#?}");
    }
    sweep(&world).await;
    world.settled().await;
    assert_eq!(world.events_of("Order Created").len(), 1);
    world.end().await;
}

/// The event is lost: nothing is known of the order but what the order service stored.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_open_for_long_is_published_again_in_its_own_trace() {
    let folder = tempfile::TempDir::new().unwrap();
    let deaf =
        |text: String| text.replacen("detail-type: [Payment Processed, ", "detail-type: [", 1);
    let template = e2e::changed_template(folder.path(), deaf);
    let world = World::with().template(template).start().await;
    let placed = world.order("{}").await;
    world.notified(1).await;
    world.settled().await;
    let order_id = placed.order_id();
    assert_eq!(
        look_up(&world, &placed).await.body["status"],
        "confirmed",
        "as the customer was notified"
    );

    make_due(&world, &order_id).await;
    sweep(&world).await;
    world.settled().await;
    let events = world.events_of("Order Created");
    assert_eq!(events.len(), 2);
    let metadata = |index: usize| &events[index]["detail"]["metadata"];
    assert_eq!(metadata(0)["eventId"], metadata(1)["eventId"]);
    assert_eq!(metadata(0)["occurredAt"], metadata(1)["occurredAt"]);
    assert!(metadata(1)["trace"].as_str().unwrap().contains(&placed.trace_id()));
    assert_eq!(world.notified(1).await.len(), 1, "the customer is not notified again");
    let trace = world
        .trace(&placed.trace_id(), |seen| {
            seen.named("republish_order").count() == 1 && seen.orphans().is_empty()
        })
        .await;
    let again = trace.named("republish_order").next().unwrap();
    let placing = trace.part(again.parent.as_ref().unwrap()).unwrap();
    assert_eq!(placing.name, "process_order");
    assert_eq!(again.document["annotations"]["event_source"], "schedule");
    let call = trace.named("Events").find(|part| part.parent.as_ref() == Some(&again.id));
    assert!(call.is_some(), "{trace:#?}");

    // It is looked at later and later.
    let stored = item(&world, &order_id).await;
    assert_eq!(stored["attempts"].as_n().unwrap(), "1");
    let due: f64 = stored["dueAt"].as_n().unwrap().parse().unwrap();
    let seconds = due / 1000.0 - local::clock::seconds();
    assert!((200.0..=240.0).contains(&seconds), "{seconds}");
    sweep(&world).await;
    world.settled().await;
    assert_eq!(world.events_of("Order Created").len(), 2, "it is not due");
    world
        .until("a count", || {
            let lines = world.stack().log_lines(local::Line::is_metrics);
            lines.iter().any(|line| line.fields.contains("OrdersRepublished=1")).then_some(())
        })
        .await;
    world.end_without_audit("the story makes an order due that has ended").await;
}

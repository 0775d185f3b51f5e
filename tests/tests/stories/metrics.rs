use std::{collections::BTreeSet, fs};

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::{World, workspace};
use futures_util::future::join_all;
use local::Line;
use serde_json::Value;

use crate::{
    idempotency::created,
    order_history::{make_due, sweep},
    tour::every_way_an_order_can_go,
};

/// The metrics that count events, and the events that they count.
const COUNTED: [(&str, &str); 8] = [
    ("OrdersCreated", "Order Created"),
    ("PaymentsProcessed", "Payment Processed"),
    ("PaymentsFailed", "Payment Failed"),
    ("PaymentsRefunded", "Payment Refunded"),
    ("Reservations", "Inventory Updated"),
    ("StockOuts", "Inventory Insufficient"),
    ("ReservationsReleased", "Inventory Released"),
    ("NotificationsSent", "Notification Sent"),
];

/// How many different events of that type were published. A redelivery has the same id.
fn distinct(world: &World, detail_type: &str) -> f64 {
    let events = world.events_of(detail_type);
    let ids = events.iter().map(|event| event["detail"]["metadata"]["eventId"].to_string());
    f64::from(u32::try_from(ids.collect::<BTreeSet<_>>().len()).unwrap())
}

fn sum(lines: &[Line], name: &str) -> f64 {
    let fields = lines.iter().flat_map(|line| line.fields.split(' '));
    let of_name = |field: &str| field.strip_prefix(name)?.strip_prefix('=')?.parse::<f64>().ok();
    fields.filter_map(of_name).sum()
}

/// The lines of metrics. A function writes them before it responds, and they are read a little
/// later.
async fn lines(world: &World) -> Vec<Line> {
    world
        .until("a count of every event", || {
            let lines = world.stack().log_lines(Line::is_metrics);
            let counted = |(name, detail_type): &(&str, &str)| {
                sum(&lines, name) >= distinct(world, detail_type)
            };
            COUNTED.iter().all(counted).then_some(lines)
        })
        .await
}

pub(crate) async fn assert_every_event_is_counted_once(world: &World) -> Vec<Line> {
    let lines = lines(world).await;
    for (name, detail_type) in COUNTED {
        let (counted, published) = (sum(&lines, name), distinct(world, detail_type));
        let differ = (counted - published).abs() > 0.001;
        assert!(!differ, "{name}: {published} published, {counted} counted");
    }
    lines
}

/// What each invocation counts, as CloudWatch reads it in the log.
#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_counted_once() {
    let world = every_way_an_order_can_go().await;
    let lines = lines(&world).await;
    let sum = |name: &str| sum(&lines, name);
    for (name, detail_type) in COUNTED {
        let (counted, published) = (sum(name), distinct(&world, detail_type));
        assert!(
            (counted - published).abs() < 0.001,
            "{name}: {published} published, {counted} counted"
        );
    }
    assert!((sum("OrderAmount") - 8.0 * 99.99).abs() < 0.001, "{}", sum("OrderAmount"));
    assert!(sum("ColdStarts") >= 4.0);
    assert!(lines.iter().all(|line| line.trace_id.is_some() && line.request_id.is_some()));
    world.end_without_audit("the tour publishes refusals of a confirmed order").await;
}

/// With all ways of authorisation that know the canary, a customer is counted and the canary is not.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_canary_orders_is_not_counted() {
    const POOL: [(&str, &str); 2] =
        [("UserPoolId", "us-east-1_local"), ("UserPoolClientId", "shop")];
    for auth in ["NONE", "AWS_IAM", "JWT"] {
        let pool = POOL.into_iter().filter(|_| auth == "JWT");
        let world = World::with().parameter("ApiAuth", auth);
        let world = pool.fold(world, |world, (name, value)| world.parameter(name, value));
        let world = world.start().await;
        for customer in ["canary", "customer123"] {
            let authorization = authorization(&world, auth, customer);
            let headers: Vec<_> =
                authorization.iter().map(|text| ("authorization", text.as_str())).collect();
            let placed = world.post(&format!("/orders/{customer}"), "{}", &headers).await;
            assert_eq!(placed.status, 201, "{auth}: {:?}", placed.body);
            let is_marked = placed.order_id().starts_with("ord_canary-");
            assert_eq!(is_marked, customer == "canary", "{auth}");
        }
        world.settled().await;
        assert_eq!(world.events_of("Notification Sent").len(), 2, "both orders end");
        let lines = world
            .until("the customer's notification is counted", || {
                let lines = world.stack().log_lines(Line::is_metrics);
                (sum(&lines, "NotificationsSent") >= 1.0).then_some(lines)
            })
            .await;
        for name in ["OrdersCreated", "PaymentsProcessed", "Reservations", "NotificationsSent"] {
            let counted = sum(&lines, name);
            assert!((counted - 1.0).abs() < 0.001, "{auth}: {counted} {name}");
        }
        world.end().await;
    }
}

/// What `customer` sends to be let in.
fn authorization(world: &World, auth: &str, customer: &str) -> Option<String> {
    match auth {
        "AWS_IAM" => {
            let role = &world.stack().app().outputs["CustomerRoleArn"];
            let key = world.stack().access_key(role, customer, 60);
            let scope = "20261126/us-east-1/execute-api/aws4_request";
            Some(format!("AWS4-HMAC-SHA256 Credential={key}/{scope}"))
        }
        "JWT" => Some(world.stack().id_token(customer, "shop", 60).unwrap()),
        _ => None,
    }
}

/// Invocations that decide in the same millisecond do not both count what one of them recorded.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_deliveries_of_an_event_are_counted_once() {
    const ORDERS: usize = 10;
    const DELIVERIES: usize = 4;
    let world = World::start().await;
    let details: Vec<_> = (0..ORDERS).map(|order| created(&format!("ord_{order}"), 1)).collect();
    let deliveries = details.iter().flat_map(|detail| std::iter::repeat_n(detail, DELIVERIES));
    let deliveries =
        deliveries.map(|detail| world.publish("order.service", "Order Created", detail));
    join_all(deliveries).await;
    world.settled().await;
    let of_payments = |line: &Line| line.is_metrics() && line.function.ends_with("payment-service");
    let lines = world
        .until("a line of metrics for each delivery", || {
            let lines = world.stack().log_lines(of_payments);
            (lines.len() == ORDERS * DELIVERIES).then_some(lines)
        })
        .await;
    let counted = sum(&lines, "PaymentsProcessed");
    assert!((counted - 10.0).abs() < 0.001, "{counted} counted");
    world.end().await;
}

/// Makes the order one that is open for long: its history lacks the notification.
async fn forget_the_end(world: &World, order_id: &str) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let update = world
        .dynamodb
        .update_item()
        .table_name("distributed-tracing-demo-orders")
        .key("customerId", text("customer123"))
        .key("orderId", text(order_id))
        .update_expression("REMOVE notificationSent");
    update.send().await.unwrap();
    make_due(world, order_id).await;
}

/// The dashboard and the alarms use the names under which the services write their metrics.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_watched_is_what_is_counted() {
    let world = every_way_an_order_can_go().await;
    let mut counted = BTreeSet::new();
    let confirmed = world.events_of("Order Created").remove(0)["detail"]["orderId"].clone();
    forget_the_end(&world, confirmed.as_str().unwrap()).await;
    sweep(&world).await;
    world
        .until("a count of the order that is published again", || {
            let lines = world.stack().log_lines(Line::is_metrics);
            (sum(&lines, "OrdersRepublished") > 0.0).then_some(())
        })
        .await;
    for line in lines(&world).await {
        let service = line.function.replace("distributed-tracing-demo-", "");
        let fields = line.fields.split(' ').filter_map(|field| field.split_once('='));
        counted.extend(fields.map(|(name, _)| (name.to_owned(), service.clone())));
    }
    world.end_without_audit("the tour publishes refusals of a confirmed order").await;
    let template = fs::read_to_string(workspace().join("infra/watch.yaml")).unwrap();
    let (alarms, page) = template.split_once("DashboardBody: !Sub |").unwrap();
    let (page, _) = page.split_once("\nOutputs:").unwrap();
    let page: Value = serde_json::from_str(page).unwrap();
    let own = "${ProjectName}-${Environment}";
    let widgets = page["widgets"].as_array().unwrap().iter();
    let metrics = widgets.filter_map(|widget| widget["properties"]["metrics"].as_array()).flatten();
    let mut watched = BTreeSet::new();
    for metric in metrics.filter(|metric| metric[0] == own) {
        assert_eq!(metric[2], "Service");
        let text = |index: usize| metric[index].as_str().unwrap().to_owned();
        watched.insert((text(1), text(3)));
    }
    assert!(watched.len() > 15, "{watched:?}");
    let unknown: Vec<_> = watched.difference(&counted).collect();
    assert!(unknown.is_empty(), "on the dashboard and not written: {unknown:?}");
    let namespace = format!("Namespace: !Sub \"{own}\"\n");
    let alarms: Vec<_> = alarms.split(&namespace).skip(1).collect();
    let alarms = alarms.iter().map(|alarm| {
        let name = alarm.trim_start().lines().next().unwrap().replace("MetricName: ", "");
        let (_, service) = alarm.split_once("Name: Service, Value: ").unwrap();
        (name, service.split_once(' ').unwrap().0.to_owned())
    });
    let alarms: BTreeSet<_> = alarms.collect();
    assert_eq!(alarms.len(), 6, "{alarms:?}");
    let unknown: Vec<_> = alarms.difference(&counted).collect();
    assert!(unknown.is_empty(), "alarms on metrics that are not written: {unknown:?}");
}

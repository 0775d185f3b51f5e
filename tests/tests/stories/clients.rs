use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::{Response, World};
use http_body_util::Full;
use tokio::time::Instant;

use crate::order_history::get;

const ORDERS: &str = "/orders/customer123";

/// The customer's orders, as the API lists them.
async fn orders(world: &World) -> usize {
    get(world, ORDERS).await.body["orders"].as_array().unwrap().len()
}

/// Posts an order with a key that is no text.
async fn post_with_key(world: &World, key: &[u8]) -> u16 {
    let request = http::Request::post(format!("{}{ORDERS}", world.stack().api()))
        .header("idempotency-key", http::HeaderValue::from_bytes(key).unwrap())
        .body(Full::new("{}".into()))
        .unwrap();
    world.send(request).await.unwrap().status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_first_is_under_way_conflicts_and_is_answered_later() {
    let fault = "events:PutEvents/order-service=delay(1000)@1";
    let world = World::with().fault(fault).start().await;
    let key = [("idempotency-key", "impatient")];
    let (one, other) = tokio::join!(world.post(ORDERS, "{}", &key), world.post(ORDERS, "{}", &key));
    let (placed, conflict) = if one.status == 201 { (one, other) } else { (other, one) };
    assert_eq!((placed.status, conflict.status), (201, 409), "{:?}", conflict.body);
    assert_eq!(conflict.headers["retry-after"], "1");
    assert_eq!(conflict.headers["content-type"], "application/problem+json");
    let again = world.post(ORDERS, "{}", &key).await;
    assert_eq!((again.status, &again.body), (201, &placed.body));
    assert_eq!(again.headers["location"], placed.headers["location"]);
    assert_eq!(world.events_of("Order Created").len(), 1, "nothing is published again");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_at_most_255_printable_characters() {
    let world = World::start().await;
    // The last is what other bytes become where they are replaced.
    for key in [&[b'k'; 256][..], b"k\tk", "k\u{fc}".as_bytes(), "k\u{fffd}".as_bytes()] {
        assert_eq!(post_with_key(&world, key).await, 422, "{key:?}");
    }
    assert_eq!(orders(&world).await, 0);
    assert_eq!(post_with_key(&world, &[b'~'; 255]).await, 201);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_order_id_is_not_found_and_not_logged() {
    let world = World::start().await;
    let long = format!("ord_{}", "private".repeat(400));
    for id in [long.as_str(), "private", "ord_private%FF", "ord_%00private", "ord_private%20x"] {
        let found: Response = get(&world, &format!("{ORDERS}/{id}")).await;
        assert_eq!(found.status, 404, "{id}: {:?}", found.body);
    }
    let customer = format!("/orders/{}", "private".repeat(400));
    assert_eq!(get(&world, &customer).await.status, 404);
    let lines = world
        .stack()
        .log_lines(|line| line.message.contains("private") || line.fields.contains("private"));
    assert!(lines.is_empty(), "{lines:#?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_write_lost_every_answer_is_found_to_be_stored() {
    let fault = "dynamodb:PutItem/order-service=lost@3";
    let world = World::with().fault(fault).start().await;
    let placed = world.order("{}").await;
    assert_eq!(placed.status, 201, "{:?}", placed.body);
    assert_eq!(orders(&world).await, 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_refused_is_none_even_if_its_write_comes_later() {
    // The first write is given up after two seconds, and done after five.
    const LATE: Duration = Duration::from_secs(5);
    let world = World::with()
        .fault(&format!("dynamodb:PutItem/order-service=hang({})#1", LATE.as_millis()))
        .fault("dynamodb:PutItem/order-service=throttle#2")
        .fault("dynamodb:PutItem/order-service=throttle#3")
        .start()
        .await;
    let refused = world.order("{}").await;
    let late = Instant::now() + LATE;
    assert_eq!(refused.status, 503, "{:?}", refused.body);
    assert_eq!(refused.headers["retry-after"], "1");
    let place = the_only_item(&world).await;
    assert!(place.contains_key("withdrawnAt"), "its place is taken: {place:?}");
    tokio::time::sleep_until(late).await;
    assert_eq!(the_only_item(&world).await, place, "the late write is refused");
    let id = place["orderId"].as_s().unwrap();
    assert_eq!(get(&world, &format!("{ORDERS}/{id}")).await.status, 404);
    assert_eq!(orders(&world).await, 0);
    assert_eq!(world.events_of("Order Created").len(), 0);
    world.end().await;
}

async fn the_only_item(world: &World) -> HashMap<String, AttributeValue> {
    let scan = world.dynamodb.scan().table_name("distributed-tracing-demo-orders");
    let found = scan.send().await.unwrap();
    assert_eq!(found.count(), 1, "{found:?}");
    found.items()[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_may_be_stored_is_not_refused_unless_its_key_makes_that_safe() {
    let fault = "dynamodb/order-service=error@100%";
    let world = World::with().fault(fault).start().await;
    let unknown = world.order("{}").await;
    assert_eq!(unknown.status, 500, "{:?}", unknown.body);
    assert!(!unknown.headers.contains_key("retry-after"));
    let key = [("idempotency-key", "safe")];
    let refused = world.post(ORDERS, "{}", &key).await;
    assert_eq!(refused.status, 503, "{:?}", refused.body);
    assert_eq!(refused.headers["retry-after"], "1");
    world.stack().set_faults(Vec::new(), 0).unwrap();
    assert_eq!(world.post(ORDERS, "{}", &key).await.status, 201);
    assert_eq!(orders(&world).await, 1);
    world.end().await;
}

use aws_sdk_dynamodb::types::AttributeValue;
use e2e::World;
use futures_util::future::join_all;

/// Confirmed, declined, over the limit, and sooner or later out of stock.
const BODIES: [&str; 4] = [
    r#"{"productId": "hot", "quantity": 2}"#,
    r#"{"productId": "hot", "paymentMethod": "card_declined"}"#,
    r#"{"productId": "hot", "quantity": 60}"#,
    r#"{"productId": "rare", "quantity": 3}"#,
];

#[tokio::test(flavor = "multi_thread")]
async fn the_books_of_the_four_services_agree() {
    let world = World::with().parameter("InitialStock", "10").start().await;
    let orders = (0..32).map(|number| world.order(BODIES[number % BODIES.len()]));
    join_all(orders).await;
    world.notified(32).await;
    world.settled().await;
    assert_eq!(world.audit().await, []);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_breaks_a_law_is_named() {
    let world = World::start().await;
    let order = world.order(r#"{"productId": "p"}"#).await.order_id();
    world.notified(1).await;
    world.settled().await;
    // Somebody takes the reservation away, and a piece of the stock.
    let delete = world.dynamodb.delete_item().table_name("distributed-tracing-demo-inventory");
    let delete = delete.key("pk", AttributeValue::S(format!("order#{order}")));
    delete.key("sk", AttributeValue::S("reservation".to_owned())).send().await.unwrap();

    let violations = world.audit().await;
    let laws: Vec<_> = violations.iter().map(|each| (each.subject.as_str(), each.law)).collect();
    assert_eq!(
        laws,
        [
            (order.as_str(), "what is paid is set aside, and nothing else is"),
            (order.as_str(), "a reservation is decided in the end"),
            ("p in east-coast", "what is left and what is set aside is what there was"),
        ]
    );
    world.end_without_audit("the story takes a reservation away").await;
}

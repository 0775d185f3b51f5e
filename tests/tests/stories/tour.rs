use e2e::World;
use serde_json::{Value, json};

use crate::order_history::{get, make_due, sweep};

/// A world in which every event was published and every function did everything that it can do.
pub(crate) async fn every_way_an_order_can_go() -> World {
    let world = World::with().parameter("InitialStock", "5").start().await;
    // Confirmed, requested again with the same key, and looked up alone and in a list.
    let key = [("idempotency-key", "tour")];
    let confirmed = world.post("/orders/customer123", r#"{"productId": "p"}"#, &key).await;
    world.published("Notification Sent", 1).await;
    world.settled().await;
    let again = world.post("/orders/customer123", r#"{"productId": "p"}"#, &key).await;
    assert_eq!(again.order_id(), confirmed.order_id());
    let location = confirmed.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(get(&world, &location).await.status, 200);
    assert_eq!(
        get(&world, "/orders/customer123").await.body["orders"].as_array().unwrap().len(),
        1
    );
    // Not paid, and out of stock.
    world.order(r#"{"productId": "q", "paymentMethod": "card_declined"}"#).await;
    world.order(r#"{"productId": "r", "quantity": 6}"#).await;
    world.notified(3).await;
    world.settled().await;
    // The refusals come after the other service has done its part, ...
    for refusal in ["Payment Failed", "Inventory Insufficient"] {
        publish_again(&world, refusal, &confirmed.order_id()).await;
    }
    world.published("Payment Refunded", 1).await;
    world.published("Inventory Released", 1).await;
    // ... and before.
    for refusal in ["Payment Failed", "Inventory Insufficient"] {
        let never_seen = format!("ord_{}", refusal.to_lowercase().replace(' ', "_"));
        publish_again(&world, refusal, &never_seen).await;
    }
    world.settled().await;
    // An order that is open for long.
    make_due(&world, &confirmed.order_id()).await;
    sweep(&world).await;
    world.settled().await;
    let letters = world.stack().dead_letters();
    assert!(letters.is_empty(), "{letters:#?}");
    world
}

/// Publishes a refusal of one order for another order too.
async fn publish_again(world: &World, detail_type: &str, order_id: &str) {
    let event = world.events_of(detail_type).remove(0);
    let mut detail: Value = event["detail"].clone();
    detail["orderId"] = json!(order_id);
    world.publish(event["source"].as_str().unwrap(), detail_type, &detail).await;
    world.settled().await;
}

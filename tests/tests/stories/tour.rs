use e2e::World;
use serde_json::{Value, json};

/// A world in which every event was told and everything was done that the services ever do.
pub(crate) async fn every_way_an_order_can_go() -> World {
    let world = World::with().parameter("InitialStock", "5").start().await;
    // Confirmed, asked for again with the same key, and looked up.
    let key = [("idempotency-key", "tour")];
    let confirmed = world.post("/orders/customer123", r#"{"productId": "p"}"#, &key).await;
    world.told("Notification Sent", 1).await;
    world.settled().await;
    let again = world.post("/orders/customer123", r#"{"productId": "p"}"#, &key).await;
    assert_eq!(again.order_id(), confirmed.order_id());
    let location = confirmed.headers["location"].to_str().unwrap().to_owned();
    let url = format!("{}{location}", world.stack().api());
    assert_eq!(world.request("GET", &url, "", &[]).await.status, 200);
    // Not paid, and out of stock.
    world.order(r#"{"productId": "q", "paymentMethod": "card_declined"}"#).await;
    world.order(r#"{"productId": "r", "quantity": 6}"#).await;
    world.notified(3).await;
    world.settled().await;
    // The refusals come after the other service has done its part, ...
    for refusal in ["Payment Failed", "Inventory Insufficient"] {
        tell_again(&world, refusal, &confirmed.order_id()).await;
    }
    world.told("Payment Refunded", 1).await;
    world.told("Inventory Released", 1).await;
    // ... and before.
    for refusal in ["Payment Failed", "Inventory Insufficient"] {
        let never_seen = format!("ord_{}", refusal.to_lowercase().replace(' ', "_"));
        tell_again(&world, refusal, &never_seen).await;
    }
    world.settled().await;
    let letters = world.stack().dead_letters();
    assert!(letters.is_empty(), "{letters:#?}");
    world
}

/// Tells a refusal that was told of one order of another one too.
async fn tell_again(world: &World, detail_type: &str, order_id: &str) {
    let event = world.events_of(detail_type).remove(0);
    let mut detail: Value = event["detail"].clone();
    detail["orderId"] = json!(order_id);
    world.tell(event["source"].as_str().unwrap(), detail_type, &detail).await;
    world.settled().await;
}

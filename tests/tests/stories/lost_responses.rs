use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use e2e::World;
use tempfile::TempDir;

use crate::{
    metrics::assert_every_event_is_counted_once,
    proxy::{Aws, Interference, Proxy, Request, Response},
};

const FUNCTIONS: [(&str, &str); 4] = [
    ("OrderService", "order-service"),
    ("PaymentService", "payment-service"),
    ("InventoryService", "inventory-service"),
    ("NotificationService", "notification-service"),
];

/// DynamoDB writes, the response is lost, the SDK writes again: it meets its own write, and not
/// another invocation's.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_response_to_every_write_changes_nothing() {
    let losses = Losses::default();
    let proxy = Proxy::start(losses.clone()).await;
    let folder = TempDir::new().unwrap();
    let mut builder = World::with().parameter("InitialStock", "5");
    for (function, binary) in FUNCTIONS {
        builder = builder.bootstrap(function, proxy.wrapper(folder.path(), binary));
    }
    let world = builder.start().await;
    proxy.is_before(world.stack().aws());

    for body in [
        r#"{"productId": "p"}"#,
        r#"{"productId": "q", "paymentMethod": "card_declined"}"#,
        r#"{"productId": "r", "quantity": 6}"#,
    ] {
        let response = world.order(body).await;
        assert_eq!(response.status, 201, "{:?}", response.body);
    }
    let mut outcomes: Vec<_> =
        world.notified(3).await.iter().map(|sent| sent.attributes["outcome"].shown()).collect();
    world.settled().await;
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["confirmed", "out_of_stock", "payment_failed"]);
    assert_eq!(world.notified(3).await.len(), 3, "each customer is notified once");
    let letters = world.stack().dead_letters();
    assert!(letters.is_empty(), "{letters:#?}");
    assert_every_event_is_counted_once(&world).await;
    // Each order is stored, paid, reserved and notified in at least six writes.
    let lost = losses.lost.lock().unwrap().len();
    assert!(lost >= 18, "{lost} responses are lost");
    world.end().await;
}

/// The response to the first attempt of every write to DynamoDB is lost.
#[derive(Clone, Default)]
struct Losses {
    /// The requests whose response is lost. A retry has the same body.
    lost: Arc<Mutex<HashSet<Vec<u8>>>>,
}

impl Interference for Losses {
    async fn respond(&self, operation: &str, request: Request, aws: &Aws) -> Option<Response> {
        let is_write = ["PutItem", "UpdateItem", "TransactWriteItems"].contains(&operation);
        let body = request.body().to_vec();
        let response = aws.forward(request).await;
        let is_lost = is_write && self.lost.lock().unwrap().insert(body);
        (!is_lost).then_some(response)
    }
}

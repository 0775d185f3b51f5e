use e2e::{World, scope};
use serde_json::json;

use crate::metrics::assert_every_event_is_counted_once;

const ORDER: &str = r#"{"productId": "p"}"#;

/// How often a kind was injected.
fn injected(world: &World, kind: &str) -> u64 {
    world.stack().injected_faults().get(kind).copied().unwrap_or_default()
}

/// Places an order that meets `fault`, and expects it to end well all the same.
async fn confirmed_in_spite_of(fault: &str) -> World {
    let world = World::with().fault(fault).start().await;
    let response = world.order(ORDER).await;
    assert_eq!(response.status, 201, "{fault}: {:?}", response.body);
    let sent = world.notified(1).await;
    assert_eq!(sent[0].attributes["outcome"], "confirmed", "{fault}");
    world.settled().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_the_sdk_retries_is_seen_in_the_trace_and_changes_nothing() {
    for (fault, kind) in [
        ("dynamodb:PutItem/payment-service=throttle@1", "throttle"),
        ("events:PutEvents/order-service=error@1", "error"),
        ("dynamodb/order-service=reset#1", "reset"),
        ("dynamodb:PutItem/payment-service=lost@1", "lost"),
        ("dynamodb/InventoryService=hang(20)@1", "hang"),
        ("sns:Publish=delay(20)@1", "delay"),
        ("events:PutEvents/order-service=partial@1", "partial"),
    ] {
        let world = confirmed_in_spite_of(fault).await;
        assert_eq!(injected(&world, kind), 1, "{fault}");
        assert_eq!(world.notified(1).await.len(), 1, "{fault}");
        assert!(world.stack().dead_letters().is_empty(), "{fault}");
        assert_every_event_is_counted_once(&world).await;
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_a_crash_and_its_event_is_retried() {
    for fault in [
        "dynamodb/payment-service=kill-before@1",
        "dynamodb/payment-service=kill-after@1",
        "events:PutEvents/inventory-service=kill-after@1",
    ] {
        let world = confirmed_in_spite_of(fault).await;
        let crashes =
            world.stack().log_lines(|line| line.message.contains("Runtime.ExitError")).len();
        assert_eq!(crashes, 1, "{fault}");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_reach_the_consumers_and_notify_once() {
    for fault in ["events:PutEvents=duplicate@100%", "lambda:Invoke=duplicate@100%"] {
        let world = confirmed_in_spite_of(fault).await;
        assert!(injected(&world, "duplicate") > 1, "{fault}");
        assert_eq!(world.notified(1).await.len(), 1, "{fault}");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_itself_meets_faults() {
    let world = World::with().fault("apigateway:POST=throttle@1").start().await;
    let response = world.order(ORDER).await;
    assert_eq!((response.status, &response.body["title"]), (429, &json!("THROTTLED")));
    assert_eq!(world.order(ORDER).await.status, 201);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_changed_while_it_runs() {
    let world = World::start().await;
    let url = format!("{}/console/faults", world.stack().aws());
    let (name, scope) = scope("local");
    let signed = [(name, scope.as_str())];
    let faults = json!({ "faults": ["apigateway=error@100%"], "seed": 7 });
    let set = world.request("PUT", &url, faults.to_string(), &signed).await;
    assert_eq!(set.status, 200, "{:?}", set.body);
    assert_eq!(world.order(ORDER).await.status, 500);
    let shown = world.request("GET", &url, "", &[]).await;
    assert_eq!(
        shown.body,
        json!({ "faults": ["apigateway=error@100%"], "seed": 7, "injected": { "error": 1 } })
    );
    for (body, reason) in [
        ("{}", "the body has to be"),
        (r#"{"faults": ["events=boom@1"]}"#, "no kind `boom`"),
        (r#"{"faults": ["events/nobody=error@1"]}"#, "order-service"),
    ] {
        let refused = world.request("PUT", &url, body, &signed).await;
        assert_eq!(refused.status, 400);
        let message = refused.body["message"].as_str().unwrap();
        assert!(message.contains(reason), "{message}");
    }
    let unchanged = world.request("GET", &url, "", &[]).await;
    assert_eq!(unchanged.body["seed"], 7);
    world.stack().set_faults(Vec::new(), 0).unwrap();
    assert_eq!(world.order(ORDER).await.status, 201);
    world.end().await;
}

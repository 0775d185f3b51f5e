use std::path::Path;

use e2e::{Part, Seen, World};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use local::processor::Processor;
use serde_json::{Value, json};

use crate::idempotency::created;

/// A processor as a process of its own, and a world that charges there.
async fn world() -> (Processor, World) {
    world_with("Watch", "true").await
}

/// The same with another value of a parameter.
pub(crate) async fn world_with(parameter: &str, value: &str) -> (Processor, World) {
    // A world builds all binaries, so this one comes first.
    World::start().await.end().await;
    let local = Path::new(env!("CARGO_BIN_EXE_faulty")).with_file_name("local");
    let processor = Processor::start(&local).await.unwrap();
    let world = World::with().parameter("ProcessorUrl", processor.url());
    (processor, world.parameter(parameter, value).start().await)
}

/// What the processor was asked for under an order's id.
pub(crate) async fn charge(processor: &Processor, order: &str) -> Value {
    let listed: Value = serde_json::from_str(&charges(processor).await).unwrap();
    let charges = listed["charges"].as_array().unwrap();
    let of_order: Vec<_> = charges.iter().filter(|charge| charge["key"] == order).collect();
    assert_eq!(of_order.len(), 1, "one key, one charge: {listed}");
    of_order[0].clone()
}

/// The call of the processor. The segment that X-Ray infers from it has the same name.
fn call(seen: &Seen) -> Option<&Part> {
    seen.named("localhost").find(|part| !part.is_segment)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_processor_is_a_third_party_on_the_map_and_charges_once() {
    let (processor, world) = world().await;
    for (method, requests, outcome) in [
        ("card_ok", 1, "confirmed"),
        ("card_slow", 1, "confirmed"),
        ("card_declined", 1, "payment_failed"),
        // No answer, and an error after the work was done: asked again with the same key.
        ("card_timeout", 2, "confirmed"),
        ("card_twice", 2, "confirmed"),
    ] {
        let body = json!({ "productId": method, "paymentMethod": method });
        let response = world.order(&body.to_string()).await;
        assert_eq!(response.status, 201, "{method}");
        let order = response.order_id();
        world
            .until("the notification", || {
                let sent = world.stack().notifications();
                let sent = sent.iter().find(|sent| sent.attributes["orderId"] == order.as_str())?;
                assert_eq!(sent.attributes["outcome"], outcome, "{method}");
                Some(())
            })
            .await;
        let charge = charge(&processor, &order).await;
        assert_eq!(charge["requests"], requests, "{method}: {charge}");
        assert_eq!(charge["isRefunded"], false, "{method}: {charge}");

        let trace = world
            .trace(&response.trace_id(), |seen| call(seen).is_some() && seen.orphans().is_empty())
            .await;
        let call = call(&trace).unwrap();
        assert_eq!(call.document["namespace"], "remote", "{method}");
        assert!(!call.is("fault"), "{method}: {call:#?}");
        let url = call.document["http"]["request"]["url"].as_str().unwrap();
        assert_eq!(url, format!("{}/charges", processor.url()), "{method}");
        // The call's own id went with the request.
        let header = charge["trace"].as_str().unwrap();
        assert!(header.contains(&format!("Parent={}", call.id)), "{method}: {header}");
        assert!(header.contains(&format!("Root={}", trace.id)), "{method}: {header}");
        let edges = world.edges(&response.trace_id()).await;
        let edge = "payment-service (AWS::Lambda::Function) -> localhost (remote)";
        assert!(edges.iter().any(|found| found == edge), "{method}: {edges:#?}");
    }
    world.settled().await;
    assert_eq!(world.audit().await, []);
    let letters = world.stack().dead_letters();
    assert!(letters.is_empty(), "{letters:#?}");
    world.end().await;
}

/// The stock-out is handled while the processor is asked: whoever charges sees it when recording the verdict.
#[tokio::test(flavor = "multi_thread")]
async fn a_stock_out_at_any_moment_leaves_no_charge() {
    let (processor, world) = world().await;
    for (order, is_known_before, waits_for) in [
        ("ord_before", true, "Payment Cancelled"),
        ("ord_while", false, ""),
        ("ord_after", false, "Payment Processed"),
    ] {
        let mut created = created(order, 1);
        created["paymentMethod"] = "card_slow".into();
        let shortage = json!({
            "orderId": order, "customerId": "c", "productId": "p", "reservationId": "res_1",
            "quantity": 1, "availableQuantity": 0, "metadata": created["metadata"],
        });
        let events = [
            ("inventory.service", "Inventory Insufficient", &shortage),
            ("order.service", "Order Created", &created),
        ];
        let [first, second] = if is_known_before { events } else { [events[1], events[0]] };
        world.publish(first.0, first.1, first.2).await;
        if waits_for.is_empty() {
            // The money is moved, the answer is on its way.
            while !charges(&processor).await.contains(order) {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        } else {
            world.until(waits_for, || about(&world, waits_for, order)).await;
        }
        world.publish(second.0, second.1, second.2).await;
        world.settled().await;
        if is_known_before {
            assert!(!charges(&processor).await.contains(order), "it is never asked");
            assert!(about(&world, "Payment Processed", order).is_none());
        } else {
            let charge = charge(&processor, order).await;
            assert_eq!(charge["isRefunded"], true, "{order}: {charge}");
            assert_eq!(charge["requests"], 1, "{order}: {charge}");
            about(&world, "Payment Refunded", order).expect("the refund is published");
        }
    }
    let letters = world.stack().dead_letters();
    assert!(letters.is_empty(), "{letters:#?}");
    world.end().await;
}

/// Everything that the processor was asked for, as text.
async fn charges(processor: &Processor) -> String {
    let http: Client<_, Full<bytes::Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let url = format!("{}/charges", processor.url()).parse().unwrap();
    let body = http.get(url).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

fn about(world: &World, detail_type: &str, order: &str) -> Option<()> {
    let mut events = world.events_of(detail_type).into_iter();
    events.find(|event| event["detail"]["orderId"] == order).map(drop)
}

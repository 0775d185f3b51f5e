use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use e2e::World;
use serde_json::{Value, json};

use crate::aws_apis::call;

#[tokio::test(flavor = "multi_thread")]
async fn put_events_responds_entry_by_entry() {
    let world = World::start().await;
    let entry = |source: &str, detail: &str, bus: &str| {
        PutEventsRequestEntry::builder()
            .source(source)
            .detail_type("Something")
            .detail(detail)
            .event_bus_name(bus)
            .build()
    };
    let response = world
        .events
        .put_events()
        .entries(entry("shop", "{}", "distributed-tracing-demo"))
        .entries(entry("shop", "not json", "default"))
        .entries(entry("shop", "[]", "default"))
        .entries(entry("aws.ec2", "{}", "default"))
        .entries(entry("shop", "{}", "nowhere"))
        .entries(entry("", "{}", "default"))
        .entries(entry(
            "shop",
            "{}",
            "arn:aws:events:us-east-1:000000000000:event-bus/distributed-tracing-demo",
        ))
        .send()
        .await
        .unwrap();
    let codes: Vec<_> =
        response.entries().iter().map(|entry| entry.error_code().unwrap_or("")).collect();
    let expected = [
        "",
        "MalformedDetail",
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        // A bus that does not exist takes an event and drops it.
        "",
        "InvalidArgument",
        "",
    ];
    assert_eq!(codes, expected);
    assert_eq!(response.failed_entry_count(), 4);
    assert_eq!(world.stack().events(|record| record.bus == "nowhere").len(), 0);
    assert!(response.entries()[0].event_id().is_some());

    for entries in [0, 11] {
        let entries = (0..entries).map(|_| entry("shop", "{}", "default")).collect();
        let refused =
            world.events.put_events().set_entries(Some(entries)).send().await.unwrap_err();
        assert!(format!("{refused:?}").contains("ValidationException"), "{refused:?}");
    }
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(1024 * 1024));
    let refused = world.events.put_events().entries(entry("shop", &large, "default")).send().await;
    assert!(format!("{refused:?}").contains("over the limit"), "{refused:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entrys_own_trace_header_wins_over_the_requests() {
    let world = World::start().await;
    let root = |digit: char| format!("1-5759e988-{}", digit.to_string().repeat(24));
    let header = |digit| format!("Root={};Parent=53995c3f42cd8ad8;Sampled=0", root(digit));
    let detail = json!({ "orderId": "o" }).to_string();
    let entry = |trace: Option<String>| json!({ "Source": "shop", "DetailType": "D", "Detail": detail, "TraceHeader": trace });
    let entries = [entry(Some(header('a'))), entry(None), entry(Some("nonsense".to_owned()))];
    let body = json!({ "Entries": entries }).to_string();
    let http = header('b');
    let headers = [("x-amz-target", "AWSEvents.PutEvents"), ("x-amzn-trace-id", &http)];
    let response = world.aws("events", "/", body, &headers).await;
    assert_eq!(response.body["FailedEntryCount"], 0, "an invalid header is dropped");
    let records = world.stack().events(|_| true);
    let traces: Vec<_> = records.iter().map(|record| record.trace_id.clone()).collect();
    assert_eq!(traces, [Some(root('a')), Some(root('b')), None]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_can_be_tested() {
    let world = World::start().await;
    let event = json!({
        "id": "1", "account": "0", "source": "order.service", "time": "2026-11-22T12:00:00Z",
        "region": "us-east-1", "resources": [], "detail-type": "Order Created", "detail": { "amount": 5 },
    });
    let test = |pattern: Value, event: Value| {
        let query = world.events.test_event_pattern().event(event.to_string());
        query.event_pattern(pattern.to_string()).send()
    };
    for (pattern, result) in [
        (json!({ "source": ["order.service"] }), true),
        (json!({ "detail": { "amount": [{ "numeric": [">", 5] }] } }), false),
    ] {
        assert_eq!(test(pattern, event.clone()).await.unwrap().result(), result);
    }
    let refused = test(json!({ "source": "order.service" }), event.clone()).await.unwrap_err();
    let refused = refused.into_service_error();
    assert!(refused.is_invalid_event_pattern_exception(), "{refused:?}");
    assert!(test(json!({ "source": ["x"] }), json!({ "source": "x" })).await.is_err());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_keep_their_notation_from_the_bus_to_a_dead_letter() {
    let world = World::start().await;
    let detail = r#"{"sum":1e+26,"exact":12345678901234567890.10,"orderId":"o"}"#;
    let entry = json!({
        "Source": "order.service", "DetailType": "Order Created", "Detail": detail,
        "EventBusName": "distributed-tracing-demo",
    });
    let body = json!({ "Entries": [entry] }).to_string();
    let response = call(&world, "events", "AWSEvents.PutEvents", "/", &body).await;
    assert_eq!(response.body["FailedEntryCount"], 0);
    world.settled().await;
    let letters = world.stack().dead_letters();
    assert!(letters.len() >= 2, "no service takes this for an order: {letters:#?}");
    for letter in letters {
        assert!(letter.body.text().contains(detail), "{letter:?}");
    }
    world.end().await;
}

use std::collections::{BTreeMap, BTreeSet};

use e2e::{World, topology};
use serde_json::{Value, json};

/// A confirmed order, with spans in the given format: what the map shows, and the names of annotations and
/// metadata by subsegment.
async fn confirmed(format: &str) -> (Vec<String>, BTreeMap<String, BTreeSet<String>>) {
    let world = World::with().parameter("TracesExporter", format).start().await;
    let response = world.order(r#"{"productId": "12345", "quantity": 2}"#).await;
    world.published("Notification Sent", 1).await;
    world.settled().await;
    let complete = |seen: &e2e::Seen| {
        seen.runs() == 8 && seen.named("Events").count() == 8 && seen.orphans().is_empty()
    };
    let trace = world.trace(&response.trace_id(), complete).await;
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for part in trace.parts.iter().filter(|part| !part.is_segment) {
        let document = &part.document;
        let annotations = document["annotations"].as_object().into_iter().flatten();
        let metadata = document["metadata"]["default"].as_object().into_iter().flatten();
        let own = annotations.chain(metadata).map(|(name, _)| name.clone());
        names.entry(part.name.clone()).or_default().extend(own);
    }
    let edges = world.edges(&trace.id).await;
    world.end().await;
    (edges, names)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_looks_the_same_in_opentelemetrys_format() {
    let (edges, names) = confirmed("xray").await;
    let (otlp_edges, otlp_names) = confirmed("otlp-udp").await;
    assert_eq!(edges, topology().edges);
    assert_eq!(otlp_edges, edges);
    assert!(names["process_order"].contains("order_id"), "{names:#?}");
    for (part, names) in names {
        let missing: Vec<_> = names.difference(&otlp_names[&part]).collect();
        assert!(missing.is_empty(), "{part} lacks {missing:?}: {otlp_names:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_over_http_become_a_trace() {
    let world = World::start().await;
    let now = world.last_hour().1.secs();
    let span = |id: &str, parent: &str, kind: u8, attributes: Value| {
        json!({
            "traceId": format!("{now:08x}bd862e3fe1be46a994272793"), "spanId": id, "parentSpanId": parent,
            "name": "GET /", "kind": kind, "startTimeUnixNano": format!("{now}000000000"),
            "endTimeUnixNano": format!("{now}500000000"), "attributes": attributes,
        })
    };
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let spans = json!({ "resourceSpans": [{
        "resource": { "attributes": [text("service.name", "shop")] },
        "scopeSpans": [{ "spans": [
            span("00000000000000a1", "", 2, json!([])),
            span("00000000000000a2", "00000000000000a1", 3, json!([
                text("rpc.system", "aws-api"), text("rpc.service", "DynamoDB"), text("rpc.method", "GetItem"),
                text("aws.table_name", "orders"),
            ])),
        ] }],
    }] });
    let url = format!("{}/v1/traces", world.stack().aws());
    let kind = [("content-type", "application/json")];
    let response = world.request("POST", &url, spans.to_string(), &kind).await;
    assert_eq!(response.status, 200, "{:?}", response.body);
    let id = format!("1-{now:08x}-bd862e3fe1be46a994272793");
    world.trace(&id, |seen| seen.named("DynamoDB").count() > 0).await;
    let edges = world.edges(&id).await;
    assert_eq!(edges, ["shop () -> orders (AWS::DynamoDB::Table)", "shop (client) -> shop ()"]);
    world.end().await;
}

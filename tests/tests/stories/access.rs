use e2e::World;
use serde_json::json;

/// A page whose name was made to resolve to 127.0.0.1 sends its own name as `Host`.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebound_name_reads_no_table_and_places_no_order() {
    let world = World::start().await;
    let (api, aws) = (world.stack().api(), world.stack().aws());
    let scan = json!({ "TableName": "distributed-tracing-demo-payments" }).to_string();
    let target = ("x-amz-target", "DynamoDB_20120810.Scan");
    let order = format!("{api}/orders/customer123");
    let rebound = ("host", "rebound.example");
    for (method, url, body) in
        [("POST", &aws, scan.as_str()), ("GET", &aws, ""), ("POST", &order, "{}")]
    {
        let response = world.request(method, url, body, &[rebound, target]).await;
        assert_eq!(response.status, 421, "{method} {url}: {:?}", response.body);
    }
    let foreign = ("origin", "https://evil.example");
    for (url, body) in [(&aws, scan.as_str()), (&order, "{}")] {
        let response = world.request("POST", url, body, &[foreign, target]).await;
        assert_eq!(response.status, 403, "{url}: {:?}", response.body);
    }
    let fault = r#"{"faults": ["events=error@100%"]}"#;
    let url = format!("{aws}/console/faults");
    assert_eq!(world.request("PUT", &url, fault, &[]).await.status, 403);
    // A client that is no browser is served without a signature, by a service that needs none.
    let segments = r#"{"TraceSegmentDocuments": ["{}"]}"#;
    let unsigned = world.request("POST", &format!("{aws}/TraceSegments"), segments, &[]).await;
    assert_eq!(unsigned.status, 200, "{:?}", unsigned.body);
    world.settled().await;
    assert!(world.events_of("Order Created").is_empty());
    world.end().await;
}

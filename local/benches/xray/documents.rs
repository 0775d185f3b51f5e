use std::sync::LazyLock;

use serde_json::{Value, json};

/// Of the traces that are made here: how many documents each has.
pub(crate) const DOCUMENTS: usize = 5;

/// The documents of one trace as they go over the wire: a stage, Lambda's two segments, the function's own
/// subsegment, and a call of a table, which X-Ray infers a segment from.
pub(crate) fn trace(number: u64, began: f64) -> [String; DOCUMENTS] {
    let trace = trace_id(number, began);
    let id = |document: u64| format!("{:016x}", number * 16 + document);
    // Latencies of an ordinary service, and every fiftieth request fails.
    #[expect(clippy::cast_precision_loss, reason = "it is less than a second")]
    let latency = 0.004 + (number.wrapping_mul(2_654_435_761) % 997) as f64 / 4000.0;
    let failed = number.is_multiple_of(50);
    let (end, done) = (began + latency, began + latency * 0.75);
    let status = if failed { 503 } else { 201 };
    let service = ["order", "payment", "inventory", "notification"][(number % 4) as usize];
    let mut handler = json!({
        "trace_id": trace, "id": id(3), "parent_id": id(2), "type": "subsegment", "name": format!("process_{service}"),
        "start_time": began + 0.002, "end_time": done, "namespace": "local",
        "annotations": { "order_id": format!("ord_{number:08}"), "service_name": service, "order_amount": 99.99, "cold_start": false },
        "metadata": { "default": { "code.line": 81, "thread": "main" } },
    });
    if failed {
        handler["fault"] = true.into();
        handler["cause"] = json!({ "exceptions": [{ "id": id(9), "type": "Unavailable", "message": "the table is unavailable" }] });
    }
    [
        json!({
            "trace_id": trace, "id": id(0), "name": "shop/prod", "origin": "AWS::ApiGateway::Stage", "start_time": began, "end_time": end,
            "http": { "request": { "method": "POST", "url": format!("https://shop.example/orders/customer{}", number % 1000), "user_agent": "curl/8.5.0", "client_ip": "127.0.0.1" }, "response": { "status": status, "content_length": 0 } },
        }),
        json!({ "trace_id": trace, "id": id(1), "parent_id": id(0), "name": service, "origin": "AWS::Lambda", "start_time": began + 0.001, "end_time": end, "http": { "response": { "status": 200 } } }),
        json!({
            "trace_id": trace, "id": id(2), "parent_id": id(1), "name": service, "origin": "AWS::Lambda::Function", "start_time": began + 0.0015, "end_time": done,
            "aws": { "account_id": "000000000000", "function_arn": format!("arn:aws:lambda:us-east-1:000000000000:function:{service}"), "resource_names": [service] },
        }),
        handler,
        json!({
            "trace_id": trace, "id": id(4), "parent_id": id(3), "type": "subsegment", "name": "DynamoDB", "namespace": "aws", "start_time": began + 0.0025, "end_time": began + 0.0035,
            "aws": { "operation": "PutItem", "table_name": format!("{service}-table"), "region": "us-east-1", "retries": 0, "request_id": format!("{number:032X}") },
            "http": { "response": { "status": if failed { 500 } else { 200 } } }, "fault": failed,
        }),
    ]
    .map(|document| document.to_string())
}

pub(crate) fn trace_id(number: u64, began: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is a time of now"
    )]
    let second = began as u32;
    format!("1-{second:08x}-{number:024x}")
}

/// The body of a `PutTraceSegments`.
pub(crate) fn put(documents: &[String]) -> String {
    let documents: Vec<Value> = documents.iter().map(|document| document.as_str().into()).collect();
    json!({ "TraceSegmentDocuments": documents }).to_string()
}

/// The documents of one order, recorded from the services of this repository: one a line, subsegments apart.
static ORDER: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let lines = include_str!("order.jsonl").lines();
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
});

/// The documents of an order that began at that time.
pub(crate) fn order(number: u64, began: f64) -> Vec<String> {
    let times = ORDER.iter().filter_map(|document| document["start_time"].as_f64());
    let shift = began - times.fold(f64::INFINITY, f64::min);
    let trace = trace_id(number, began);
    let documents = ORDER.iter().cloned().map(|mut document| {
        document["trace_id"] = trace.as_str().into();
        put_off(&mut document, shift);
        document.to_string()
    });
    documents.collect()
}

fn put_off(document: &mut Value, shift: f64) {
    for name in ["start_time", "end_time"] {
        if let Some(time) = document[name].as_f64() {
            document[name] = (time + shift).into();
        }
    }
}

/// How long and how costly expressions may be.
mod bounds;
/// Expressions and what they find.
mod expressions;
/// What always holds.
mod laws;
/// Why expressions are refused.
mod refusals;

use serde_json::{Value, json};

use super::*;
use crate::xray::Store;

/// Five traces: an order that crosses many services, one that ends with 404, one with 429, one that fails at an HTTP
/// call, and one that is in progress.
const TRACES: [&str; 5] = ["order", "missing", "throttled", "faulty", "running"];

fn documents(trace: &str) -> Vec<Value> {
    let http = |method: &str, path: &str, status: u32| {
        let url = format!("https://shop.example.com{path}");
        let request = json!({ "method": method, "url": url, "user_agent": "probe/1", "client_ip": "192.0.2.17" });
        json!({ "request": request, "response": { "status": status } })
    };
    let exception = json!({ "exceptions": [
        { "id": "00000000000000aa", "type": "Timeout", "message": "no answer: 5 s" },
        { "id": "00000000000000ab", "type": "IoError", "message": "closed" },
    ] });
    match trace {
        "order" => vec![
            json!({
                "id": 1, "name": "shop/prod", "origin": "AWS::ApiGateway::Stage", "start_time": 10, "end_time": 12,
                "http": http("POST", "/orders/1", 201), "user": "alice",
                "resource_arn": "arn:aws:apigateway:us-east-1::/restapis/a1/stages/prod",
                "aws": { "ec2": { "availability_zone": "us-east-1a", "instance_id": "i-1" } },
                "annotations": { "aws:api_id": "a1", "event.source": "shop" },
                "subsegments": [{ "id": 2, "name": "Lambda", "namespace": "aws", "start_time": 10.25, "end_time": 11.75 }],
            }),
            json!({ "id": 3, "parent_id": 2, "name": "order", "origin": "AWS::Lambda", "start_time": 10.25, "end_time": 11.75 }),
            json!({
                "id": 4, "parent_id": 3, "name": "order", "origin": "AWS::Lambda::Function", "start_time": 10.25,
                "end_time": 11.75, "aws": { "account_id": "123456789012" },
            }),
            json!({
                "id": 5, "parent_id": 4, "type": "subsegment", "name": "process", "start_time": 10.25, "end_time": 11.5,
                "annotations": { "order_id": "A-1", "items": 30, "gift": true, "quiet": false },
            }),
            json!({
                "id": 6, "parent_id": 5, "type": "subsegment", "name": "dynamodb", "namespace": "aws", "start_time": 10.5,
                "end_time": 10.75, "aws": { "operation": "PutItem", "table_name": "orders" }, "error": true, "throttle": true,
            }),
            json!({
                "id": 7, "parent_id": 5, "type": "subsegment", "name": "events", "namespace": "aws", "start_time": 11,
                "end_time": 11.25, "aws": { "operation": "PutEvents" },
            }),
            json!({ "id": 8, "parent_id": 7, "name": "pay", "origin": "AWS::Lambda", "start_time": 11.25, "end_time": 17, "user": "bob" }),
        ],
        "missing" => vec![json!({
            "id": 1, "name": "shop/prod", "origin": "AWS::ApiGateway::Stage", "start_time": 20, "end_time": 21,
            "http": http("GET", "/orders/2", 404), "error": true,
        })],
        "throttled" => vec![json!({
            "id": 1, "name": "shop/prod", "origin": "AWS::ApiGateway::Stage", "start_time": 30, "end_time": 30.5,
            "http": http("GET", "/orders/3", 429), "error": true, "throttle": true,
        })],
        "faulty" => vec![json!({
            "id": 1, "name": "web", "start_time": 40, "end_time": 44, "http": http("GET", "/slow", 500), "fault": true,
            "annotations": { "items": 3 },
            "subsegments": [{
                "id": 2, "name": "api.example.com", "namespace": "remote", "start_time": 40.5, "end_time": 43.5, "fault": true,
                "cause": exception,
            }],
        })],
        _ => vec![json!({
            "id": 1, "name": "web", "start_time": 50, "in_progress": true,
            "http": { "request": { "method": "GET" } },
        })],
    }
}

fn store() -> Store {
    let store = Store::new(10);
    for (number, trace) in TRACES.into_iter().enumerate() {
        for mut document in documents(trace) {
            document["trace_id"] = json!(format!("1-00000001-{number:024x}"));
            spell_ids(&mut document);
            store.put(&document.to_string()).unwrap();
        }
    }
    store
}

/// Numbers as ids, in all the subsegments too.
fn spell_ids(document: &mut Value) {
    for name in ["id", "parent_id"] {
        if let Some(id) = document[name].as_u64() {
            document[name] = json!(format!("{id:016x}"));
        }
    }
    for subsegment in document["subsegments"].as_array_mut().into_iter().flatten() {
        spell_ids(subsegment);
    }
}

fn groups() -> Groups {
    let group = |name: &str, expression: &str| GroupFilter {
        name: name.to_owned(),
        arn: format!("arn:aws:xray:us-east-1:000000000000:group/{name}/1"),
        expression: expression.to_owned(),
    };
    Groups(vec![
        group("slow", "duration > 3"),
        group("nested", "group.name = \"slow\" AND !fault"),
        group("all", ""),
        group("circle", "group.name = \"circle\""),
        group("there", "ok OR group.name = \"back\""),
        group("back", "group.name = \"there\""),
        group("broken", "nonsense"),
    ])
}

fn found(store: &Store, expression: &str) -> Result<String, FilterError> {
    let filter = Filter::parse(expression, &groups())?;
    let matching = |number: &usize| {
        let found = store.find(&format!("1-00000001-{number:024x}")).unwrap();
        let matches = filter.matches(&found.trace(), &mut Work::default());
        // Where the outline says something, it says the same.
        let says = sketch::matches(&filter, &found.outline, &mut Work::default());
        assert_eq!(says.unwrap_or(matches), matches, "{expression} of {}", TRACES[*number]);
        assert_eq!(filter.finds(&found, &mut Work::default()), matches, "{expression}");
        matches
    };
    let names: Vec<_> = (0..TRACES.len()).filter(matching).map(|number| TRACES[number]).collect();
    Ok(names.join(" "))
}

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Graph, Store, summary::summary};

const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";

fn segment(id: u32, more: &Value) -> Value {
    let mut segment = json!({
        "id": format!("{id:016x}"), "trace_id": TRACE, "name": format!("n{id}"),
        "start_time": f64::from(id), "end_time": f64::from(id) + 0.25,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        segment[key] = value.clone();
    }
    segment
}

fn hex(id: u32) -> String {
    format!("{id:016x}")
}

/// An order as it comes over the wire: stage, Lambda's two segments, a call of the bus, a consumer that
/// fails at a throttled table.
fn order() -> Vec<Value> {
    vec![
        segment(
            1,
            &json!({
                "name": "shop/prod", "origin": "AWS::ApiGateway::Stage", "end_time": 2.0,
                "http": {"request": {"method": "POST", "url": "https://shop/orders/c"}, "response": {"status": 201}},
                "subsegments": [{ "id": hex(2), "name": "Lambda", "namespace": "aws", "start_time": 1.1, "end_time": 1.9 }],
            }),
        ),
        segment(3, &json!({ "name": "order", "origin": "AWS::Lambda", "parent_id": hex(2) })),
        segment(
            4,
            &json!({
                "name": "order", "origin": "AWS::Lambda::Function", "parent_id": hex(3),
                "aws": { "account_id": "123456789012" },
            }),
        ),
        segment(
            5,
            &json!({
                "type": "subsegment", "name": "process_order", "parent_id": hex(4),
                "annotations": { "order_id": "ord_1", "amount": 2.5, "gift": true },
            }),
        ),
        segment(
            6,
            &json!({
                "type": "subsegment", "name": "Events", "namespace": "aws", "parent_id": hex(5),
                "aws": { "operation": "PutEvents" },
            }),
        ),
        segment(7, &json!({ "name": "pay", "origin": "AWS::Lambda", "parent_id": hex(6) })),
        segment(
            8,
            &json!({ "type": "subsegment", "name": "Attempt #1", "parent_id": hex(7), "fault": true }),
        ),
        segment(
            9,
            &json!({
                "name": "pay", "origin": "AWS::Lambda::Function", "parent_id": hex(8), "fault": true,
                "cause": { "exceptions": [{ "id": hex(9), "type": "Broke", "message": "no money" }] },
            }),
        ),
        segment(
            10,
            &json!({
                "type": "subsegment", "name": "DynamoDB", "namespace": "aws", "parent_id": hex(9),
                "aws": { "operation": "PutItem", "table_name": "payments" }, "error": true, "throttle": true,
            }),
        ),
    ]
}

fn store(documents: impl IntoIterator<Item = Value>) -> Store {
    let store = Store::new(10);
    for document in documents {
        store.put(&document.to_string()).unwrap();
    }
    store
}

#[test]
fn the_graph_of_an_order() {
    let trace = store(order()).trace(TRACE).unwrap();
    insta::assert_json_snapshot!(Graph::of([trace.as_ref()]).services());
}

#[test]
fn the_documents_of_an_order() {
    let trace = store(order()).trace(TRACE).unwrap();
    let documents: Vec<_> = trace.documents().into_iter().map(|(_, document)| document).collect();
    insta::assert_json_snapshot!(documents);
}

#[test]
fn the_summary_of_an_order() {
    let trace = store(order()).trace(TRACE).unwrap();
    insta::assert_json_snapshot!(summary(&trace));
}

#[test]
fn several_traces_add_up() {
    let again = |mut document: Value| {
        document["trace_id"] = json!("1-5759e988-bd862e3fe1be46a994272794");
        document
    };
    let store = store(order().into_iter().chain(order().into_iter().map(again)));
    let traces = store.traces();
    let services = Graph::of(traces.iter().map(AsRef::as_ref)).services();
    for service in services.as_array().unwrap() {
        // Clients have statistics of their calls alone.
        if service["Type"] != "client" {
            assert_eq!(service["SummaryStatistics"]["TotalCount"], 2, "{service}");
        }
        for edge in service["Edges"].as_array().unwrap() {
            assert_eq!(edge["SummaryStatistics"]["TotalCount"], 2, "{edge}");
        }
    }
}

proptest! {
    /// The store's law: the order in which documents come, and how often, does not matter.
    #[test]
    fn any_order_makes_the_same_trace(order in Just(order()).prop_shuffle(), again in 0usize..9) {
        let expected = store(self::order()).trace(TRACE).unwrap();
        let twice = order[again % order.len()].clone();
        let trace = store(order.into_iter().chain([twice])).trace(TRACE).unwrap();
        prop_assert_eq!(trace.documents(), expected.documents());
        let services = |trace: &super::Trace| Graph::of([trace]).services();
        prop_assert_eq!(services(&trace), services(&expected));
    }

    /// Parents may be anything: themselves, each other, nobody. Everything stays in the trace once.
    #[test]
    fn no_web_of_parents_loses_or_doubles_a_document(
        parents in proptest::collection::vec((0u32..14, any::<bool>(), any::<bool>()), 1..14),
    ) {
        let documents = parents.iter().enumerate().map(|(id, (parent, subsegment, aws))| {
            let mut more = json!({ "parent_id": hex(*parent) });
            if *subsegment {
                more["type"] = json!("subsegment");
            }
            if *aws {
                more["namespace"] = json!("aws");
            }
            segment(u32::try_from(id).unwrap(), &more)
        });
        let trace = store(documents).trace(TRACE).unwrap();
        let mut ids = Vec::new();
        let mut open: Vec<_> = trace.documents().into_iter().map(|(_, document)| document).collect();
        while let Some(document) = open.pop() {
            open.extend(document["subsegments"].as_array().into_iter().flatten().cloned());
            if document["inferred"] != true {
                ids.push(document["id"].as_str().unwrap().to_owned());
            }
        }
        ids.sort();
        let expected: Vec<_> = (0..parents.len()).map(|id| hex(u32::try_from(id).unwrap())).collect();
        prop_assert_eq!(ids, expected);
        let _services = Graph::of([trace.as_ref()]).services();
    }
}

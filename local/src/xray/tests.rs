/// What a store keeps ready.
mod kept;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Graph, Kind, Store, service_id::ServiceId, summary::summary};

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

/// A trace that was exported has inferred segments, which come again.
#[test]
fn a_trace_that_is_imported_is_what_it_was() {
    let queue = segment(
        11,
        &json!({
            "type": "subsegment", "name": "SQS", "namespace": "aws", "parent_id": hex(9),
            "aws": { "operation": "SendMessage", "queue_url": "https://queue" },
        }),
    );
    let trace = store(order().into_iter().chain([queue])).trace(TRACE).unwrap();
    let copy = "1-5759e988-bd862e3fe1be46a994272795";
    for id in [TRACE, copy] {
        let exported = trace.documents().into_iter().map(|(_, mut document)| {
            document["trace_id"] = id.into();
            document
        });
        let imported = store(exported).trace(id).unwrap();
        let parts = |trace: &super::Trace| {
            let parent = |at: usize| trace.nodes[at].name().to_owned();
            let part = |node: &super::Node| {
                (node.name().to_owned(), node.kind, node.parent.map(parent), node.flags)
            };
            let mut parts: Vec<_> = trace.nodes.iter().map(part).collect();
            parts.sort_by(|(a, ..), (b, ..)| a.cmp(b));
            parts
        };
        assert_eq!(parts(&imported), parts(&trace), "{id}");
        let services = |trace: &super::Trace| Graph::of([trace]).services();
        assert_eq!(services(&imported), services(&trace), "{id}");
        if id == TRACE {
            assert_eq!(imported.documents(), trace.documents());
        }
    }
}

#[test]
fn the_summary_of_an_order() {
    let trace = store(order()).trace(TRACE).unwrap();
    insta::assert_json_snapshot!(summary(&trace));
}

/// Calls as SDKs send them, the origin of what answered, and the service that is inferred.
#[test]
fn calls_and_the_services_that_are_inferred_from_them() {
    let named = |member: &str| json!({ "operation": "Do", member: "mine" });
    for (name, namespace, aws, answer, inferred) in [
        ("DynamoDB", "aws", named("table_name"), None, "mine AWS::DynamoDB::Table"),
        ("dynamodb", "aws", named("table_name"), None, "mine AWS::DynamoDB::Table"),
        ("dynamodb", "aws", json!({ "table_name": "mine" }), None, "DynamoDB AWS::DynamoDB"),
        ("DynamoDB", "aws", json!({ "operation": "ListTables" }), None, "DynamoDB AWS::DynamoDB"),
        ("s3", "aws", named("bucket_name"), None, "mine AWS::S3::Bucket"),
        ("SQS", "aws", named("queue_url"), None, "mine AWS::SQS::Queue"),
        ("SNS", "aws", named("topic_arn"), None, "mine AWS::SNS"),
        ("Lambda", "aws", named("function_name"), None, "mine AWS::Lambda"),
        (
            "lambda",
            "aws",
            json!({ "operation": "Invoke", "function_name": "arn:aws:lambda:us-east-1:0:function:mine:1" }),
            None,
            "mine AWS::Lambda",
        ),
        ("events", "aws", named("x"), None, "Events AWS::Events"),
        ("EventBridge", "aws", named("x"), None, "EventBridge AWS::EventBridge"),
        ("Sfn", "aws", named("x"), None, "Sfn AWS::Sfn"),
        ("api.example.com", "remote", Value::Null, None, "api.example.com remote"),
        // Work within a service is no call.
        ("DynamoDB", "local", named("table_name"), None, ""),
        // What reports itself is not inferred.
        ("Lambda", "aws", named("function_name"), Some("AWS::Lambda"), ""),
        ("Lambda", "aws", named("function_name"), Some("AWS::Lambda::Function"), ""),
        ("StepFunctions", "aws", named("x"), Some("AWS::StepFunctions::StateMachine"), ""),
        ("Sfn", "aws", named("x"), Some("AWS::StepFunctions::StateMachine"), ""),
        ("sfn", "aws", named("x"), Some("AWS::StepFunctions::StateMachine"), ""),
        ("stepfunctions", "aws", named("x"), Some("AWS::StepFunctions::StateMachine"), ""),
        ("States", "aws", named("x"), Some("AWS::StepFunctions::StateMachine"), ""),
        (
            "stepfunctions",
            "aws",
            named("x"),
            Some("AWS::Lambda"),
            "stepfunctions AWS::stepfunctions",
        ),
        ("api.example.com", "remote", Value::Null, Some("AWS::ECS::Container"), ""),
        // Who consumes what a service passes on stands behind that service.
        ("Events", "aws", named("x"), Some("AWS::Lambda"), "Events AWS::Events"),
        ("Events", "aws", named("x"), Some("AWS::EventsV2"), "Events AWS::Events"),
    ] {
        let call = json!({
            "id": hex(2), "name": name, "namespace": namespace, "start_time": 1, "end_time": 1.25, "aws": aws,
        });
        let mut documents = vec![segment(1, &json!({ "subsegments": [call] }))];
        if let Some(origin) = answer {
            documents.push(segment(3, &json!({ "origin": origin, "parent_id": hex(2) })));
        }
        let trace = store(documents).trace(TRACE).unwrap();
        let found = trace.nodes.iter().find(|node| node.kind == Kind::Inferred);
        let found = found.map(ServiceId::of).map(|id| format!("{} {}", id.name, id.kind.unwrap()));
        assert_eq!(found.unwrap_or_default(), inferred, "{name} {aws} {answer:?}");
    }
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

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Graph, Kind, Snapshot, Store, Window, outline::Outline, service_id::ServiceId, summary::summary,
};

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

/// Documents of a few traces, more than blocks have: parents, calls, failures, annotations, links, some in progress.
fn mixed() -> impl Strategy<Value = Value> {
    (0u32..12, 0u32..9, 0u32..9, any::<[bool; 5]>(), 0u32..4).prop_map(
        |(trace, id, parent, [subsegment, aws, fault, running, linked], value)| {
            let name = |trace| format!("1-00000001-{trace:024x}");
            let mut document =
                segment(id, &json!({ "trace_id": name(trace), "annotations": { "key": value } }));
            if parent != id {
                document["parent_id"] = json!(hex(parent));
                if subsegment {
                    document["type"] = json!("subsegment");
                }
            }
            if aws {
                document["namespace"] = json!("aws");
                document["origin"] = json!("AWS::Lambda");
            }
            if fault {
                document["fault"] = json!(true);
            }
            if linked {
                document["metadata"] = json!({ "default": { "published_in_trace": name(value) } });
            }
            if running {
                document["in_progress"] = json!(true);
                document["end_time"] = Value::Null;
            }
            document
        },
    )
}

/// Windows that have all, some or none of them.
fn windows() -> Vec<Window> {
    let began = |start, end| Window::began_in(start..end);
    vec![began(0.0, 3.0), began(3.0, 9.0), Window::active_between(2.5, 4.0)]
}

/// The traces in a window, and the graph of them, which has to be that of their outlines.
fn part(all: &Snapshot, window: &Window) -> Value {
    let within = || all.within(window).map(|found| &*found.outline);
    let graph = all.graph(window).services();
    assert_eq!(graph, Graph::of_outlines(within()).services());
    json!({ "ids": within().map(Outline::id).collect::<Vec<_>>(), "graph": graph })
}

/// All that can be asked of a store.
fn everything(store: &Store) -> Value {
    let all = store.all();
    let traces = all.iter().map(|found| {
        let trace = found.trace();
        let links: Vec<_> = store.linked_from(&trace.id).iter().map(|from| from.id()).collect();
        let mut summary = summary(&trace);
        summary["Links"] = json!(links);
        summary["Documents"] =
            trace.documents().into_iter().map(|(_, document)| document).collect();
        summary
    });
    json!({
        "graph": all.graph(&Window::default()).services(),
        "parts": windows().iter().map(|window| part(&all, window)).collect::<Vec<_>>(),
        "traces": traces.collect::<Vec<_>>(),
    })
}

proptest! {
    /// Whatever was asked or settled in between, and in whatever order documents come, partly or again: the store
    /// answers what one answers that is asked for the first time, and its graph is that of the traces as they are.
    #[test]
    fn what_is_kept_ready_is_what_would_be_worked_out_now(
        steps in proptest::collection::vec((mixed(), 0u32..6), 1..60),
        limit in 1usize..9,
    ) {
        let (kept, fresh) = (Store::new(limit), Store::new(limit));
        for (document, step) in steps {
            for store in [&kept, &fresh] {
                let _accepted = store.put(&document.to_string());
            }
            match step {
                0 => drop(kept.settle(std::time::Duration::ZERO)),
                1 => drop(everything(&kept)),
                _ => {}
            }
        }
        prop_assert_eq!(everything(&kept), everything(&fresh));
        let traces = fresh.traces();
        let graph = Graph::of(traces.iter().map(AsRef::as_ref)).services();
        prop_assert_eq!(&everything(&kept)["graph"], &graph);
    }
}

/// Ways to causes that are not flagged all along.
mod gaps;

use serde_json::{Value, json};

use super::*;
use crate::xray::Store;

const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";

/// Segments of ten seconds, subsegments of `seconds`; ids are numbers.
fn assemble(documents: Vec<Value>) -> std::sync::Arc<Trace> {
    let store = Store::new(1);
    for mut document in documents {
        document["trace_id"] = json!(TRACE);
        complete(&mut document, 10.0);
        store.put(&document.to_string()).unwrap();
    }
    store.trace(TRACE).unwrap()
}

fn complete(document: &mut Value, seconds: f64) {
    for name in ["id", "parent_id"] {
        if let Some(id) = document[name].as_u64() {
            document[name] = json!(format!("{id:016x}"));
        }
    }
    let seconds = document["seconds"].as_f64().unwrap_or(seconds);
    document["start_time"] = json!(1_790_000_000.25);
    document["end_time"] = json!(1_790_000_000.25 + seconds);
    for subsegment in document["subsegments"].as_array_mut().into_iter().flatten() {
        complete(subsegment, 3.0);
    }
}

/// `name(type)[entity*:Exception …]` for each service, with `?` if it was inferred and `*` for calls; `client` if the root
/// is flagged.
fn shown(trace: &Trace, category: Category) -> Vec<String> {
    let entity = |entity: &Entity<'_>| {
        let mut text = entity.name.to_owned();
        text += if entity.remote { "*" } else { "" };
        text += &entity.coverage.map(|share| format!(" {share}")).unwrap_or_default();
        for (name, _) in &entity.exceptions {
            text += ":";
            text += name.unwrap();
        }
        text
    };
    let service = |service: &CauseService<'_>| {
        let path: Vec<_> = service.path.iter().map(entity).collect();
        let kind = service.service.kind.unwrap_or_default();
        let inferred = if service.inferred { "?" } else { "" };
        format!("{}({kind}){inferred}[{}]", service.service.name, path.join(", "))
    };
    let cause = |cause: &Cause<'_>| {
        let services: Vec<_> = cause.services.iter().map(service).collect();
        format!("{}{}", if cause.impacts_client { "client " } else { "" }, services.join(" > "))
    };
    causes(trace, category).iter().map(cause).collect()
}

fn exception(kind: &str, id: &str) -> Value {
    json!({ "exceptions": [{ "id": id, "type": kind, "message": "m", "stack": [] }] })
}

#[test]
fn faults_within_a_service() {
    let broke = || exception("Broke", "00000000000000aa");
    for (what, documents, expected) in [
        ("a flag alone", vec![json!({ "id": 1, "name": "a", "fault": true })], vec![]),
        (
            "an exception of the root",
            vec![json!({ "id": 1, "name": "a", "fault": true, "cause": broke() })],
            vec!["client a()[a:Broke]"],
        ),
        (
            "an exception without a flag",
            vec![json!({ "id": 1, "name": "a", "cause": broke() })],
            vec![],
        ),
        (
            "a local subsegment",
            vec![json!({ "id": 1, "name": "a", "fault": true, "subsegments": [
                { "id": 2, "name": "b", "fault": true, "cause": broke() },
            ] })],
            vec!["client a()[a, b:Broke]"],
        ),
        (
            "a local subsegment whose segment handled it",
            vec![json!({ "id": 1, "name": "a", "subsegments": [
                { "id": 2, "name": "b", "fault": true, "cause": broke() },
            ] })],
            vec![],
        ),
    ] {
        assert_eq!(shown(&assemble(documents), Category::Fault), expected, "{what}");
    }
}

#[test]
fn faults_of_called_services() {
    let broke = || exception("Broke", "00000000000000aa");
    for (what, documents, expected) in [
        (
            "an HTTP call",
            vec![json!({ "id": 1, "name": "a", "fault": true, "subsegments": [
                { "id": 2, "name": "b.example.com", "namespace": "remote", "fault": true, "cause": broke() },
            ] })],
            vec!["client a()[a, b.example.com*:Broke] > b.example.com(remote)?[b.example.com]"],
        ),
        (
            "an HTTP call known by its status, which was handled",
            vec![json!({ "id": 1, "name": "a", "subsegments": [
                { "id": 2, "name": "b.example.com", "namespace": "remote", "http": { "response": { "status": 503 } } },
            ] })],
            vec!["b.example.com(remote)?[b.example.com]"],
        ),
        (
            "a table, in preference to a longer local subsegment",
            vec![
                json!({ "id": 1, "name": "a", "origin": "AWS::Lambda::Function", "fault": true, "subsegments": [
                { "id": 2, "name": "b", "fault": true, "cause": broke(), "seconds": 9 },
                {
                    "id": 3, "name": "dynamodb", "namespace": "aws", "fault": true,
                    "aws": { "operation": "PutItem", "table_name": "t" },
                },
            ] }),
            ],
            vec![
                "client a(AWS::Lambda::Function)[a, DynamoDB*] > t(AWS::DynamoDB::Table)?[DynamoDB]",
            ],
        ),
        (
            "the one that is named",
            vec![
                json!({ "id": 1, "name": "a", "fault": true, "cause": "00000000000000aa", "subsegments": [
                { "id": 2, "name": "b", "fault": true, "cause": broke(), "seconds": 2 },
                { "id": 3, "name": "c", "fault": true, "cause": exception("Other", "00000000000000ab"), "seconds": 4 },
            ] }),
            ],
            vec!["client a()[a, b:Broke]"],
        ),
        (
            "one that is named and does not exist",
            vec![
                json!({ "id": 1, "name": "a", "fault": true, "cause": "00000000000000ff", "subsegments": [
                { "id": 2, "name": "b", "fault": true, "cause": broke() },
            ] }),
            ],
            vec![],
        ),
        (
            "a service that reports itself",
            vec![
                json!({ "id": 1, "name": "a", "fault": true, "subsegments": [
                    { "id": 2, "name": "b", "namespace": "remote", "fault": true },
                ] }),
                json!({ "id": 3, "parent_id": 2, "name": "b", "fault": true, "cause": broke() }),
            ],
            vec!["client a()[a, b*] > b()[b:Broke]"],
        ),
        (
            "the same, handled by the caller",
            vec![
                json!({ "id": 1, "name": "a", "subsegments": [
                    { "id": 2, "name": "b", "namespace": "remote", "fault": true },
                ] }),
                json!({ "id": 3, "parent_id": 2, "name": "b", "fault": true, "cause": broke() }),
            ],
            vec!["b()[b:Broke]"],
        ),
        (
            "a function that failed behind a bus",
            vec![
                json!({ "id": 1, "name": "a", "subsegments": [{ "id": 2, "name": "Events", "namespace": "aws" }] }),
                json!({ "id": 3, "parent_id": 2, "name": "f", "origin": "AWS::Lambda", "subsegments": [
                    { "id": 4, "name": "Attempt #1", "fault": true },
                ] }),
                json!({
                    "id": 5, "parent_id": 4, "name": "f", "origin": "AWS::Lambda::Function", "fault": true, "cause": broke(),
                }),
            ],
            vec!["f(AWS::Lambda::Function)[f:Broke]"],
        ),
    ] {
        assert_eq!(shown(&assemble(documents), Category::Fault), expected, "{what}");
    }
}

/// The pairs of ids, and which of the two X-Ray took, are observations.
#[test]
fn of_two_failed_children_the_ids_decide() {
    let (twos, ones) = (0x2222_2222_2222_2222_u64, 0x1111_1111_1111_1111_u64);
    for (one, other, first) in [
        (ones, twos, false),
        (twos, ones, true),
        (0x100, 0x200, false),
        (0x101, 0x201, true),
        (0x103, 0x203, true),
        (0x104, 0x204, false),
        (0x107, 0x207, true),
    ] {
        let child = |id: u64, name: &str, seconds: u32| json!({ "id": id, "name": name, "fault": true, "cause": exception("E", "00000000000000aa"), "seconds": seconds });
        let expected = if first { "client a()[a, one:E]" } else { "client a()[a, other:E]" };
        for seconds in [1, 9] {
            let children = [child(one, "one", seconds), child(other, "other", 10 - seconds)];
            let trace = assemble(vec![
                json!({ "id": 1, "name": "a", "fault": true, "subsegments": children }),
            ]);
            assert_eq!(shown(&trace, Category::Fault), [expected], "{one:x} {other:x}");
        }
    }
}

#[test]
fn errors_are_throttles_too() {
    let call = |flags: &Value| {
        let mut call = json!({
            "id": 2, "name": "DynamoDB", "namespace": "aws", "aws": { "operation": "GetItem", "table_name": "t" },
        });
        for (name, value) in flags.as_object().into_iter().flatten() {
            call[name] = value.clone();
        }
        assemble(vec![json!({ "id": 1, "name": "a", "subsegments": [call] })])
    };
    for flags in [
        json!({ "error": true }),
        json!({ "error": true, "throttle": true }),
        json!({ "throttle": true }),
        json!({ "http": { "response": { "status": 400 } } }),
    ] {
        let expected = ["t(AWS::DynamoDB::Table)?[DynamoDB]"];
        assert_eq!(shown(&call(&flags), Category::Error), expected, "{flags}");
        assert!(shown(&call(&flags), Category::Fault).is_empty(), "{flags}");
    }
    assert!(shown(&call(&json!({ "fault": true })), Category::Error).is_empty());
}

#[test]
fn response_times() {
    let root = |subsegments: Value| json!({ "id": 1, "name": "a", "subsegments": subsegments });
    for (what, documents, expected) in [
        ("nothing below", vec![root(json!([]))], vec![]),
        ("half is not enough", vec![root(json!([{ "id": 2, "name": "b", "seconds": 5 }]))], vec![]),
        (
            "a local subsegment",
            vec![root(json!([{ "id": 2, "name": "b", "seconds": 5.002 }]))],
            vec!["client a()[a 1, b 0.5]"],
        ),
        (
            "an HTTP call",
            vec![root(json!([{ "id": 2, "name": "b", "namespace": "remote", "seconds": 8.63 }]))],
            vec!["client a()[a 1, b* 0.863] > b(remote)?[b 0.863]"],
        ),
        (
            "a namespace of one's own is no call",
            vec![root(json!([{ "id": 2, "name": "b", "namespace": "local", "seconds": 7 }]))],
            vec!["client a()[a 1, b 0.7]"],
        ),
        (
            "a service that reports itself and goes on afterwards",
            vec![
                root(json!([{ "id": 2, "name": "b", "namespace": "remote", "seconds": 7 }])),
                json!({ "id": 3, "parent_id": 2, "name": "b", "seconds": 60 }),
            ],
            vec!["client a()[a 1, b* 0.7]"],
        ),
        (
            "a service that reports itself, and what took its time",
            vec![
                root(json!([{ "id": 2, "name": "b", "namespace": "remote", "seconds": 8 }])),
                json!({ "id": 3, "parent_id": 2, "name": "b", "seconds": 7, "subsegments": [
                    { "id": 4, "name": "c", "seconds": 6 }, { "id": 5, "name": "d", "seconds": 5.5 },
                ] }),
            ],
            vec!["client a()[a 1, b* 0.8] > b()[b 0.7, c 0.6]"],
        ),
    ] {
        assert_eq!(shown(&assemble(documents), Category::ResponseTime), expected, "{what}");
    }
}

#[test]
fn a_chain_of_thousands_does_no_harm() {
    let mut documents = vec![json!({ "id": 1, "name": "a", "fault": true })];
    documents.extend((2..3_000_u64).map(|id| {
        json!({ "id": id, "parent_id": id - 1, "type": "subsegment", "name": "n", "fault": true })
    }));
    let trace = assemble(documents);
    assert!(shown(&trace, Category::Fault).is_empty());
    assert_eq!(shown(&trace, Category::ResponseTime).len(), 1);
}

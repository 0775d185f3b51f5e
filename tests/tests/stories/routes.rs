use std::{collections::BTreeMap, fs, path::Path};

use e2e::{World, template_path, topology, workspace};
use local::template::{self, App};
use serde_json::{Value, json};
use shared::Event;

use crate::tour::every_way_an_order_can_go;

/// One event of each kind as a target gets it, by `detail-type`.
fn golden_events() -> BTreeMap<String, Value> {
    let folder = workspace().join("tests/events");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let read =
        |path: &Path| serde_json::from_str::<Value>(&fs::read_to_string(path).unwrap()).unwrap();
    files
        .map(|path| {
            let event = read(&path);
            (event["detail-type"].as_str().unwrap().to_owned(), event)
        })
        .collect()
}

fn app() -> App {
    template::load(&template_path(), &[]).unwrap()
}

#[test]
fn every_event_is_routed_or_declared_terminal() {
    let (golden, expected, app) = (golden_events(), topology().events, app());
    let published: Vec<_> = Event::KINDS.iter().map(|(_, detail_type)| *detail_type).collect();
    for known in [golden.keys().collect::<Vec<_>>(), expected.keys().collect()] {
        let mut published = published.clone();
        published.sort_unstable();
        assert_eq!(
            known, published,
            "tests/events, infra/topology.json and the services know the same events"
        );
    }
    for (source, detail_type) in Event::KINDS {
        let event = &golden[*detail_type];
        assert_eq!(event["source"], *source);
        let (expected_source, consumers) = &expected[*detail_type];
        assert_eq!(expected_source, source);
        let mut actual: Vec<_> = app
            .rules
            .iter()
            .filter(|rule| rule.enabled && rule.pattern.matches(&event.to_string()))
            .flat_map(|rule| &rule.targets)
            .map(|target| target.function.rsplit("distributed-tracing-demo-").next().unwrap())
            .collect();
        actual.sort_unstable();
        assert_eq!(actual, *consumers, "consumers of `{detail_type}`");
    }
}

#[test]
fn every_rule_matches_an_event() {
    let golden = golden_events();
    for rule in app().rules {
        let matches = golden.values().any(|event| rule.pattern.matches(&event.to_string()));
        assert!(matches, "rule `{}` matches nothing that the services publish", rule.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_events_have_the_shape_of_the_golden_ones() {
    let world = every_way_an_order_can_go().await;
    for (detail_type, golden) in golden_events() {
        let real = world.events_of(&detail_type).remove(0);
        assert_eq!(shape(&real), shape(&golden), "`{detail_type}` is now\n{real:#}");
    }
    world.end_without_audit("the tour publishes refusals of a confirmed order").await;
}

/// The names and types of everything in `value`.
fn shape(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(name, value)| {
                shape(value).into_iter().map(move |inner| format!("{name}.{inner}"))
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(shape).collect(),
        Value::String(_) => vec!["text".to_owned()],
        Value::Number(_) => vec!["number".to_owned()],
        Value::Bool(_) => vec!["truth".to_owned()],
        Value::Null => vec!["null".to_owned()],
    }
}

/// What the bus logs of an event, by level: the steps, with the rules and targets that they name.
#[tokio::test(flavor = "multi_thread")]
async fn the_bus_says_that_an_event_matches_no_rule_if_it_is_to_log() {
    for (level, of_order, of_stranger) in [
        ("OFF", &[][..], &[][..]),
        ("ERROR", &[], &[]),
        (
            "INFO",
            &["EVENT_INGEST_SUCCESS", "RULE_MATCH", "INVOCATION_SUCCESS"],
            &["EVENT_INGEST_SUCCESS", "NO_STANDARD_RULES_MATCHED"],
        ),
        (
            "TRACE",
            &["EVENT_INGEST_SUCCESS", "RULE_MATCH_START", "RULE_MATCH", "INVOCATION_SUCCESS"],
            &["EVENT_INGEST_SUCCESS", "RULE_MATCH_START", "NO_STANDARD_RULES_MATCHED"],
        ),
    ] {
        let world = World::with().parameter("BusLogLevel", level).start().await;
        let placed = world.order("{}").await;
        world.publish("stranger", "Something", &json!({ "secret": "hush" })).await;
        world.settled().await;
        let lines = world.stack().log_lines(|line| line.function == "distributed-tracing-demo");
        let steps = |trace: Option<&str>| -> Vec<&str> {
            let lines = lines.iter().filter(|line| line.trace_id.as_deref() == trace);
            let mut steps: Vec<_> = lines.map(|line| line.message.as_str()).collect();
            let mut seen = std::collections::BTreeSet::new();
            steps.retain(|step| seen.insert(*step));
            steps
        };
        assert_eq!(steps(Some(&placed.trace_id())), of_order, "{level}");
        assert_eq!(steps(None), of_stranger, "{level}");
        // What an event is about never goes into a log.
        assert!(lines.iter().all(|line| !line.fields.contains("hush")), "{lines:#?}");
        let matched = lines.iter().find(|line| line.message == "RULE_MATCH");
        assert!(matched.is_none_or(|line| line.fields.contains("rule_arn")), "{matched:?}");
        world.end().await;
    }
}

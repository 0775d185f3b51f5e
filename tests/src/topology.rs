use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::files::workspace;

/// The expectations in `infra/topology.json`, which the canary checks of a deployment too.
#[derive(Debug)]
pub struct Topology {
    /// The edges of the graph of a confirmed order, in alphabetical order.
    pub edges: Vec<String>,
    /// Each event's `detail-type`, its source, and the services that consume it.
    pub events: BTreeMap<String, (String, Vec<String>)>,
}

/// Reads it, with the names that the default parameters give.
pub fn topology() -> Topology {
    let text = fs::read_to_string(workspace().join("infra/topology.json")).expect("it is there");
    let value: Value = serde_json::from_str(&text).expect("it is JSON");
    let texts = |value: &Value| -> Vec<String> {
        let items = value.as_array().expect("a list").iter();
        items.map(|item| item.as_str().expect("a text").to_owned()).collect()
    };
    let edges = texts(&value["edges"]);
    let mut edges: Vec<_> =
        edges.iter().map(|edge| edge.replace("{name}", "distributed-tracing-demo")).collect();
    edges.sort();
    let events = value["events"].as_object().expect("a mapping").iter();
    let events = events.map(|(detail_type, event)| {
        let source = event["source"].as_str().expect("a text").to_owned();
        (detail_type.clone(), (source, texts(&event["consumers"])))
    });
    Topology { edges, events: events.collect() }
}

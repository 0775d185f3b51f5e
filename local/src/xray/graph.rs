use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::trace::{Kind, Node, Trace};
use crate::identity::ACCOUNT;

/// A service graph: who called whom, how often, how fast, how well. See
/// <https://docs.aws.amazon.com/xray/latest/api/API_GetServiceGraph.html>.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    services: Vec<Service>,
    index: HashMap<Key, usize>,
}

/// What makes a node of the map: a Lambda function has two with the same name and different types.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    name: String,
    kind: String,
}

#[derive(Debug)]
struct Service {
    key: Key,
    root: bool,
    reports: bool,
    account: bool,
    seen: Seen,
    edges: BTreeMap<usize, Seen>,
}

/// What was seen of a service, or of the calls from one to another.
#[derive(Debug, Default)]
struct Seen {
    start: Option<f64>,
    end: Option<f64>,
    ok: u64,
    throttled: u64,
    other_error: u64,
    fault: u64,
    total_time: f64,
    /// By milliseconds with three digits: as many bars as a person can distinguish.
    durations: BTreeMap<u64, u64>,
}

impl Graph {
    /// The graph of `traces`.
    pub(crate) fn of<'a>(traces: impl IntoIterator<Item = &'a Trace>) -> Self {
        let mut graph = Self::default();
        for trace in traces {
            graph.add(trace);
        }
        graph
    }

    fn add(&mut self, trace: &Trace) {
        for node in trace.nodes.iter().filter(|node| node.is_segment()) {
            let service = self.service(key(node));
            let entry = node.parent.is_none();
            let known = &mut self.services[service];
            known.seen.add(node);
            known.root |= entry;
            known.reports |= node.kind == Kind::Segment;
            known.account |= node.text("origin").is_some();
            if entry {
                let kind = "client".to_owned();
                let client = self.service(Key { name: node.name().to_owned(), kind });
                self.services[client].seen.add(node);
                self.services[client].edges.entry(service).or_default().add(node);
            } else if let Some((caller, call)) = caller(trace, node) {
                let caller = self.service(key(caller));
                self.services[caller].edges.entry(service).or_default().add(call);
            }
        }
    }

    fn service(&mut self, key: Key) -> usize {
        *self.index.entry(key.clone()).or_insert_with(|| {
            self.services.push(Service {
                key,
                root: false,
                reports: false,
                account: false,
                seen: Seen::default(),
                edges: BTreeMap::new(),
            });
            self.services.len() - 1
        })
    }

    /// The `Services` of an answer.
    pub(crate) fn services(&self) -> Value {
        let shown = self.services.iter().enumerate().map(|(id, service)| {
            let mut shown = service.seen.shown();
            let Key { name, kind } = &service.key;
            let mut put = |field: &str, value: Value| shown.insert(field.to_owned(), value);
            put("ReferenceId", id.into());
            put("Name", name.clone().into());
            put("Names", json!([name]));
            if !kind.is_empty() {
                put("Type", kind.clone().into());
            }
            if service.account {
                put("AccountId", ACCOUNT.into());
            }
            put("State", if service.reports { "active" } else { "unknown" }.into());
            if service.root {
                put("Root", true.into());
            }
            put("DurationHistogram", service.seen.histogram());
            let edges = service.edges.iter().map(|(target, seen)| {
                let mut edge = seen.shown();
                edge.insert("ReferenceId".to_owned(), (*target).into());
                edge.insert("Aliases".to_owned(), json!([]));
                Value::Object(edge)
            });
            let edges = edges.collect();
            put("Edges", Value::Array(edges));
            Value::Object(shown)
        });
        shown.collect()
    }
}

/// Who called the segment `node`, and what is known of the call: the caller's side of it where there is
/// one, else the callee's.
fn caller<'a>(trace: &'a Trace, node: &'a Node) -> Option<(&'a Node, &'a Node)> {
    let direct = &trace.nodes[node.parent?];
    let call = if direct.is_segment() { node } else { direct };
    let caller = trace.owner(direct);
    caller.is_segment().then_some((caller, call))
}

fn key(node: &Node) -> Key {
    let origin = node.text("origin").unwrap_or_default();
    match node.kind {
        // A table is known by its name, not by the service that keeps it.
        Kind::Inferred => {
            let aws = node.body.get("aws");
            let aws_text = |name: &str| aws.and_then(|aws| aws[name].as_str());
            let queue = aws_text("queue_url").and_then(|url| url.rsplit('/').next());
            let name = aws_text("table_name").or(queue).unwrap_or(node.name());
            let kind = if origin.is_empty() { "remote" } else { origin };
            Key { name: name.to_owned(), kind: kind.to_owned() }
        }
        _ => Key { name: node.name().to_owned(), kind: origin.to_owned() },
    }
}

impl Seen {
    fn add(&mut self, node: &Node) {
        let end = node.end.unwrap_or(node.start);
        self.start = Some(self.start.map_or(node.start, |start| start.min(node.start)));
        self.end = Some(self.end.map_or(end, |known| known.max(end)));
        if node.end.is_none() {
            return; // It counts when it is complete.
        }
        match node {
            node if node.flag("fault") => self.fault += 1,
            node if node.flag("throttle") => self.throttled += 1,
            node if node.flag("error") => self.other_error += 1,
            _ => self.ok += 1,
        }
        self.total_time += node.duration();
        *self.durations.entry(rounded_micros(node.duration())).or_default() += 1;
    }

    fn shown(&self) -> Map<String, Value> {
        let errors = self.throttled + self.other_error;
        let mut shown = Map::new();
        shown.insert("StartTime".to_owned(), json!(self.start));
        shown.insert("EndTime".to_owned(), json!(self.end));
        shown.insert(
            "SummaryStatistics".to_owned(),
            json!({
                "OkCount": self.ok,
                "ErrorStatistics": {
                    "ThrottleCount": self.throttled,
                    "OtherCount": self.other_error,
                    "TotalCount": errors,
                },
                "FaultStatistics": { "OtherCount": self.fault, "TotalCount": self.fault },
                "TotalCount": self.ok + errors + self.fault,
                "TotalResponseTime": self.total_time,
            }),
        );
        shown.insert("ResponseTimeHistogram".to_owned(), self.histogram());
        shown
    }

    fn histogram(&self) -> Value {
        let bar = |(micros, count): (&u64, &u64)| {
            #[expect(clippy::cast_precision_loss, reason = "three digits fit")]
            let seconds = *micros as f64 / 1e6;
            json!({ "Value": seconds, "Count": count })
        };
        self.durations.iter().map(bar).collect()
    }
}

/// Microseconds with three significant digits.
fn rounded_micros(seconds: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and durations are never negative"
    )]
    let micros = (seconds * 1e6) as u64;
    let unit = 10u64.pow(micros.checked_ilog10().unwrap_or(0).saturating_sub(2));
    micros / unit * unit
}

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, Uri, header},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    clock,
    events::EventRecord,
    faults::{Fault, FaultError},
    services::Services,
    sqs::Message,
    wire::HttpResponse,
    xray::{Graph, Kind, Node, Trace, root_http},
};

/// How many traces, notifications, events and log lines the page gets at once.
const LIMIT: usize = 200;
/// The minutes that the map covers unless the page asks for others, and the most it may ask for.
const MINUTES: f64 = 15.0;
const MAX_MINUTES: f64 = 24.0 * 60.0;

/// An ES module of the page.
macro_rules! module {
    ($name:literal) => {
        (
            concat!("/console/", $name),
            "text/javascript",
            include_str!(concat!("../console/", $name)),
        )
    };
}

/// The page's files: path, content type, text.
const FILES: &[(&str, &str, &str)] = &[
    ("/", "text/html; charset=utf-8", include_str!("../console/index.html")),
    ("/console/style.css", "text/css", include_str!("../console/style.css")),
    module!("annotations.js"),
    module!("api.js"),
    module!("app.js"),
    module!("chip.js"),
    module!("dom.js"),
    module!("filter.js"),
    module!("format.js"),
    module!("layout.js"),
    module!("map.js"),
    module!("overview.js"),
    module!("patch.js"),
    module!("route.js"),
    module!("status.js"),
    module!("trace.js"),
    module!("waterfall.js"),
    module!("why.js"),
];

/// The page that shows it all, and the data behind it. The page has no build step and needs nothing
/// from the network.
#[derive(Debug)]
pub(crate) struct Console {
    /// The services that it shows.
    pub(crate) services: Arc<Services>,
    /// The URL of the REST API.
    pub(crate) api: String,
    /// A command to try the template with.
    pub(crate) test_command: Option<String>,
}

impl Console {
    /// Handles a request of a browser.
    pub(crate) fn handle(&self, uri: &Uri) -> HttpResponse {
        let path = uri.path();
        if let Some((_, content_type, text)) = FILES.iter().find(|(known, ..)| *known == path) {
            return file(content_type, text);
        }
        match path {
            "/console/faults" => json_file(StatusCode::OK, &self.faults()),
            "/console/state" => {
                let minutes = query(uri, "minutes").and_then(|text| text.parse().ok());
                json_file(StatusCode::OK, &self.state(minutes.unwrap_or(MINUTES)))
            }
            _ => match path
                .strip_prefix("/console/traces/")
                .and_then(|id| self.services.traces.trace(id))
            {
                Some(trace) => json_file(StatusCode::OK, &self.trace(&trace)),
                None => {
                    json_file(StatusCode::NOT_FOUND, &json!({ "message": "there is nothing here" }))
                }
            },
        }
    }

    /// Replaces the faults by those of `body`: `{"faults": ["events:PutEvents=throttle@5%"], "seed": 1}`.
    pub(crate) fn set_faults(&self, body: &[u8]) -> HttpResponse {
        let set = parse_faults(body).and_then(|FaultSettings { faults, seed }| {
            let set = self.services.faults.set(faults, seed);
            set.map_err(|error| error.to_string())
        });
        match set {
            Ok(()) => json_file(StatusCode::OK, &self.faults()),
            Err(message) => json_file(StatusCode::BAD_REQUEST, &json!({ "message": message })),
        }
    }

    fn faults(&self) -> Value {
        let (faults, seed) = self.services.faults.in_force();
        json!({
            "faults": faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "seed": seed,
            "injected": self.services.faults.injected(),
        })
    }

    fn state(&self, minutes: f64) -> impl Serialize {
        let since = clock::seconds() - minutes.clamp(0.0, MAX_MINUTES) * 60.0;
        let traces = self.services.traces.traces();
        let recent: Vec<_> = traces.iter().filter(|trace| trace.start() >= since).collect();
        let graph = Graph::of(recent.iter().map(std::convert::AsRef::as_ref));
        let functions = self.services.lambda.functions();
        let rest = json!({
            "api": self.api,
            "testCommand": self.test_command,
            "functions": functions.map(|function| &function.name).collect::<Vec<_>>(),
            "services": graph.services(),
            "traces": recent.iter().take(LIMIT).map(|trace| row(trace)).collect::<Vec<_>>(),
            "traceCount": recent.len(),
            "notifications": self.services.sns.published(LIMIT),
            "notificationCount": self.services.sns.count(),
            "deadLetterCount": self.services.queues.dead_letter_count(),
            "schedules": self.services.schedules.states(),
        });
        // Not through a tree of values: bodies are shown as they were sent.
        State { dead_letters: self.services.queues.dead_letters(LIMIT), rest }
    }

    fn trace(&self, trace: &Trace) -> impl Serialize {
        let same = |id: Option<&str>| id == Some(trace.id.as_str());
        let logs = self.services.logs.lines(|line| same(line.trace_id.as_deref()));
        let events = self.services.buses.events(|event| same(event.trace_id.as_deref()));
        let rest = json!({
            "id": trace.id,
            "start": trace.start(),
            "duration": trace.duration(),
            "partial": trace.is_partial(),
            "limitExceeded": trace.limit_exceeded,
            "services": Graph::of([trace]).services(),
            "nodes": trace.nodes.iter().map(node).collect::<Vec<_>>(),
            "logs": &logs[..logs.len().min(LIMIT)],
        });
        OneTrace { events: events.into_iter().rev().take(LIMIT).rev().collect(), rest }
    }
}

/// Which faults are asked for.
struct FaultSettings {
    faults: Vec<Fault>,
    seed: u64,
}

fn parse_faults(body: &[u8]) -> Result<FaultSettings, String> {
    const SHAPE: &str =
        r#"the body has to be {"faults": ["..."], "seed": 0}; the seed may be missing"#;
    let body: Value = serde_json::from_slice(body).map_err(|error| format!("{SHAPE}: {error}"))?;
    let texts = body["faults"].as_array().ok_or(SHAPE)?;
    let texts: Option<Vec<_>> = texts.iter().map(Value::as_str).collect();
    let faults = texts.ok_or(SHAPE)?.into_iter().map(str::parse);
    let faults = faults.collect::<Result<_, _>>().map_err(|error: FaultError| error.to_string())?;
    let seed = match &body["seed"] {
        Value::Null => 0,
        seed => seed.as_u64().ok_or(SHAPE)?,
    };
    Ok(FaultSettings { faults, seed })
}

/// What the page shows of everything.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct State {
    dead_letters: Vec<Message>,
    #[serde(flatten)]
    rest: Value,
}

/// What the page shows of one trace.
#[derive(Serialize)]
struct OneTrace {
    events: Vec<EventRecord>,
    #[serde(flatten)]
    rest: Value,
}

/// A trace's line in the list.
fn row(trace: &Trace) -> Value {
    let root = trace.root();
    let any = |flag: &str| trace.nodes.iter().any(|node| node.flag(flag));
    json!({
        "id": trace.id,
        "start": trace.start(),
        "duration": trace.duration(),
        "responseTime": root.map_or(0.0, Node::duration),
        "http": root.map(root_http),
        "name": root.map(Node::name),
        "annotations": annotations(trace),
        "fault": any("fault"),
        "error": any("error"),
        "partial": trace.is_partial(),
    })
}

/// The first value of each annotation.
fn annotations(trace: &Trace) -> Map<String, Value> {
    let mut nodes: Vec<_> = trace.nodes.iter().collect();
    nodes.sort_by(|a, b| a.start.total_cmp(&b.start));
    let mut first = Map::new();
    for node in nodes {
        let annotations = node.body.get("annotations").and_then(Value::as_object);
        for (name, value) in annotations.into_iter().flatten() {
            first.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    first
}

/// A segment or subsegment.
fn node(node: &Node) -> Value {
    let kind = match node.kind {
        Kind::Segment => "segment",
        Kind::Subsegment => "subsegment",
        Kind::Inferred => "inferred",
    };
    let mut json = json!({
        "id": node.id,
        "parent": node.parent,
        "kind": kind,
        "orphaned": node.orphaned,
        "start": node.start,
        "end": node.end,
    });
    let about = [
        "name",
        "origin",
        "namespace",
        "fault",
        "error",
        "throttle",
        "annotations",
        "metadata",
        "http",
        "aws",
        "cause",
    ];
    for (name, value) in node.body.iter().filter(|(name, _)| about.contains(&name.as_str())) {
        json[name] = value.clone();
    }
    json
}

fn query(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default().as_bytes();
    let mut pairs = form_urlencoded::parse(query);
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn file(content_type: &'static str, text: &'static str) -> HttpResponse {
    let mut response = HttpResponse::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Whatever ends up in a trace is displayed as text; this is a second protection.
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
        ),
    );
    response
}

fn json_file(status: StatusCode, value: &impl Serialize) -> HttpResponse {
    // What is shown has texts as keys, so that it can always be written.
    let text = serde_json::to_string(value).unwrap_or_default();
    let mut response = HttpResponse::new(Body::from(text));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_file_of_the_page_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("console");
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.into_string().unwrap());
        let of_the_page = |name: &String| {
            let extension = Path::new(name).extension().unwrap_or_default();
            ["css", "html", "js"].iter().any(|known| extension == *known)
        };
        let found: BTreeSet<_> = names.filter(of_the_page).collect();
        let served = FILES.iter().map(|(path, ..)| match *path {
            "/" => "index.html".to_owned(),
            path => path.trim_start_matches("/console/").to_owned(),
        });
        assert_eq!(served.collect::<BTreeSet<_>>(), found);
    }
}

use std::{str, sync::Arc};

use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use proptest::{prop_assert, prop_assert_eq, test_runner::TestCaseResult};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::Target;
use crate::{
    template::App,
    wire::{AwsApi, AwsRequest, Response},
    xray::{Store, Window, XRay, receive_otlp, take_datagram},
};

/// The times that may be asked for at once, in seconds: those of the corpus.
const TIMES: std::ops::Range<f64> = 1_465_500_000.0..1_465_520_000.0;

/// What operations answer on the traces of a store.
struct Answers<'a> {
    runtime: &'a Runtime,
    store: Arc<Store>,
    xray: XRay,
}

impl<'a> Answers<'a> {
    fn new(runtime: &'a Runtime) -> Self {
        let store = Arc::new(Store::new(20));
        let xray = XRay::start(&App::default(), Arc::clone(&store), Arc::default()).unwrap();
        Self { runtime, store, xray }
    }

    /// What an operation answers, or the message of its refusal.
    fn ask(&self, path: &str, request: &Value) -> Result<Value, String> {
        let body = Bytes::from(request.to_string());
        let (method, headers) = (axum::http::Method::POST, HeaderMap::new());
        let request = AwsRequest::parse(self.xray.protocol(), &method, path, &headers, body);
        match self.runtime.block_on(self.xray.handle(&request)) {
            Ok(Response::Json(answer)) => Ok(answer),
            Ok(_) => Err("it is no JSON".to_owned()),
            Err(error) => Err(error.message),
        }
    }

    /// Every trace can be asked for in every way, and whatever is answered is well formed.
    fn check(&self) -> TestCaseResult {
        for trace in self.store.traces() {
            let ids = json!({ "TraceIds": [trace.id] });
            let traces = self.ask("/Traces", &ids);
            for segment in
                traces.unwrap_or_default()["Traces"][0]["Segments"].as_array().into_iter().flatten()
            {
                let text = segment["Document"].as_str().unwrap_or_default();
                let document: Value = serde_json::from_str(text).unwrap_or_default();
                prop_assert_eq!(&document["trace_id"], &json!(trace.id), "{}", text);
                prop_assert!(document["id"].is_string() && document["name"].is_string(), "{text}");
            }
            check_graph(&self.ask("/TraceGraph", &ids))?;
        }
        let range = json!({ "StartTime": TIMES.start, "EndTime": TIMES.end });
        check_graph(&self.ask("/ServiceGraph", &range))?;
        let summaries = self.ask("/TraceSummaries", &range);
        prop_assert!(summaries.is_ok_and(|answer| answer["TraceSummaries"].is_array()));
        Ok(())
    }
}

/// Every edge leads to a node, and no number of a graph is negative.
fn check_graph(graph: &Result<Value, String>) -> TestCaseResult {
    let services = graph.as_ref().map(|graph| graph["Services"].as_array());
    let Ok(Some(services)) = services else {
        prop_assert!(false, "{graph:?}");
        return Ok(());
    };
    for service in services {
        for edge in service["Edges"].as_array().into_iter().flatten() {
            let target = edge["ReferenceId"].as_u64();
            prop_assert!(target.is_some_and(|target| target < services.len() as u64), "{edge}");
            let time = edge["SummaryStatistics"]["TotalResponseTime"].as_f64();
            prop_assert!(time.is_some_and(|time| time >= 0.0), "{edge}");
        }
    }
    Ok(())
}

#[test]
fn fuzz_documents() {
    let words = &[
        "\"id\":",
        "\"trace_id\":\"1-5759e988-bd862e3fe1be46a994272793\"",
        "\"parent_id\":\"53995c3f42cd8ad8\"",
        "\"subsegments\":[",
        "\"type\":\"subsegment\"",
        "\"namespace\":\"aws\"",
        "\"namespace\":\"remote\"",
        "\"in_progress\":true",
        "\"cause\":{\"exceptions\":[",
        "\"http\":{\"response\":{\"status\":429}}",
        "\"aws\":{\"operation\":\"x\",",
        "\"annotations\":{",
        "\"links\":[",
        "\"origin\":\"AWS::Lambda\"",
        "\"fault\":true",
        "253402300800",
        "1465510280.5",
    ];
    let runtime = Runtime::new().unwrap();
    Target { name: "documents", words, share: 1 }.run(|input| {
        let Ok(text) = str::from_utf8(input) else { return Ok(()) };
        let answers = Answers::new(&runtime);
        for document in text.lines() {
            if let Err(rejection) = answers.store.put(document) {
                prop_assert!(rejection.message.contains(rejection.code), "{rejection:?}");
            }
        }
        answers.check()
    });
}

#[test]
fn fuzz_filters() {
    let words = &[
        "service(",
        "service(id(name: \"shop\", type: \"client\"))",
        "edge(\"shop\", \"orders\")",
        " { fault } ",
        "rootcause.fault.service { name = \"shop\" }",
        "rootcause.responsetime.entity { coverage > 0.5 }",
        "rootcause.json = #[{\"Services\":[{\"Name\":\"shop\"}]}]",
        "annotation[a:b] = ",
        "annotation.a",
        "group.name = \"x\"",
        "http.status",
        "responsetime > ",
        "duration",
        " AND ",
        " or ",
        "NOT ",
        "!",
        "(",
        ")",
        " BEGINSWITH ",
        " CONTAINS ",
        "account.id: ",
        "true",
    ];
    let runtime = Runtime::new().unwrap();
    let answers = Answers::new(&runtime);
    let corpus = Target { name: "documents", words: &[], share: 1 }.corpus();
    for (_, documents) in corpus {
        for document in String::from_utf8_lossy(&documents).lines() {
            // The corpus has broken documents, too.
            let _rejected = answers.store.put(document);
        }
    }
    assert!(answers.store.traces().len() > 2);
    let ids = |text: &str| {
        let (snapshot, window) = (answers.store.all(), Window::default());
        let found = answers.xray.search(&snapshot, text, &window);
        found.map(|found| found.traces.iter().map(|trace| trace.outline.id()).collect::<Vec<_>>())
    };
    let all = ids("").unwrap().len();
    Target { name: "filters", words, share: 1 }.run(|input| {
        let Ok(text) = str::from_utf8(input) else { return Ok(()) };
        match ids(text) {
            Err(error) => {
                prop_assert!(!error.message.is_empty() && error.line > 0 && error.position > 0);
                // What is refused in the console is refused by the API, in the same words.
                let request =
                    json!({ "StartTime": TIMES.start, "EndTime": TIMES.end, "FilterExpression": text });
                let refusal = answers.ask("/TraceSummaries", &request).err().unwrap_or_default();
                prop_assert!(refusal.contains(&error.message), "{refusal}");
            }
            Ok(matching) if !text.trim().is_empty() => {
                // Each trace matches an expression or its opposite, and nothing else.
                if let Ok(others) = ids(&format!("!({text})")) {
                    prop_assert_eq!(matching.len() + others.len(), all, "{}", text);
                    prop_assert!(matching.iter().all(|id| !others.contains(id)));
                }
                // Twice the expression may be too long.
                if let Ok(twice) = ids(&format!("({text}) AND ({text})")) {
                    prop_assert_eq!(twice, matching);
                }
            }
            Ok(_) => {}
        }
        Ok(())
    });
}

#[test]
fn fuzz_otlp() {
    let words = &[
        "{\"resourceSpans\":[",
        "\"scopeSpans\":[",
        "\"spans\":[",
        "\"traceId\":\"5759e988bd862e3fe1be46a994272793\"",
        "\"spanId\":\"53995c3f42cd8ad8\"",
        "\"parentSpanId\":",
        "\"kind\":3",
        "{\"stringValue\":",
        "{\"intValue\":\"",
        "{\"arrayValue\":{\"values\":[",
        "{\"kvlistValue\":{\"values\":[",
        "\"events\":[",
        "\"links\":[",
        "aws.span.kind",
        "exception.stacktrace",
        "Caused by: ",
        "  File \"",
        "\tat ",
    ];
    let runtime = Runtime::new().unwrap();
    Target { name: "otlp", words, share: 1 }.run(|input| {
        let (answers, mut headers) = (Answers::new(&runtime), HeaderMap::new());
        let json = input.starts_with(b"{");
        let kind = if json { "application/json" } else { "application/x-protobuf" };
        headers.insert("content-type", HeaderValue::from_static(kind));
        // As gzip it is what no exporter would send.
        for encoding in ["identity", "gzip"] {
            headers.insert("content-encoding", HeaderValue::from_static(encoding));
            let body = Bytes::copy_from_slice(input);
            let response = receive_otlp(&headers, body, Arc::clone(&answers.store));
            let response = answers.runtime.block_on(response);
            prop_assert!(matches!(response.status().as_u16(), 200 | 400), "{response:?}");
            prop_assert_eq!(&response.headers()["content-type"], kind);
            if json {
                let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
                prop_assert!(body.is_object(), "{response:?}");
            }
        }
        answers.check()?;
        // The same in a datagram.
        let _taken = take_datagram(&format!("T1S{}", STANDARD.encode(input)), &answers.store);
        answers.check()
    });
}

//! `cargo local trace ID`: a trace of the running `cargo local`, as a waterfall in the terminal.

use std::{collections::HashMap, env, fmt::Write as _};

use axum::http::{Method, Request, StatusCode};
use clap::Args;
use serde_json::{Value, json};

use crate::{
    running::{NoAnswer, ask},
    terminal,
};

/// Where `cargo local` is unless somebody says otherwise.
const ENDPOINT: &str = "http://127.0.0.1:4566";
/// What AWS's own clients read, the more specific one first.
const VARIABLES: [&str; 2] = ["AWS_ENDPOINT_URL_XRAY", "AWS_ENDPOINT_URL"];
/// The widths of the names and of the bars, in characters.
const NAME: usize = 58;
const BAR: usize = 32;

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub(crate) struct TraceArguments {
    /// The trace's id, as in `X-Amzn-Trace-Id`
    id: String,
    /// Print X-Ray's documents, as `aws xray batch-get-traces` does
    #[arg(long)]
    json: bool,
    /// The AWS port of `cargo local`; the environment's `AWS_ENDPOINT_URL` says so too
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

/// Why there is nothing to print.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TraceError {
    #[error("`{0}` is not a URL of `cargo local`, such as {ENDPOINT}")]
    Url(String),
    #[error(
        "cannot reach {0}\n\nhint: is `cargo local` running? `--endpoint-url` or AWS_ENDPOINT_URL says where"
    )]
    Connection(String, #[source] NoAnswer),
    #[error("{0} does not answer as `cargo local` does")]
    Foreign(String, #[source] NoAnswer),
    #[error(
        "there is no trace `{0}` at {1}\n\nhint: it was not sampled, it made way for newer ones, or it belongs to an earlier start"
    )]
    Unknown(String, String),
}

/// Prints the trace.
pub(crate) async fn run(arguments: &TraceArguments) -> Result<(), TraceError> {
    let endpoint = endpoint(arguments.endpoint_url.as_deref(), |name| env::var(name).ok());
    let id = &arguments.id;
    let unknown = || TraceError::Unknown(id.clone(), endpoint.clone());
    if arguments.json {
        let body = json!({ "TraceIds": [id] });
        let (_, answer) = request(&endpoint, Method::POST, "/Traces", body.to_string()).await?;
        if answer["Traces"].as_array().is_none_or(Vec::is_empty) {
            return Err(unknown());
        }
        print(&format!("{answer:#}"));
        return Ok(());
    }
    let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    let path = format!("/console/traces/{id}");
    match request(&endpoint, Method::GET, &path, String::new()).await? {
        (StatusCode::OK, trace) => print(&waterfall(&trace)),
        _ => return Err(unknown()),
    }
    Ok(())
}

/// The option, else what AWS's clients read, else the default.
fn endpoint(option: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> String {
    let set = || VARIABLES.into_iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
    let url = option.map(str::to_owned).or_else(set).unwrap_or_else(|| ENDPOINT.to_owned());
    url.trim_end_matches('/').to_owned()
}

async fn request(
    endpoint: &str,
    method: Method,
    path: &str,
    body: String,
) -> Result<(StatusCode, Value), TraceError> {
    let request = Request::builder().method(method).uri(format!("{endpoint}{path}"));
    let request = request.body(body).map_err(|_| TraceError::Url(endpoint.to_owned()))?;
    if !endpoint.starts_with("http://") {
        return Err(TraceError::Url(endpoint.to_owned()));
    }
    ask(request).await.map_err(|error| match error {
        NoAnswer::Connection(_) => TraceError::Connection(endpoint.to_owned(), error),
        NoAnswer::Broken(_) | NoAnswer::Foreign(..) => {
            TraceError::Foreign(endpoint.to_owned(), error)
        }
    })
}

/// A trace as lines: each span below its caller, with when it began, how long it took and a bar; below a span that
/// failed, why.
fn waterfall(trace: &Value) -> String {
    let (start, whole) = (number(&trace["start"]), number(&trace["duration"]).max(1e-6));
    let mut text = format!("trace {}, {}", text(&trace["id"]), milliseconds(whole));
    if trace["partial"] == true {
        text.push_str(", still running");
    }
    text.push('\n');
    let nodes = trace["nodes"].as_array().map_or(&[][..], Vec::as_slice);
    for (node, depth) in in_order(nodes) {
        span_lines(&mut text, node, depth, start, whole);
    }
    let lines = trace["logs"].as_array().map_or(&[][..], Vec::as_slice);
    if !lines.is_empty() {
        text.push_str("\nlog lines\n");
    }
    for line in lines {
        let field = |name: &str| self::text(&line[name]);
        let clock = field("time").get(11..23).unwrap_or_default();
        let shown = ["function", "level", "message", "fields"].map(field).join(" ");
        let _infallible = writeln!(text, "{clock} {}", shown.trim_end());
    }
    text.trim_end().to_owned()
}

fn span_lines(text: &mut String, node: &Value, depth: usize, start: f64, whole: f64) {
    let indent = "  ".repeat(depth);
    let began = number(&node["start"]) - start;
    let end = node["end"].as_f64().map_or(whole, |end| end - start);
    let running = node["end"].is_null();
    let took = if running { "running".to_owned() } else { milliseconds(end - began) };
    let flags = ["fault", "throttle", "error"].into_iter().filter(|flag| node[*flag] == true);
    let line = format!(
        "{:NAME$} {:>10} {took:>10} {} {}",
        shorten(&format!("{indent}{}", label(node)), NAME),
        milliseconds(began),
        bar(began / whole, end / whole),
        flags.collect::<Vec<_>>().join(" ")
    );
    let _infallible = writeln!(text, "{}", line.trim_end());
    for exception in node["cause"]["exceptions"].as_array().into_iter().flatten() {
        let (kind, message) = (self::text(&exception["type"]), self::text(&exception["message"]));
        let _infallible = writeln!(text, "{indent}  ! {kind}: {message}");
    }
}

/// The spans that were sent, each after its caller, earlier ones first. An inferred segment repeats its call, so
/// what it called is the call's.
fn in_order(nodes: &[Value]) -> Vec<(&Value, usize)> {
    let mut children: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    for (at, node) in nodes.iter().enumerate().filter(|(_, node)| node["kind"] != "inferred") {
        children.entry(caller(nodes, node)).or_default().push(at);
    }
    let mut found = Vec::new();
    let mut open = vec![(None, 0)];
    while let Some((at, depth)) = open.pop() {
        if let Some(at) = at {
            found.push((&nodes[at], depth - 1));
        }
        // Each is taken once, so that no tree is endless.
        let mut below = children.remove(&at).unwrap_or_default();
        below.sort_by(|a, b| number(&nodes[*b]["start"]).total_cmp(&number(&nodes[*a]["start"])));
        open.extend(below.into_iter().map(|child| (Some(child), depth + 1)));
    }
    found
}

/// The place of the nearest parent that was sent.
fn caller(nodes: &[Value], node: &Value) -> Option<usize> {
    let mut at = place(node)?;
    while nodes.get(at)?["kind"] == "inferred" {
        at = place(&nodes[at])?;
    }
    Some(at)
}

fn place(node: &Value) -> Option<usize> {
    usize::try_from(node["parent"].as_u64()?).ok()
}

/// What a span is called: a segment with its origin, an AWS call with its operation and table.
fn label(node: &Value) -> String {
    let aws = &node["aws"];
    let more = if node["kind"] == "segment" {
        [text(&node["origin"]).trim_start_matches("AWS::"), ""]
    } else {
        [text(&aws["operation"]), text(&aws["table_name"])]
    };
    let parts = [&[text(&node["name"])][..], &more].concat();
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// A bar from one share of the trace's time to another.
fn bar(from: f64, to: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share from 0 to 1 of a few characters"
    )]
    let column = |share: f64| (share.clamp(0.0, 1.0) * BAR as f64).round() as usize;
    let begin = column(from).min(BAR - 1);
    let length = column(to).saturating_sub(begin).max(1);
    format!("{}{}{}", " ".repeat(begin), "█".repeat(length), " ".repeat(BAR - begin - length))
}

fn milliseconds(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1000.0)
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Each line on its own: within a line the terminal shows no control characters.
fn print(text: &str) {
    text.lines().for_each(terminal::print);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_what_other_clients_use() {
        let variables = |name: &str| (name == "AWS_ENDPOINT_URL").then(|| "http://a:1/".to_owned());
        assert_eq!(endpoint(None, |_| None), ENDPOINT);
        assert_eq!(endpoint(None, variables), "http://a:1");
        assert_eq!(endpoint(Some("http://b:2"), variables), "http://b:2");
    }

    #[test]
    fn a_trace_is_a_line_for_each_span() {
        let trace = json!({
            "id": "1-2-3", "start": 10.0, "duration": 2.0, "partial": true,
            "nodes": [
                { "kind": "segment", "name": "pay", "origin": "AWS::Lambda", "parent": null, "start": 10.0, "end": 12.0 },
                { "kind": "subsegment", "name": "DynamoDB", "aws": { "operation": "PutItem", "table_name": "t" }, "parent": 0,
                  "start": 11.0, "end": 12.0, "fault": true, "cause": { "exceptions": [{ "type": "E", "message": "no" }] } },
                { "kind": "inferred", "name": "t", "parent": 1, "start": 11.0, "end": 12.0 },
                { "kind": "segment", "name": "late", "parent": 2, "start": 11.5, "end": null },
            ],
            "logs": [{ "time": "2026-01-02T03:04:05.678Z", "function": "pay", "level": "INFO", "message": "done", "fields": "a=1" }],
        });
        let text = waterfall(&trace);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "trace 1-2-3, 2000.0 ms, still running");
        assert!(lines[1].starts_with("pay · Lambda ") && lines[1].ends_with(&"█".repeat(BAR)));
        assert!(lines[2].starts_with("  DynamoDB · PutItem · t ") && lines[2].ends_with(" fault"));
        assert_eq!(lines[3], "    ! E: no");
        assert!(lines[4].starts_with("    late ") && lines[4].contains("running"));
        assert_eq!(lines.last(), Some(&"03:04:05.678 pay INFO done a=1"));
    }
}

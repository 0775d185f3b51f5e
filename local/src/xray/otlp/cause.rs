use opentelemetry_proto::tonic::trace::v1::{Span, span};
use serde_json::{Value, json};

use super::attributes::Attributes;
use crate::trace_header::new_segment_id;

/// The sentences that Python writes between an exception and its cause.
const PYTHON_CAUSES: [&str; 2] = [
    "\nDuring handling of the above exception, another exception occurred:\n",
    "\nThe above exception was the direct cause of the following exception:\n",
];

/// The field `cause`: the span's exceptions, or the description of its status.
pub(super) fn cause(span: &Span, is_remote: bool, language: &str, is_error: bool) -> Option<Value> {
    let exceptions: Vec<Value> = span
        .events
        .iter()
        .filter(|event| event.name == "exception")
        .flat_map(|event| exceptions(event, is_remote, language))
        .collect();
    if !exceptions.is_empty() {
        return Some(json!({ "exceptions": exceptions }));
    }
    let message = span.status.as_ref().map(|status| status.message.as_str()).unwrap_or_default();
    if !is_error || message.is_empty() {
        return None;
    }
    Some(json!({ "exceptions": [{ "id": new_segment_id(), "message": message }] }))
}

/// An exception and its causes.
fn exceptions(event: &span::Event, is_remote: bool, language: &str) -> Vec<Value> {
    let attributes = Attributes::new(&event.attributes);
    let text = |name| attributes.text(&[name]).unwrap_or_default();
    let exception = |kind: &str, message: &str, stack: Vec<Value>| {
        let mut exception = json!({ "id": new_segment_id(), "type": kind, "message": message, "remote": is_remote });
        if !stack.is_empty() {
            exception["stack"] = stack.into();
        }
        exception
    };
    let (kind, message) = (text("exception.type"), text("exception.message"));
    let trace = text("exception.stacktrace");
    match language {
        "python" => {
            let mut chain: Vec<Value> = Vec::new();
            for (number, part) in python_parts(trace).into_iter().enumerate() {
                let (cause_kind, cause_message) = python_error(part);
                let (kind, message) =
                    if number == 0 { (kind, message) } else { (cause_kind, cause_message) };
                let next = exception(kind, message, python_stack(part));
                if let Some(effect) = chain.last_mut() {
                    effect["cause"] = next["id"].clone();
                }
                chain.push(next);
            }
            chain
        }
        "nodejs" | "javascript" | "webjs" => {
            vec![exception(kind, message, javascript_stack(trace))]
        }
        _ => vec![exception(kind, message, Vec::new())],
    }
}

/// The tracebacks in a Python one, that of the exception itself first, then those of its causes.
fn python_parts(trace: &str) -> Vec<&str> {
    let mut parts = vec![trace];
    while let Some(first) = parts.last().copied() {
        let split = PYTHON_CAUSES.iter().filter_map(|sentence| {
            let at = first.rfind(sentence)?;
            Some((at, at + sentence.len()))
        });
        let Some((end, begin)) = split.max() else { break };
        parts.pop();
        parts.push(&first[begin..]);
        parts.push(&first[..end]);
    }
    parts
}

/// The last line of a traceback: `builtins.KeyError: 'x'`.
fn python_error(trace: &str) -> (&str, &str) {
    let last = trace.trim_end().lines().last().unwrap_or_default();
    last.split_once(": ").unwrap_or((last, ""))
}

/// The frames of a traceback, the innermost first, from lines such as `  File "a.py", line 3, in handler`.
fn python_stack(trace: &str) -> Vec<Value> {
    let frame = |line: &str| {
        let (path, rest) = line.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
        let (line, label) = rest.split_once(", in ").unwrap_or((rest, ""));
        let line: u32 = line.parse().ok()?;
        Some(json!({ "path": path, "line": line, "label": label }))
    };
    trace.lines().rev().filter_map(frame).collect()
}

/// The frames of a JavaScript stack, from lines such as `    at handler (/var/task/a.js:3:7)`.
fn javascript_stack(trace: &str) -> Vec<Value> {
    let frame = |line: &str| {
        let frame = line.trim_start().strip_prefix("at ")?;
        let (label, place) = match frame.split_once(" (") {
            Some((label, place)) => (label, place.trim_end_matches(')')),
            None => ("", frame),
        };
        let mut parts = place.rsplitn(3, ':');
        let (_column, line, path) = (parts.next()?, parts.next()?, parts.next()?);
        let line: u32 = line.parse().ok()?;
        Some(json!({ "path": path, "line": line, "label": label }))
    };
    trace.lines().filter_map(frame).collect()
}

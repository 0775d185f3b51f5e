use opentelemetry_proto::tonic::trace::v1::{Span, span, status::StatusCode};
use serde_json::{Value, json};

use super::{
    attributes::Attributes,
    aws::is_api_call,
    stack::{self, Thrown},
};
use crate::trace_header::new_segment_id;

/// What AWS's SDKs for Java report of each attempt that fails.
const FAILED_ATTEMPT: &str = "HTTP request failure";

/// The field `cause`: the span's exceptions, or the description of its status.
pub(super) fn cause(
    span: &Span,
    attributes: &Attributes,
    is_remote: bool,
    language: &str,
) -> Option<Value> {
    let exceptions = span.events.iter().flat_map(|event| match event.name.as_str() {
        "exception" => exceptions(event, is_remote, language),
        FAILED_ATTEMPT if is_api_call(attributes) => failed_attempt(event).into_iter().collect(),
        _ => Vec::new(),
    });
    let exceptions: Vec<Value> = exceptions.collect();
    if !exceptions.is_empty() {
        return Some(json!({ "exceptions": exceptions }));
    }
    let status = span.status.as_ref().filter(|status| status.code() == StatusCode::Error)?;
    let message = Some(status.message.as_str()).filter(|message| !message.is_empty());
    let message = message.or_else(|| attributes.text(&["http.status_text"]))?;
    Some(json!({ "exceptions": [{ "id": new_segment_id(), "message": message }] }))
}

/// An exception and its causes.
fn exceptions(event: &span::Event, is_remote: bool, language: &str) -> Vec<Value> {
    let attributes = Attributes::new(&event.attributes);
    let text = |name| attributes.text(&[name]).unwrap_or_default();
    let (kind, message) = (text("exception.type"), text("exception.message"));
    let mut chain: Vec<Value> = Vec::new();
    for (number, thrown) in
        stack::read(language, text("exception.stacktrace")).into_iter().enumerate()
    {
        let Thrown { kind: cause_kind, message: cause_message, frames } = thrown;
        let (kind, message) =
            if number == 0 { (kind, message) } else { (cause_kind, cause_message.as_str()) };
        let mut next = json!({ "id": new_segment_id(), "type": kind, "message": message, "remote": is_remote });
        if !frames.is_empty() {
            next["stack"] = frames.into();
        }
        if let Some(effect) = chain.last_mut() {
            effect["cause"] = next["id"].clone();
        }
        chain.push(next);
    }
    chain
}

/// An attempt of a call that failed: its status, when, and why.
fn failed_attempt(event: &span::Event) -> Option<Value> {
    let attributes = Attributes::new(&event.attributes);
    let status = attributes.number(&["http.response.status_code"])?;
    let reason = attributes.text(&["aws.http.error_message"])?;
    let time = super::seconds(event.time_unix_nano);
    Some(json!({
        "id": new_segment_id(),
        "type": "aws.http.error.event",
        "message": format!("{status}@{time:.6}@{reason}"),
        "remote": true,
    }))
}

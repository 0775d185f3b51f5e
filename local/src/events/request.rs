use chrono::{DateTime, Datelike, Utc};
use serde_json::Value;

use super::{
    constraint::{Constraints, is_bus, is_endpoint, text_of, type_error},
    entry::{Entry, EntryError},
};
use crate::wire::AwsError;

/// The most entries of one call, and the size that they have to stay below in bytes
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>).
const MAX_ENTRIES: usize = 10;
const SIZE_LIMIT: usize = 1024 * 1024;
/// The longest ARN, bus, endpoint and trace header.
const MAX_RESOURCE: usize = 2048;
const MAX_BUS: usize = 1600;
const MAX_ENDPOINT: usize = 50;
const MAX_TRACE_HEADER: usize = 500;

/// Reads a request of `PutEvents`. What breaks the API's model fails the call, the rest only its entry.
pub(super) fn parse_entries(
    request: &Value,
) -> Result<Vec<Result<Entry<'_>, EntryError>>, AwsError> {
    let entries = match &request["Entries"] {
        Value::Null => &[][..],
        Value::Array(entries) => entries,
        _ => return Err(type_error("Expected list or null")),
    };
    let endpoint = text_of(&request["EndpointId"])?;
    let times = entries.iter().map(check_types).collect::<Result<Vec<_>, _>>()?;
    check_constraints(&request["Entries"], entries, endpoint)?;
    if entries.iter().map(size).sum::<usize>() >= SIZE_LIMIT {
        let message = "Total size of the entries in the request is over the limit.";
        return Err(AwsError::bad_request("ValidationException", message));
    }
    Ok(entries.iter().zip(times).map(|(entry, time)| Entry::parse(entry, time)).collect())
}

/// The JSON types of an entry's members, and its time.
fn check_types(entry: &Value) -> Result<Option<DateTime<Utc>>, AwsError> {
    if !entry.is_object() {
        return Err(type_error("Expected structure or null"));
    }
    for name in ["Source", "DetailType", "Detail", "EventBusName", "TraceHeader"] {
        text_of(&entry[name])?;
    }
    match &entry["Resources"] {
        Value::Null => {}
        Value::Array(resources) => {
            resources.iter().map(text_of).collect::<Result<Vec<_>, _>>()?;
        }
        _ => return Err(type_error("Expected list or null")),
    }
    match &entry["Time"] {
        Value::Null => Ok(None),
        Value::Number(seconds) => {
            let time = seconds.as_f64().and_then(date_time);
            time.map(Some).ok_or_else(|| type_error(&format!("Time {seconds} is out of range")))
        }
        _ => Err(type_error("Time cannot be converted to milliseconds since epoch")),
    }
}

/// A moment that can be written with a year of four digits.
fn date_time(seconds: f64) -> Option<DateTime<Utc>> {
    #[expect(clippy::cast_possible_truncation, reason = "what saturates is out of range")]
    let time = DateTime::from_timestamp_millis((seconds * 1000.0) as i64)?;
    (1..=9999).contains(&time.year()).then_some(time)
}

fn check_constraints(
    value: &Value,
    entries: &[Value],
    endpoint: Option<&str>,
) -> Result<(), AwsError> {
    let mut constraints = Constraints::default();
    if value.is_null() {
        constraints.add("null", "entries", "Member must not be null");
    } else if entries.is_empty() {
        constraints.add("'[]'", "entries", "Member must have length greater than or equal to 1");
    } else if entries.len() > MAX_ENTRIES {
        let all: Vec<_> = entries.iter().map(shown).collect();
        let limit = format!("Member must have length less than or equal to {MAX_ENTRIES}");
        constraints.add(&format!("'[{}]'", all.join(", ")), "entries", &limit);
    }
    for (number, entry) in entries.iter().enumerate() {
        let place = |name: &str| format!("entries.{}.member.{name}", number + 1);
        let text = |name: &str| entry[name].as_str();
        constraints.length(text("TraceHeader"), &place("traceHeader"), 1, MAX_TRACE_HEADER);
        constraints.length(text("EventBusName"), &place("eventBusName"), 1, MAX_BUS);
        let pattern =
            r"(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[\.\-_A-Za-z0-9]+";
        constraints.pattern(text("EventBusName"), &place("eventBusName"), is_bus, pattern);
        for resource in entry["Resources"].as_array().into_iter().flatten() {
            constraints.length(resource.as_str(), &place("resources"), 0, MAX_RESOURCE);
        }
    }
    constraints.length(endpoint, "endpointId", 1, MAX_ENDPOINT);
    let pattern = r"^[A-Za-z0-9\-]+[\.][A-Za-z0-9\-]+$";
    constraints.pattern(endpoint, "endpointId", is_endpoint, pattern);
    constraints.finish()
}

/// An entry as AWS's message about too many of them shows it.
fn shown(entry: &Value) -> String {
    let text = |name: &str| match &entry[name] {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    };
    format!(
        "PutEventsRequestEntry(time={}, source={}, resources={}, detailType={}, detail={}, \
         eventBusName={}, traceHeader={}, kmsKeyIdentifier=null, internalMetadata=null)",
        text("Time"),
        text("Source"),
        text("Resources"),
        text("DetailType"),
        text("Detail"),
        text("EventBusName"),
        text("TraceHeader"),
    )
}

/// An entry's size as EventBridge counts it: the trace header is free
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>).
fn size(entry: &Value) -> usize {
    let length = |name: &str| entry[name].as_str().map_or(0, str::len);
    let time = if entry["Time"].is_null() { 0 } else { 14 };
    let resources = entry["Resources"].as_array().into_iter().flatten();
    let resources: usize = resources.filter_map(Value::as_str).map(str::len).sum();
    time + length("Source") + length("DetailType") + length("Detail") + resources
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry() -> Value {
        json!({ "Source": "shop", "DetailType": "Sold", "Detail": "{}" })
    }

    fn with(name: &str, value: impl Into<Value>) -> Value {
        let mut entry = entry();
        entry[name] = value.into();
        entry
    }

    #[test]
    fn a_call_that_breaks_the_model_fails() {
        let validation = "ValidationException";
        let types = "SerializationException";
        let one = |entry: Value| json!({ "Entries": [entry] });
        for (request, kind, says) in [
            (
                json!({}),
                validation,
                "Value null at 'entries' failed to satisfy constraint: Member must not be null",
            ),
            (
                json!({ "Entries": [] }),
                validation,
                "Value '[]' at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1",
            ),
            (
                json!({ "Entries": vec![entry(); 11] }),
                validation,
                "at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10",
            ),
            (json!({ "Entries": {} }), types, "Expected list or null"),
            (json!({ "Entries": ["x"] }), types, "Expected structure or null"),
            (one(with("Time", "2026-01-01T00:00:00Z")), types, "milliseconds since epoch"),
            (one(with("Time", 1e20)), types, "out of range"),
            (one(with("Time", -1e12)), types, "out of range"),
            (one(with("Resources", "arn")), types, "Expected list or null"),
            (
                one(with("Resources", json!([1]))),
                types,
                "NUMBER_VALUE cannot be converted to String",
            ),
            (one(with("EventBusName", 1)), types, "NUMBER_VALUE cannot be converted to String"),
            (
                one(with("Detail", json!({}))),
                types,
                "Start of structure or map found where not expected.",
            ),
            (one(with("Source", true)), types, "TRUE_VALUE cannot be converted to String"),
            (
                one(with("EventBusName", "")),
                validation,
                "Value '' at 'entries.1.member.eventBusName' failed to satisfy constraint: Member must have length greater than or equal to 1",
            ),
            (
                one(with("EventBusName", "a b")),
                validation,
                "Value 'a b' at 'entries.1.member.eventBusName' failed to satisfy constraint: Member must satisfy regular expression pattern: ",
            ),
            (one(with("EventBusName", "x".repeat(1601))), validation, "less than or equal to 1600"),
            (
                one(with("TraceHeader", "")),
                validation,
                "at 'entries.1.member.traceHeader' failed to satisfy constraint: Member must have length greater than or equal to 1",
            ),
            (one(with("TraceHeader", "x".repeat(501))), validation, "less than or equal to 500"),
            (
                one(with("Resources", json!(["x".repeat(2049)]))),
                validation,
                "less than or equal to 2048",
            ),
            (
                json!({ "Entries": [entry()], "EndpointId": "x".repeat(51) }),
                validation,
                "2 validation errors detected: ",
            ),
            (json!({ "Entries": [entry()], "EndpointId": 1 }), types, "NUMBER_VALUE"),
            (
                one(with("Detail", format!("{{}}{}", " ".repeat(SIZE_LIMIT - 10)))),
                validation,
                "Total size of the entries in the request is over the limit.",
            ),
        ] {
            let error = parse_entries(&request).unwrap_err();
            assert_eq!(error.code, kind, "{request}");
            assert!(error.message.contains(says), "{}", error.message);
        }
        let largest = with("Detail", format!("{{}}{}", " ".repeat(SIZE_LIMIT - 11)));
        assert!(parse_entries(&one(largest)).unwrap()[0].is_ok());
        let too_many = json!({ "Entries": vec![entry(); 11] });
        let message = parse_entries(&too_many).unwrap_err().message;
        assert!(
            message.starts_with(
                "1 validation error detected: Value '[PutEventsRequestEntry(time=null, source=shop, \
                 resources=null, detailType=Sold, detail={}, eventBusName=null, traceHeader=null, \
                 kmsKeyIdentifier=null, internalMetadata=null), PutEventsRequestEntry("
            ),
            "{message}"
        );
    }
}

use chrono::SecondsFormat;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bus::{Buses, DEFAULT};
use crate::{
    clock,
    identity::{ACCOUNT, REGION},
    trace_header::TraceHeader,
};

/// The longest detail type, in characters
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html>).
const MAX_DETAIL_TYPE: usize = 128;

/// An entry of `PutEvents` that was accepted.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// The event's id.
    pub(super) id: String,
    /// The name of its bus.
    pub(super) bus: &'a str,
    /// The event as targets receive it.
    pub(super) event: Value,
    /// The trace that it belongs to.
    pub(super) trace: Option<TraceHeader>,
}

/// Why an entry is not accepted: `ErrorCode` and `ErrorMessage`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EntryError {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl<'a> Entry<'a> {
    /// Parses an entry of a request that belongs to `trace`. The entry's own header wins over the
    /// request's; a malformed one is dropped.
    pub(super) fn parse(
        entry: &'a Value,
        buses: &Buses,
        trace: Option<&TraceHeader>,
    ) -> Result<Self, EntryError> {
        let source = required(entry, "Source")?;
        let detail_type = required(entry, "DetailType")?;
        let detail = required(entry, "Detail")?;
        if source.starts_with("aws.") {
            let message = "Not authorized for the source.";
            return Err(EntryError::new("NotAuthorizedForSourceException", message));
        }
        if detail_type.chars().count() > MAX_DETAIL_TYPE {
            let message =
                "Parameter DetailType is not valid. Reason: it is longer than 128 characters.";
            return Err(EntryError::new("InvalidArgument", message));
        }
        let Ok(detail @ Value::Object(_)) = serde_json::from_str(detail) else {
            return Err(EntryError::new("MalformedDetail", "Detail is malformed."));
        };
        let bus = buses
            .find(text(entry, "EventBusName").unwrap_or(DEFAULT))
            .map_err(|error| EntryError::new("InvalidArgument", error.to_string()))?;
        let trace = match entry["TraceHeader"].as_str() {
            Some(own) => TraceHeader::parse(own),
            None => trace.cloned(),
        };
        let id = Uuid::new_v4().to_string();
        let event = json!({
            "version": "0",
            "id": id,
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT,
            "time": time(entry),
            "region": REGION,
            "resources": entry["Resources"].as_array().cloned().unwrap_or_default(),
            "detail": detail,
        });
        Ok(Self { id, bus, event, trace })
    }
}

impl EntryError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// An entry's size as EventBridge counts it: the trace header is free
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>).
pub(super) fn size(entry: &Value) -> usize {
    let length = |name: &str| entry[name].as_str().map_or(0, str::len);
    let time = if entry["Time"].is_null() { 0 } else { 14 };
    let resources = entry["Resources"].as_array().into_iter().flatten();
    let resources: usize = resources.filter_map(Value::as_str).map(str::len).sum();
    time + length("Source") + length("DetailType") + length("Detail") + resources
}

fn time(entry: &Value) -> String {
    let time = entry["Time"].as_f64().map_or_else(clock::date_time, clock::at);
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn required<'a>(entry: &'a Value, name: &str) -> Result<&'a str, EntryError> {
    text(entry, name).ok_or_else(|| {
        let message =
            format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
        EntryError::new("InvalidArgument", message)
    })
}

fn text<'a>(entry: &'a Value, name: &str) -> Option<&'a str> {
    entry[name].as_str().filter(|text| !text.is_empty())
}

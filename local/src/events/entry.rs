use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    identity::{ACCOUNT, REGION},
    rules::{Reader, Token},
};

/// The deepest detail and the longest detail type
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>).
const MAX_DEPTH: usize = 1000;
const MAX_DETAIL_TYPE: usize = 128;

/// An entry of `PutEvents` that becomes an event.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    source: &'a str,
    detail_type: &'a str,
    /// As it was sent: numbers are not rewritten, equal names all stay.
    detail: &'a RawValue,
    resources: Vec<&'a str>,
    /// Its own time, if it has one.
    pub(super) time: Option<DateTime<Utc>>,
    /// The name or the ARN of the bus.
    pub(super) bus: &'a str,
    pub(super) trace_header: Option<&'a str>,
}

/// Why one entry is not taken, while the call succeeds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EntryError {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl<'a> Entry<'a> {
    /// Reads an entry whose types and time have been checked.
    pub(super) fn parse(entry: &'a Value, time: Option<DateTime<Utc>>) -> Result<Self, EntryError> {
        let text = |name: &str| entry[name].as_str().filter(|text| !text.is_empty());
        let refuse = |code, message: &str| EntryError { code, message: message.to_owned() };
        let required = |name: &str| {
            let reason =
                format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
            text(name).ok_or(EntryError { code: "InvalidArgument", message: reason })
        };
        let source = required("Source")?;
        let detail_type = required("DetailType")?;
        let detail = required("Detail")?;
        if source.starts_with("aws.") {
            let message = "Not authorized for the source.";
            return Err(refuse("NotAuthorizedForSourceException", message));
        }
        if detail_type.chars().count() > MAX_DETAIL_TYPE {
            let message = format!(
                "Parameter DetailType is not valid. Reason: it is longer than {MAX_DETAIL_TYPE} \
                 characters."
            );
            return Err(EntryError { code: "InvalidArgument", message });
        }
        let malformed = || refuse("MalformedDetail", "Detail is malformed.");
        if !is_object(detail) {
            return Err(malformed());
        }
        Ok(Self {
            source,
            detail_type,
            detail: serde_json::from_str(detail).map_err(|_| malformed())?,
            resources: entry["Resources"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect(),
            time,
            bus: text("EventBusName").unwrap_or("default"),
            trace_header: text("TraceHeader"),
        })
    }

    /// The event as targets receive it, with that time.
    pub(super) fn to_event(
        &self,
        id: &str,
        time: DateTime<Utc>,
    ) -> Result<Box<RawValue>, serde_json::Error> {
        let time = time.to_rfc3339_opts(SecondsFormat::Secs, true);
        serde_json::value::to_raw_value(&Event {
            version: "0",
            id,
            detail_type: self.detail_type,
            source: self.source,
            account: ACCOUNT,
            time: &time,
            region: REGION,
            resources: &self.resources,
            detail: self.detail,
        })
    }
}

/// See <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Event<'a> {
    version: &'a str,
    id: &'a str,
    detail_type: &'a str,
    source: &'a str,
    account: &'a str,
    time: &'a str,
    region: &'a str,
    resources: &'a [&'a str],
    detail: &'a RawValue,
}

/// Whether a detail is a JSON object that EventBridge reads.
fn is_object(detail: &str) -> bool {
    let mut reader = Reader::new(detail, MAX_DEPTH);
    let begins = reader
        .next()
        .is_ok_and(|first| first.is_some_and(|lexed| lexed.token == Token::BeginObject));
    begins
        && loop {
            match reader.next() {
                Ok(Some(_)) => {}
                Ok(None) => break true,
                Err(_) => break false,
            }
        }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::events::request::parse_entries;

    fn entry() -> Value {
        json!({ "Source": "shop", "DetailType": "Sold", "Detail": "{}" })
    }

    fn with(name: &str, value: impl Into<Value>) -> Value {
        let mut entry = entry();
        entry[name] = value.into();
        entry
    }

    #[test]
    fn an_entry_that_cannot_be_an_event_fails_alone() {
        let deep = |levels: usize| "{\"a\":".repeat(levels - 1) + "{}" + &"}".repeat(levels - 1);
        for (entry, code) in [
            (entry(), None),
            (json!({}), Some("InvalidArgument")),
            (with("Source", ""), Some("InvalidArgument")),
            (with("Source", "aws.ec2"), Some("NotAuthorizedForSourceException")),
            (with("DetailType", "é".repeat(129)), Some("InvalidArgument")),
            (with("DetailType", "é".repeat(128)), None),
            (with("Detail", "[]"), Some("MalformedDetail")),
            (with("Detail", "null"), Some("MalformedDetail")),
            (with("Detail", "{} x"), Some("MalformedDetail")),
            (with("Detail", r#"{"a":1,"a":2}"#), None),
            (with("Detail", deep(1000)), None),
            (with("Detail", deep(1001)), Some("MalformedDetail")),
            (with("Detail", deep(100_000)), Some("MalformedDetail")),
            (with("EventBusName", "arn:aws:events:us-east-1:000000000000:event-bus/shop"), None),
            (with("Time", 1.7e9), None),
        ] {
            let request = json!({ "Entries": [entry] });
            let parsed = parse_entries(&request).unwrap();
            assert_eq!(parsed[0].as_ref().err().map(|error| error.code), code, "{entry}");
        }
    }

    #[test]
    fn an_event_has_its_entry_s_detail_as_it_was_sent() {
        let mut entry = with(
            "Detail",
            " {\"sum\": 1e+26, \"big\":123456789012345678901234567890,\"a\":1,\"a\":2} ",
        );
        entry["Time"] = json!(1_700_000_000.5);
        entry["Resources"] = json!(["arn:x"]);
        entry["TraceHeader"] = json!("Root=1");
        let request = json!({ "Entries": [entry] });
        let entries = parse_entries(&request).unwrap();
        let entry = entries[0].as_ref().unwrap();
        assert_eq!((entry.bus, entry.trace_header), ("default", Some("Root=1")));
        let event = entry.to_event("id-1", entry.time.unwrap()).unwrap();
        assert_eq!(
            event.get(),
            format!(
                "{{\"version\":\"0\",\"id\":\"id-1\",\"detail-type\":\"Sold\",\"source\":\"shop\",\
                 \"account\":\"{ACCOUNT}\",\"time\":\"2023-11-14T22:13:20Z\",\"region\":\"{REGION}\",\
                 \"resources\":[\"arn:x\"],\"detail\":{{\"sum\": 1e+26, \
                 \"big\":123456789012345678901234567890,\"a\":1,\"a\":2}}}}"
            )
        );
    }
}

use chrono::DateTime;
use serde_json::{Value, json};

use super::constraint::required;
use crate::{
    rules::{Leaves, Pattern, Reader, Token},
    wire::AwsError,
};

/// What a sample event has to have. The documentation asks for `resources` too, EventBridge does not.
const MANDATORY: [&str; 6] = ["id", "account", "source", "time", "region", "detail-type"];
/// The deepest JSON that EventBridge reads.
const MAX_DEPTH: usize = 1000;

/// Whether a sample event matches a pattern.
/// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html>.
pub(super) fn test_event_pattern(request: &Value) -> Result<Value, AwsError> {
    let (pattern, event) = (required(request, "EventPattern")?, required(request, "Event")?);
    let pattern = Pattern::parse(pattern).map_err(|error| {
        AwsError::bad_request("InvalidEventPatternException", error.to_string())
    })?;
    let refuse = |reason: &str| {
        let message = format!("Parameter Event is not valid.{reason}");
        AwsError::bad_request("ValidationException", message)
    };
    let time = envelope_time(event).ok_or_else(|| refuse(""))?;
    if DateTime::parse_from_rfc3339(&time).is_err() {
        return Err(refuse(" Reason: Invalid time."));
    }
    let leaves = Leaves::parse(event).ok_or_else(|| refuse(""))?;
    Ok(json!({ "Result": pattern.matches_leaves(&leaves) }))
}

/// The time of an event that has an envelope, empty if it is no text; `None` for anything else.
fn envelope_time(event: &str) -> Option<String> {
    let mut reader = Reader::new(event, MAX_DEPTH);
    let mut missing = MANDATORY.to_vec();
    let mut time = String::new();
    if reader.next().ok()??.token != Token::BeginObject {
        return None;
    }
    while let Some(lexed) = reader.next().ok()? {
        if let (Token::Name(name), 1) = (&lexed.token, reader.depth()) {
            missing.retain(|mandatory| mandatory != name);
            if name == "time"
                && let Token::Text(text) = reader.next().ok()??.token
            {
                time = text.into_owned();
            }
        }
    }
    missing.is_empty().then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(pattern: &str, event: &str) -> Result<Value, AwsError> {
        test_event_pattern(&json!({ "EventPattern": pattern, "Event": event }))
    }

    fn event() -> Value {
        json!({
            "id": "1", "account": "000000000000", "source": "shop", "region": "us-east-1",
            "time": "2026-09-13T00:00:00Z", "detail-type": "Sold",
        })
    }

    #[test]
    fn an_event_without_resources_and_detail_is_answered() {
        let answer = |pattern| answer(pattern, &event().to_string()).unwrap();
        assert_eq!(answer(r#"{"source":["shop"]}"#), json!({ "Result": true }));
        assert_eq!(answer(r#"{"detail":{"a":[1]}}"#), json!({ "Result": false }));
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let without = |name: &str| {
            let mut event = event();
            event.as_object_mut().unwrap().remove(name);
            event.to_string()
        };
        let with_time = |time: Value| {
            let mut event = event();
            event["time"] = time;
            event.to_string()
        };
        let plain = "Parameter Event is not valid.";
        let time = "Parameter Event is not valid. Reason: Invalid time.";
        for (event, message) in [
            ("not json".to_owned(), plain),
            ("{".to_owned(), plain),
            ("{}".to_owned(), plain),
            ("[]".to_owned(), plain),
            ("1".to_owned(), plain),
            (event().to_string() + "x", plain),
            (json!({ "detail": event() }).to_string(), plain),
            (without("id"), plain),
            (without("account"), plain),
            (without("source"), plain),
            (without("time"), plain),
            (without("region"), plain),
            (without("detail-type"), plain),
            (with_time(json!(1)), time),
            (with_time(json!({ "time": "2026-09-13T00:00:00Z" })), time),
            (with_time(json!("not-a-time")), time),
        ] {
            let error = answer(r#"{"source":["shop"]}"#, &event).unwrap_err();
            assert_eq!((error.code, &*error.message), ("ValidationException", message), "{event}");
        }
    }

    #[test]
    fn a_pattern_that_is_refused_comes_first() {
        let error = answer("{}", "not json").unwrap_err();
        assert_eq!(error.code, "InvalidEventPatternException");
        let error = test_event_pattern(&json!({ "Event": "{}" })).unwrap_err();
        assert_eq!(
            error.message,
            "1 validation error detected: Value null at 'eventPattern' failed to satisfy constraint: \
             Member must not be null"
        );
        let error = test_event_pattern(&json!({ "EventPattern": {}, "Event": "{}" })).unwrap_err();
        assert_eq!(error.code, "SerializationException");
    }
}

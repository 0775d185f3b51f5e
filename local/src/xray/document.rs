use serde_json::{Map, Value};

use crate::trace_header::{is_segment_id, is_trace_id};

/// The largest document (<https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>).
const MAX_SIZE: usize = 64 * 1024;
/// The longest name, from the same page.
const MAX_NAME: usize = 200;

/// A segment, or a subsegment that came on its own, as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Document {
    /// Of the segment or subsegment, in lower case.
    pub(super) id: String,
    /// Of the trace, in lower case.
    pub(super) trace_id: String,
    /// Whether it is a subsegment.
    pub(super) is_subsegment: bool,
    /// Whether a complete one will follow.
    pub(super) in_progress: bool,
    /// The whole document as it came, a tenth of what it takes when it is parsed.
    text: String,
}

/// Why a document was not taken, in the form in which `PutTraceSegments` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// The document's id, as far as it was readable.
    pub(super) id: Option<String>,
    /// For programs.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) message: String,
}

impl Document {
    /// In bytes.
    pub(super) fn size(&self) -> usize {
        self.text.len()
    }

    /// The whole document.
    pub(super) fn body(&self) -> Map<String, Value> {
        // It was read before it was kept.
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// Reads one text: a segment, a subsegment, or an array of subsegments.
pub(super) fn read(text: &str) -> Result<Vec<Document>, Rejection> {
    if text.len() > MAX_SIZE {
        return Err(too_large(text));
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(body)) => Ok(vec![document(&body, text.to_owned())?]),
        Ok(Value::Array(items)) => {
            let bodies = items.into_iter().map(|item| match item {
                Value::Object(body) => {
                    let text = Value::Object(body.clone()).to_string();
                    document(&body, text)
                }
                other => Err(reject(None, "JSONFormatError", &format!("{other} is no document"))),
            });
            bodies.collect()
        }
        Ok(other) => Err(reject(None, "JSONFormatError", &format!("{other} is no document"))),
        Err(error) => Err(reject(None, "JSONFormatError", &error.to_string())),
    }
}

/// Accepts a document that is a value already.
pub(super) fn from_value(value: &Value) -> Result<Document, Rejection> {
    let text = value.to_string();
    match value {
        _ if text.len() > MAX_SIZE => Err(too_large(&text)),
        Value::Object(body) => document(body, text),
        other => Err(reject(None, "JSONFormatError", &format!("{other} is no document"))),
    }
}

fn document(body: &Map<String, Value>, text: String) -> Result<Document, Rejection> {
    let member = |name: &str| body.get(name).and_then(Value::as_str);
    let id = member("id").map(str::to_owned);
    let refuse = |code, message: &str| Err(reject(id.clone(), code, message));
    let Some(own_id) = id.as_deref() else {
        return refuse("MissingId", "`id` is missing");
    };
    if !is_segment_id(own_id) {
        return refuse("InvalidId", "`id` is not 16 hexadecimal digits");
    }
    match member("name") {
        None | Some("") => return refuse("MissingName", "`name` is missing"),
        Some(name) if name.chars().count() > MAX_NAME => {
            return refuse("InvalidName", "`name` has more than 200 characters");
        }
        Some(_) => {}
    }
    let Some(trace_id) = member("trace_id").filter(|id| is_trace_id(id)) else {
        return refuse("InvalidTraceId", "`trace_id` is missing or malformed");
    };
    let time = |name: &str| body.get(name).and_then(Value::as_f64).filter(|time| time.is_finite());
    if time("start_time").is_none() {
        return refuse("MissingStartTime", "`start_time` is not a number of seconds");
    }
    let in_progress = body.get("in_progress") == Some(&Value::Bool(true));
    if time("end_time").is_none() && !in_progress {
        return refuse("MissingEndTime", "there is neither an `end_time` nor `in_progress`");
    }
    let parent = member("parent_id");
    if parent.is_some_and(|parent| !is_segment_id(parent)) {
        return refuse("InvalidParentId", "`parent_id` is not 16 hexadecimal digits");
    }
    let is_subsegment = member("type") == Some("subsegment");
    if is_subsegment && parent.is_none() {
        return refuse("MissingParentId", "a subsegment needs a `parent_id`");
    }
    Ok(Document {
        id: own_id.to_ascii_lowercase(),
        trace_id: trace_id.to_ascii_lowercase(),
        is_subsegment,
        in_progress,
        text,
    })
}

fn too_large(text: &str) -> Rejection {
    let message = format!("The document has {} bytes, more than {MAX_SIZE}.", text.len());
    Rejection { id: None, code: "DocumentTooLarge", message }
}

fn reject(id: Option<String>, code: &'static str, reason: &str) -> Rejection {
    Rejection { id, code, message: format!("Invalid segment. ErrorCode: {code}: {reason}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({
            "id": "53995c3f42cd8ad8", "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
            "name": "shop", "start_time": 1.5, "end_time": 2.0,
        })
    }

    #[test]
    fn documents_that_are_taken() {
        let with = |name: &str, value: Value| {
            let mut document = good();
            document[name] = value;
            document
        };
        for document in [
            good(),
            with("parent_id", json!("53995c3f42cd8ad9")),
            with("id", json!("53995C3F42CD8AD8")),
            with("trace_id", json!("1-00000000-bd862e3fe1be46a994272793")),
            json!([good(), good()]),
        ] {
            assert!(read(&document.to_string()).is_ok(), "{document}");
        }
        let mut running = good();
        running["in_progress"] = json!(true);
        running["end_time"] = Value::Null;
        assert!(read(&running.to_string()).unwrap()[0].in_progress);
    }

    #[test]
    fn documents_that_are_refused() {
        for (field, value, code) in [
            ("id", Value::Null, "MissingId"),
            ("id", json!("53"), "InvalidId"),
            ("name", Value::Null, "MissingName"),
            ("name", json!(""), "MissingName"),
            ("name", json!("x".repeat(201)), "InvalidName"),
            ("trace_id", Value::Null, "InvalidTraceId"),
            ("trace_id", json!("5759e988bd862e3fe1be46a994272793"), "InvalidTraceId"),
            ("start_time", json!("now"), "MissingStartTime"),
            ("end_time", Value::Null, "MissingEndTime"),
            ("parent_id", json!("53"), "InvalidParentId"),
            ("type", json!("subsegment"), "MissingParentId"),
        ] {
            let mut document = good();
            document[field] = value;
            assert_eq!(read(&document.to_string()).unwrap_err().code, code, "{document}");
        }
        for text in ["", "{", "null", "3", "[3]", "\"x\""] {
            assert_eq!(read(text).unwrap_err().code, "JSONFormatError", "{text}");
        }
        let large = "x".repeat(70_000);
        assert_eq!(read(&large).unwrap_err().code, "DocumentTooLarge");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}\",:a-z0-9 ]{0,60}") {
            let _outcome = read(&text);
        }
    }
}

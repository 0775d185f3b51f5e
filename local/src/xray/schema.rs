use serde_json::{Map, Value};

use Form::{Each, Either, Fields, List, Number, Object, Text, Texts, Truth, Values};

/// What a field of a document holds.
enum Form {
    Text,
    Number,
    Truth,
    /// A list of texts.
    Texts,
    /// A list of whatever.
    List,
    /// An object with whatever is in it.
    Object,
    /// An object whose values are of one of these forms.
    Values(&'static [Self]),
    /// An object with these fields.
    Fields(Names),
    /// A list of such objects.
    Each(Names),
    /// One of these.
    Either(&'static [Self]),
}

type Names = &'static [(&'static str, Form)];

/// The fields of segments and subsegments, from
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>, and what services and SDKs send besides.
/// `aws` may hold anything: each service and SDK has fields of its own there.
const DOCUMENT: Names = &[
    ("id", Text),
    ("name", Text),
    ("trace_id", Text),
    ("parent_id", Text),
    ("type", Text),
    ("start_time", Number),
    ("end_time", Number),
    ("in_progress", Truth),
    ("inferred", Truth),
    ("namespace", Text),
    ("origin", Text),
    ("resource_arn", Text),
    ("user", Text),
    ("service", Values(&[Text])),
    ("http", Fields(HTTP)),
    ("aws", Object),
    ("sql", Fields(SQL)),
    ("error", Truth),
    ("throttle", Truth),
    ("fault", Truth),
    ("cause", Either(&[Text, Fields(CAUSE)])),
    ("annotations", Values(&[Text, Number, Truth])),
    ("metadata", Object),
    ("links", List),
    ("precursor_ids", Texts),
    ("traced", Truth),
];

const HTTP: Names = &[
    (
        "request",
        Fields(&[
            ("method", Text),
            ("url", Text),
            ("user_agent", Text),
            ("client_ip", Text),
            ("x_forwarded_for", Truth),
            ("traced", Truth),
        ]),
    ),
    ("response", Fields(&[("status", Number), ("content_length", Either(&[Number, Text]))])),
];

const SQL: Names = &[
    ("connection_string", Text),
    ("url", Text),
    ("sanitized_query", Text),
    ("database_type", Text),
    ("database_version", Text),
    ("driver_version", Text),
    ("user", Text),
    ("preparation", Text),
];

const CAUSE: Names = &[
    ("id", Text),
    ("message", Text),
    ("working_directory", Text),
    ("paths", Texts),
    (
        "exceptions",
        Each(&[
            ("id", Text),
            ("message", Text),
            ("type", Text),
            ("remote", Truth),
            ("truncated", Number),
            ("skipped", Number),
            ("cause", Text),
            ("stack", Each(&[("path", Text), ("line", Number), ("label", Text)])),
        ]),
    ),
];

/// Removes what no document has: unknown fields, and values of another form.
pub(super) fn strip(document: &mut Map<String, Value>) {
    strip_to(document, DOCUMENT);
}

fn strip_to(object: &mut Map<String, Value>, names: Names) {
    object.retain(|name, value| {
        names.iter().find(|(known, _)| known == name).is_some_and(|(_, form)| form.strip(value))
    });
}

impl Form {
    /// Removes from `value` what does not belong there, and returns whether it has this form.
    fn strip(&self, value: &mut Value) -> bool {
        match (self, value) {
            (Text, Value::String(_))
            | (Number, Value::Number(_))
            | (Truth, Value::Bool(_))
            | (List, Value::Array(_))
            | (Object, Value::Object(_)) => true,
            (Texts, Value::Array(list)) => {
                list.retain(Value::is_string);
                true
            }
            (Values(forms), Value::Object(object)) => {
                object.retain(|_, value| forms.iter().any(|form| form.strip(value)));
                true
            }
            (Fields(names), Value::Object(object)) => {
                strip_to(object, names);
                true
            }
            (Each(names), Value::Array(list)) => {
                list.retain_mut(|value| Fields(names).strip(value));
                true
            }
            (Either(forms), value) => forms.iter().any(|form| form.strip(value)),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_document_has_is_removed() {
        for (sent, kept) in [
            (json!({ "name": "a", "unknown_field": 1 }), json!({ "name": "a" })),
            (json!({ "fault": "true", "error": 1, "throttle": true }), json!({ "throttle": true })),
            (
                json!({ "annotations": { "arr": [1], "nest": { "a": 1 }, "nul": null, "a.b": 1, "t": true, "x": "y" } }),
                json!({ "annotations": { "a.b": 1, "t": true, "x": "y" } }),
            ),
            (json!({ "annotations": [1], "metadata": 3, "user": null, "aws": "x" }), json!({})),
            (
                json!({ "http": { "request": { "url": 3, "method": "GET", "body": "x" }, "response": { "status": "200" }, "x": 1 } }),
                json!({ "http": { "request": { "method": "GET" }, "response": {} } }),
            ),
            (json!({ "http": { "request": 3 } }), json!({ "http": {} })),
            (json!({ "cause": 3 }), json!({})),
            (
                json!({ "cause": { "exceptions": [3, { "id": "a", "type": 1, "stack": [{ "line": "x", "label": "f", "column": 1 }, 3] }] } }),
                json!({ "cause": { "exceptions": [{ "id": "a", "stack": [{ "label": "f" }] }] } }),
            ),
            (
                json!({ "precursor_ids": ["a", 3], "sql": { "url": "u", "query": "q" } }),
                json!({
                    "precursor_ids": ["a"], "sql": { "url": "u" },
                }),
            ),
        ] {
            let mut stripped = sent.clone();
            strip(stripped.as_object_mut().unwrap());
            assert_eq!(stripped, kept, "{sent}");
        }
    }

    /// Of services, SDKs and OpenTelemetry.
    #[test]
    fn what_is_sent_stays() {
        let orders = include_str!("../../benches/xray/order.jsonl").lines();
        let orders = orders.map(|line| serde_json::from_str(line).unwrap());
        let others = [
            json!({ "links": [{ "trace_id": "1-0", "id": "a", "attributes": { "aws.xray.reserved.names": ["a"] } }] }),
            json!({ "service": { "name": "shop", "version": "1", "runtime": "node", "compiler": "gc" }, "in_progress": false }),
            json!({ "http": {
                "request": { "method": "GET", "url": "u", "user_agent": "a", "client_ip": "c", "x_forwarded_for": true },
                "response": { "status": 200, "content_length": "12" },
            } }),
            json!({ "http": { "response": { "content_length": -1 } }, "inferred": true, "traced": true }),
            json!({ "aws": { "ecs": { "container": "c" }, "retries": 0, "key": null, "table_names": ["a", "b"] } }),
            json!({ "metadata": { "default": { "list": [null, { "a": {} }] }, "flat": 3 } }),
            json!({ "cause": "53995c3f42cd8ada" }),
            json!({ "cause": { "working_directory": "/", "paths": ["a"], "exceptions": [{
                "id": "a", "message": "m", "type": "t", "remote": true, "truncated": 1, "skipped": 2, "cause": "b",
                "stack": [{ "path": "a.py", "line": 3, "label": "f" }],
            }] } }),
            json!({ "sql": { "url": "u", "preparation": "call", "sanitized_query": "q", "user": "u" } }),
        ];
        for sent in orders.chain(others) {
            let mut stripped: Value = sent.clone();
            strip(stripped.as_object_mut().unwrap());
            assert_eq!(stripped, sent);
        }
    }
}

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::{clock, ring_buffer::RingBuffer};

/// How many lines are kept; the oldest go first.
const MOST: usize = 5_000;

/// What stands for the message of a line of metrics.
const METRICS: &str = "metrics";

/// The functions' log lines: the latest ones are kept, each is handed on as it comes.
pub struct Logs {
    lines: RingBuffer<Line>,
    hand_on: Box<dyn Fn(&Line) + Send + Sync>,
}

/// A log line.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// When it came, RFC 3339.
    pub time: String,
    /// The function's name.
    pub function: String,
    /// `INFO`, `WARN`, …; empty where the line does not say.
    pub level: String,
    /// What it says.
    pub message: String,
    /// The invocation that it belongs to, where it says so.
    pub request_id: Option<String>,
    /// The trace that it belongs to, where it says so.
    pub trace_id: Option<String>,
    /// What else it says, `name=value` and so on.
    pub fields: String,
}

impl Line {
    /// Whether it is for CloudWatch to count and not for people to read.
    pub fn is_metrics(&self) -> bool {
        self.message == METRICS
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Logs")
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, function, level, message, fields, .. } = self;
        let clock = time.get(11..23).unwrap_or(time);
        write!(f, "{clock} {function} {level:5} {message}")?;
        if fields.is_empty() { Ok(()) } else { write!(f, "  {fields}") }
    }
}

impl Logs {
    /// Keeps lines and hands each to `hand_on`.
    pub fn new(hand_on: impl Fn(&Line) + Send + Sync + 'static) -> Self {
        Self { lines: RingBuffer::new(MOST), hand_on: Box::new(hand_on) }
    }

    /// Adds a line that `function` wrote.
    pub fn add(&self, function: &str, text: &str) {
        let line = read(function, text);
        (self.hand_on)(&line);
        self.lines.push(line);
    }

    /// The kept lines that are `wanted`, oldest first.
    pub fn lines(&self, wanted: impl Fn(&Line) -> bool) -> Vec<Line> {
        self.lines.matching(wanted)
    }
}

/// Reads a JSON line of the services' form, or one of metrics in CloudWatch's embedded format; any other text is a message as it stands.
fn read(function: &str, text: &str) -> Line {
    let time = clock::rfc3339();
    let mut line = Line {
        time,
        function: function.to_owned(),
        level: String::new(),
        message: text.to_owned(),
        request_id: None,
        trace_id: None,
        fields: String::new(),
    };
    let Ok(Value::Object(mut json)) = serde_json::from_str(text) else { return line };
    let mut take = |name: &str| {
        json.remove(name)
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let message = match take("_aws") {
        Some(_) => METRICS.to_owned(),
        None => match take("message") {
            Some(message) => message,
            None => return line,
        },
    };
    line.message = message;
    line.level = take("level").unwrap_or_default();
    line.request_id = take("request_id");
    line.trace_id = take("xray_trace_id");
    if let Some(time) = take("timestamp") {
        line.time = time;
    }
    let _known = (
        take("target"),
        take("service_name"),
        take("cold_start"),
        take("event_source"),
        take("Service"),
    );
    let fields = json.iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    });
    line.fields = fields.collect::<Vec<_>>().join(" ");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_readable() {
        let line = read(
            "pay",
            r#"{"timestamp":"2026-11-22T12:00:00.123Z","level":"INFO","message":"done","target":"x","xray_trace_id":"1-2-3","order_id":"ord_1","n":2}"#,
        );
        assert_eq!(line.to_string(), "12:00:00.123 pay INFO  done  n=2 order_id=ord_1");
        assert_eq!(line.trace_id.as_deref(), Some("1-2-3"));
        let line = read(
            "pay",
            r#"{"_aws":{"Timestamp":1},"PaymentsFailed":1,"Service":"pay","xray_trace_id":"1-2-3"}"#,
        );
        assert!(line.to_string().ends_with(" pay       metrics  PaymentsFailed=1"), "{line}");
        assert_eq!(line.trace_id.as_deref(), Some("1-2-3"));
        for text in ["panicked at x", "{}", "[1]", ""] {
            assert_eq!(read("pay", text).message, text);
        }
    }
}

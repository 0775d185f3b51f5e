use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::{clock, ring_buffer::RingBuffer};

/// How many lines are kept; the oldest are dropped first.
const CAPACITY: usize = 5_000;

/// What stands for the message of a line of metrics.
const METRICS: &str = "metrics";
/// Fields that repeat what the line shows anyway, or what only machines want to know.
const OMITTED: [&str; 5] = ["target", "service_name", "cold_start", "event_source", "Service"];

/// The functions' log lines: the latest are kept, and each is handed on as it comes.
pub(crate) struct Logs {
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
    fn new(function: &str, message: &str) -> Self {
        Self {
            time: clock::rfc3339(),
            function: function.to_owned(),
            level: String::new(),
            message: message.to_owned(),
            request_id: None,
            trace_id: None,
            fields: String::new(),
        }
    }

    /// Whether it is one of metrics, for CloudWatch to count and not for people to read.
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
    pub(crate) fn new(hand_on: impl Fn(&Line) + Send + Sync + 'static) -> Self {
        Self { lines: RingBuffer::new(CAPACITY), hand_on: Box::new(hand_on) }
    }

    /// Adds a line that `function` wrote.
    pub(crate) fn add(&self, function: &str, text: &str) {
        self.push(parse(function, text));
    }

    /// Adds an error of this program itself.
    pub(crate) fn report(&self, problem: &str) {
        let line = Line { level: "ERROR".to_owned(), ..Line::new("local", problem) };
        self.push(line);
    }

    /// The kept lines that are `wanted`, oldest first.
    pub(crate) fn lines(&self, wanted: impl Fn(&Line) -> bool) -> Vec<Line> {
        self.lines.matching(wanted)
    }

    /// The latest `most` lines that are `wanted`, newest first.
    pub(crate) fn latest(&self, most: usize, wanted: impl Fn(&Line) -> bool) -> Vec<Line> {
        self.lines.latest_matching(most, wanted)
    }

    /// Counts the lines.
    pub(crate) fn revision(&self) -> u64 {
        self.lines.revision()
    }

    fn push(&self, line: Line) {
        (self.hand_on)(&line);
        self.lines.push(line);
    }
}

/// Parses a JSON line as the services write it, or one of metrics in CloudWatch's embedded format. Any other
/// text is a message as it stands.
fn parse(function: &str, text: &str) -> Line {
    let mut line = Line::new(function, text);
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
    let fields = json.iter().filter(|(name, _)| !OMITTED.contains(&name.as_str()));
    let fields = fields.map(|(name, value)| match value {
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
        let line = parse(
            "pay",
            r#"{"timestamp":"2026-11-22T12:00:00.123Z","level":"INFO","message":"done","target":"x","xray_trace_id":"1-2-3","order_id":"ord_1","n":2}"#,
        );
        assert_eq!(line.to_string(), "12:00:00.123 pay INFO  done  n=2 order_id=ord_1");
        assert_eq!(line.trace_id.as_deref(), Some("1-2-3"));
        let line = parse(
            "pay",
            r#"{"_aws":{"Timestamp":1},"PaymentsFailed":1,"Service":"pay","xray_trace_id":"1-2-3"}"#,
        );
        assert!(line.to_string().ends_with(" pay       metrics  PaymentsFailed=1"), "{line}");
        assert_eq!(line.trace_id.as_deref(), Some("1-2-3"));
        for text in ["panicked at x", "{}", "[1]", ""] {
            assert_eq!(parse("pay", text).message, text);
        }
    }
}

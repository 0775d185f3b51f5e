use std::{fmt, time::Duration};

use serde::Serialize;
use serde_json::Value;

use crate::{
    clock,
    printable::Printable,
    ring_buffer::{Cut, Page, RingBuffer},
};

/// How many lines are kept; the oldest are dropped first.
const CAPACITY: usize = 5_000;

/// What stands for the message of a line of metrics.
const METRICS: &str = "metrics";
/// Fields that repeat what the line shows anyway, or what only machines want to know.
const OMITTED: [&str; 5] = ["target", "service_name", "cold_start", "event_source", "Service"];

/// The functions' log lines: the latest are kept, and each is handed on as it comes.
pub(crate) struct Logs {
    lines: RingBuffer<Line>,
    hand_on: Box<dyn Fn(Entry<'_>) + Send + Sync>,
}

/// What happens, for whoever watches.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// A function, or this program, has something to say.
    Line(&'a Line),
    /// The REST API has answered a request.
    Served(&'a Served),
}

/// A request to the REST API and its answer.
#[derive(Clone, Debug)]
pub struct Served {
    /// When it was answered, RFC 3339.
    pub time: String,
    /// Its method.
    pub method: String,
    /// Its path as it came.
    pub path: String,
    /// The answer's status.
    pub status: u16,
    /// How long the answer took.
    pub duration: Duration,
    /// Its trace, if that is recorded.
    pub trace_id: Option<String>,
    /// How its business ended, by the annotations of the trace, if that is known.
    pub outcome: Option<String>,
}

/// What writes a line: a function, and the invocation that its process was given last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    /// The function's name.
    pub(crate) function: String,
    /// The invocation.
    pub(crate) request_id: Option<String>,
    /// The invocation's trace.
    pub(crate) trace_id: Option<String>,
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
    /// The invocation that it belongs to: that which ran in its process.
    pub request_id: Option<String>,
    /// The trace that it belongs to.
    pub trace_id: Option<String>,
    /// What else it says, `name=value` and so on.
    pub fields: String,
    /// The line as it was written, where that is not the message.
    #[serde(skip)]
    pub written: Option<Box<str>>,
}

impl Line {
    fn new(source: &Source, message: &str) -> Self {
        let Source { function, request_id, trace_id } = source.clone();
        Self {
            time: clock::rfc3339(),
            function,
            level: String::new(),
            message: message.to_owned(),
            request_id,
            trace_id,
            fields: String::new(),
            written: None,
        }
    }

    /// The line as it was written.
    pub fn text(&self) -> &str {
        self.written.as_deref().unwrap_or(&self.message)
    }

    /// The line as it was written.
    pub(crate) fn into_text(self) -> String {
        self.written.map_or(self.message, String::from)
    }

    /// When it came, in milliseconds since the epoch.
    pub fn millis(&self) -> i64 {
        clock::parse_millis(&self.time)
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
        let line = format!("{clock} {function} {level:5} {message}");
        write!(f, "{}", Printable(&line))?;
        if fields.is_empty() { Ok(()) } else { write!(f, "  {}", Printable(fields)) }
    }
}

impl Logs {
    /// Keeps lines and hands each to `hand_on`.
    pub(crate) fn new(hand_on: impl Fn(Entry<'_>) + Send + Sync + 'static) -> Self {
        Self { lines: RingBuffer::new(CAPACITY), hand_on: Box::new(hand_on) }
    }

    /// Adds a line that a function wrote.
    pub(crate) fn add(&self, source: &Source, text: &str) {
        self.push(parse(source, text));
    }

    /// Adds what Lambda has to say of a function that failed.
    pub(crate) fn add_error(&self, source: &Source, problem: &str) {
        self.push(Line { level: "ERROR".to_owned(), ..Line::new(source, problem) });
    }

    /// Adds an error of this program itself.
    pub(crate) fn report(&self, problem: &str) {
        let source = Source { function: "local".to_owned(), ..Source::default() };
        self.add_error(&source, problem);
    }

    /// Hands on that a request was answered.
    pub(crate) fn served(&self, request: &Served) {
        (self.hand_on)(Entry::Served(request));
    }

    /// The kept lines that are `wanted`, oldest first.
    pub(crate) fn lines(&self, wanted: impl Fn(&Line) -> bool) -> Vec<Line> {
        self.lines.matching(wanted)
    }

    /// The kept lines that are `wanted`, oldest first, each with its number.
    pub(crate) fn numbered(&self, wanted: impl Fn(&Line) -> bool) -> Vec<(u64, Line)> {
        self.lines.numbered(wanted)
    }

    /// A page of the lines that people read.
    pub(crate) fn page(&self, cut: &Cut<'_>) -> Page<Line> {
        self.lines.page(cut, |line| !line.is_metrics(), Line::millis)
    }

    /// Counts the lines.
    pub(crate) fn revision(&self) -> u64 {
        self.lines.revision()
    }

    fn push(&self, line: Line) {
        (self.hand_on)(Entry::Line(&line));
        self.lines.push(line);
    }
}

/// Parses a JSON line as the services write it, or one of metrics in CloudWatch's embedded format. Any other
/// text is a message as it stands. A line belongs to the invocation of its source, and only without one to that which
/// it names itself.
fn parse(source: &Source, text: &str) -> Line {
    let mut line = Line::new(source, text);
    let Ok(Value::Object(mut json)) = serde_json::from_str(text) else { return line };
    let mut take = |name: &str| {
        json.remove(name)
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let message = match take("_aws") {
        Some(_) => METRICS.to_owned(),
        // A bus's record names the step.
        None => match take("message").or_else(|| take("message_type")) {
            Some(message) => message,
            None => return line,
        },
    };
    line.message = message;
    line.written = Some(text.into());
    line.level = take("level").or_else(|| take("log_level")).unwrap_or_default();
    let (request_id, trace_id) = (take("request_id"), take("xray_trace_id"));
    line.request_id = line.request_id.or(request_id);
    line.trace_id = line.trace_id.or(trace_id);
    // What is no time says nothing of the order of lines.
    if let Some(time) = take("timestamp").filter(|time| clock::parse_millis(time) > 0) {
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

    fn pay() -> Source {
        Source { function: "pay".to_owned(), ..Source::default() }
    }

    #[test]
    fn lines_are_readable() {
        let line = parse(
            &pay(),
            r#"{"timestamp":"2026-11-22T12:00:00.123Z","level":"INFO","message":"done","target":"x","xray_trace_id":"1-2-3","order_id":"ord_1","n":2}"#,
        );
        assert_eq!(line.to_string(), "12:00:00.123 pay INFO  done  n=2 order_id=ord_1");
        assert_eq!(line.trace_id.as_deref(), Some("1-2-3"));
        let line = parse(
            &pay(),
            r#"{"_aws":{"Timestamp":1},"PaymentsFailed":1,"Service":"pay","xray_trace_id":"1-2-3"}"#,
        );
        assert!(line.to_string().ends_with(" pay       metrics  PaymentsFailed=1"), "{line}");
        assert_eq!(line.trace_id.as_deref(), Some("1-2-3"));
        for text in ["panicked at x", "{}", "[1]", ""] {
            assert_eq!(parse(&pay(), text).message, text);
        }
    }

    #[test]
    fn a_line_belongs_to_the_invocation_of_its_process() {
        let source = Source {
            request_id: Some("r".to_owned()),
            trace_id: Some("1-2-3".to_owned()),
            ..pay()
        };
        let claim =
            r#"{"level":"INFO","message":"x","request_id":"other","xray_trace_id":"1-9-9"}"#;
        for text in ["thread 'main' panicked at src/main.rs:1:1:", claim, "{}"] {
            let line = parse(&source, text);
            assert_eq!(line.request_id.as_deref(), Some("r"), "{text}");
            assert_eq!(line.trace_id.as_deref(), Some("1-2-3"), "{text}");
        }
    }

    #[test]
    fn no_function_forges_a_line() {
        let forged = "done\n12:00:00.000 order ERROR stolen\x1b[1A";
        let json = serde_json::json!({
            "timestamp": "2026-11-22T12:00:00.\x1b[2K", "level": "INFO\r", "message": forged, "field\n": "v\u{9b}2J",
        });
        for text in [forged, &json.to_string()] {
            let shown = parse(&pay(), text).to_string();
            assert!(!shown.contains(char::is_control), "{shown:?}");
            assert!(shown.contains("done\\n12:00:00.000 order ERROR stolen\\u{1b}[1A"), "{shown}");
        }
    }
}

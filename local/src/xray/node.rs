use serde_json::{Map, Value};

use super::flags::Flags;

/// A segment or a subsegment.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Its id.
    pub(crate) id: String,
    /// What it is.
    pub(crate) kind: Kind,
    /// The parent.
    pub(crate) parent: Option<usize>,
    /// The children, in the order of time.
    pub(crate) children: Vec<usize>,
    /// Whether it names a parent that is not there.
    pub(crate) orphaned: bool,
    /// Seconds since the epoch.
    pub(crate) start: f64,
    /// Seconds since the epoch; `None` while it is in progress.
    pub(crate) end: Option<f64>,
    /// The document without its subsegments.
    pub(crate) body: Map<String, Value>,
    /// The status of the HTTP response.
    pub(super) status: Option<i32>,
    /// How it ended.
    pub(super) flags: Flags,
    /// How many of its annotations are indexed.
    pub(super) indexed: usize,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Sent by a service.
    Segment,
    /// Part of a segment.
    Subsegment,
    /// Made up for a service that was called and does not report itself.
    Inferred,
}

impl Node {
    /// A text of the document.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.text("name").unwrap_or_default()
    }

    /// What is at a path of the document, for instance `/http/response/status`.
    pub(super) fn find(&self, path: &str) -> Option<&Value> {
        let mut names = path.split('/').skip(1);
        let first = self.body.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))
    }

    /// Its annotations by name, those alone that are indexed.
    pub(super) fn annotations(&self) -> impl Iterator<Item = (&String, &Value)> {
        let all = self.body.get("annotations").and_then(Value::as_object);
        all.into_iter().flatten().take(self.indexed)
    }

    /// Whether the document carries the flag `name`: `error`, `throttle` or `fault`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.body.get(name) == Some(&Value::Bool(true))
    }

    /// Whether it failed with a 5xx.
    pub(super) fn is_fault(&self) -> bool {
        self.flags.is_fault()
    }

    /// Whether it failed with a 429.
    pub(super) fn is_throttle(&self) -> bool {
        self.flags.is_throttle()
    }

    /// Whether it failed with another 4xx.
    pub(super) fn is_error(&self) -> bool {
        self.flags.is_error()
    }

    /// How long it took, in seconds; nothing while it is in progress.
    pub(crate) fn duration(&self) -> f64 {
        self.end.map_or(0.0, |end| (end - self.start).max(0.0))
    }

    /// How long it took, in whole milliseconds, which is what X-Ray compares; nothing while it is in progress.
    pub(super) fn millis(&self) -> Option<f64> {
        self.end.map(|_| to_millis(self.duration()))
    }

    /// The same in seconds.
    pub(super) fn known_duration(&self) -> Option<f64> {
        self.millis().map(|millis| millis / 1000.0)
    }

    /// Whether it is a segment of its own on the map.
    pub(crate) fn is_segment(&self) -> bool {
        self.kind != Kind::Subsegment
    }
}

/// The status of a document's HTTP response.
pub(super) fn status(body: &Map<String, Value>) -> Option<i32> {
    let status = body.get("http")?.get("response")?.get("status")?.as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    let whole = status as i32;
    (f64::from(whole) - status == 0.0).then_some(whole)
}

pub(super) fn to_millis(seconds: f64) -> f64 {
    (seconds * 1000.0).round()
}

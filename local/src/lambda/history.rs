use chrono::SecondsFormat;
use serde::Serialize;

use super::segments::Run;
use crate::{
    clock,
    ring_buffer::{Cut, Page, RingBuffer},
    template::Function,
    trace_header::TraceHeader,
};

/// How many runs are kept; the oldest are dropped first.
const CAPACITY: usize = 2_000;

/// The latest runs of the functions, traced or not.
#[derive(Debug)]
pub(crate) struct History(RingBuffer<RunRecord>);

/// One run of a function's code: an invocation, or one attempt of an asynchronous one.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RunRecord {
    /// The id of its segment, where it is traced.
    pub(crate) id: String,
    /// The function's name.
    pub(crate) function: String,
    /// The invocation; its attempts have the same.
    pub(crate) request_id: String,
    /// When it began, RFC 3339.
    pub(crate) time: String,
    /// How long it took, in seconds.
    pub(crate) duration: f64,
    /// Whether a process was started for it.
    pub(crate) cold: bool,
    /// Why it failed: type and message.
    pub(crate) error: Option<String>,
    /// The trace that it belongs to.
    pub(crate) trace_id: String,
}

impl Default for History {
    fn default() -> Self {
        Self(RingBuffer::new(CAPACITY))
    }
}

impl History {
    /// A page of the runs, by when they began.
    pub(crate) fn page(&self, cut: &Cut<'_>) -> Page<RunRecord> {
        self.0.page(cut, |_| true, |run| clock::parse_millis(&run.time))
    }

    /// Counts the runs.
    pub(crate) fn revision(&self) -> u64 {
        self.0.revision()
    }

    pub(super) fn add(
        &self,
        function: &Function,
        request_id: &str,
        header: &TraceHeader,
        run: &Run<'_>,
    ) {
        let finished = run.finished;
        let error = finished.outcome.as_ref().err();
        self.0.push(RunRecord {
            id: run.id.to_owned(),
            function: function.name.clone(),
            request_id: request_id.to_owned(),
            time: clock::at(finished.span.start).to_rfc3339_opts(SecondsFormat::Millis, true),
            duration: finished.span.duration(),
            cold: finished.init.is_some(),
            error: error.map(|error| format!("{}: {}", error.kind, error.message)),
            trace_id: header.root.clone(),
        });
    }
}

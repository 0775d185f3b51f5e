use bytes::Bytes;
use serde_json::{Value, json};

use crate::{clock::Span, logs::Source, trace_header::TraceHeader};

/// What a process is asked to do.
#[derive(Clone, Debug)]
pub(super) struct Invocation {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    /// The header `Lambda-Runtime-Trace-Id`.
    pub(super) trace: TraceHeader,
    /// Whether its lines are read before it ends: its caller wants them.
    pub(super) wants_log: bool,
}

impl Invocation {
    /// Whose the lines are that `function` writes meanwhile.
    pub(super) fn source(&self, function: &str) -> Source {
        Source {
            function: function.to_owned(),
            request_id: Some(self.request_id.clone()),
            trace_id: Some(self.trace.root.clone()),
        }
    }
}

/// How an invocation ended, and when.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub(super) outcome: Result<Bytes, FunctionError>,
    pub(super) span: Span,
    /// On a cold start, when the process was started and when it was ready.
    pub(super) init: Option<Span>,
}

/// Why a function did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionError {
    /// How it failed.
    pub(crate) failure: Failure,
    /// `Runtime.ExitError`, or the handler's own.
    pub(crate) kind: String,
    /// In a sentence.
    pub(crate) message: String,
    /// What the caller gets: the handler's own document, or one that says the above.
    pub(crate) payload: Bytes,
}

/// How a function failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The handler returned an error.
    Handler,
    /// The process ended.
    Crash,
    /// The time was up.
    Timeout,
    /// The process was never ready.
    Init,
}

impl FunctionError {
    /// What the runtime reported: `{"errorType", "errorMessage"}`.
    pub(super) fn reported(failure: Failure, payload: Bytes) -> Self {
        let document: Value = serde_json::from_slice(&payload).unwrap_or_default();
        let text = |name: &str| document[name].as_str().map(str::to_owned);
        Self {
            failure,
            kind: text("errorType").unwrap_or_else(|| "Unhandled".to_owned()),
            message: text("errorMessage").unwrap_or_default(),
            payload,
        }
    }

    /// What Lambda itself detected, in its own words.
    pub(super) fn detected(failure: Failure, kind: &str, request_id: &str, error: &str) -> Self {
        let message = format!("RequestId: {request_id} Error: {error}");
        let payload = json!({ "errorType": kind, "errorMessage": message });
        let payload = Bytes::from(payload.to_string());
        Self { failure, kind: kind.to_owned(), message, payload }
    }
}

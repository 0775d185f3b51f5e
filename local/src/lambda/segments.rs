use serde_json::{Value, json};

use super::{
    history::History,
    host::Lambda,
    invocation::{Failure, Finished, FunctionError},
};
use crate::{
    clock::Span,
    identity::ACCOUNT,
    template::Function,
    trace_header::{TraceHeader, new_segment_id},
    xray::Recorder,
};

/// The longest message of an exception, in characters: a document may have 64 KB, an error document 6 MB.
const MAX_MESSAGE: usize = 8 * 1024;

/// The segments that Lambda records for one invocation
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html>).
#[derive(Debug)]
pub(super) struct Segments<'a> {
    recorder: &'a Recorder,
    history: &'a History,
    function: &'a Function,
    request_id: &'a str,
    /// The trace, with the caller as its parent.
    header: &'a TraceHeader,
    /// The id of the Lambda service's segment.
    service_id: String,
}

/// What one run of a function's code is a child of, and how it ended.
#[derive(Debug)]
pub(super) struct Run<'a> {
    /// The id of its segment, the parent of what the function records itself.
    pub(super) id: &'a str,
    /// The attempt; the service's segment where there is none.
    pub(super) attempt_id: Option<&'a str>,
    /// How it ended.
    pub(super) finished: &'a Finished,
}

impl<'a> Segments<'a> {
    /// Those of the invocation `request_id` of `function`.
    pub(super) fn new(
        lambda: &'a Lambda,
        function: &'a Function,
        request_id: &'a str,
        header: &'a TraceHeader,
    ) -> Self {
        let (recorder, history) = (&lambda.recorder, &lambda.history);
        Self { recorder, history, function, request_id, header, service_id: new_segment_id() }
    }

    /// The header that the function gets. In active mode its parent is the segment `run_id`, and it says
    /// whether the trace is sampled; in pass-through mode it is the root alone. Where nobody has decided on
    /// sampling, Lambda does; here it always samples.
    pub(super) fn header_of_run(&self, run_id: &str) -> TraceHeader {
        if self.function.traced {
            let sampled = Some(self.header.sampled.unwrap_or(true));
            self.header.child_of(Some(run_id.to_owned()), sampled)
        } else {
            self.header.child_of(None, None)
        }
    }

    /// Records the segment of the Lambda service, `AWS::Lambda`.
    pub(super) fn service(&self, span: Span, status: u16) {
        let mut segment = json!({
            "id": self.service_id,
            "name": self.function.name,
            "trace_id": self.header.root,
            "start_time": span.start,
            "end_time": span.end,
            "origin": "AWS::Lambda",
            "resource_arn": self.function.arn,
            "http": { "response": { "status": status } },
            "aws": { "request_id": self.request_id },
        });
        if let Some(parent) = &self.header.parent {
            segment["parent_id"] = parent.clone().into();
        }
        self.record(&segment);
    }

    /// Records how long an event waited for its first attempt.
    pub(super) fn dwell_time(&self, span: Span) {
        self.record(&self.part(&new_segment_id(), "Dwell Time", span));
    }

    /// Records an attempt to handle an event. On AWS too, attempts go on after the service's segment has
    /// ended.
    pub(super) fn attempt(&self, id: &str, number: u32, span: Span, failed: bool) {
        let mut part = self.part(id, &format!("Attempt #{number}"), span);
        part["http"] = json!({ "response": { "status": 200 } });
        if failed {
            part["fault"] = true.into();
        }
        self.record(&part);
    }

    /// Records the segment of the function's code, `AWS::Lambda::Function`, in the layout that AWS is
    /// rolling out: what the function records is its child directly, and a cold start shows as `Init`.
    pub(super) fn run(&self, run: &Run<'_>) {
        self.history.add(self.function, self.request_id, self.header, run);
        let (function, Finished { span, init, outcome }) = (self.function, run.finished);
        let mut segment = json!({
            "id": run.id,
            "name": function.name,
            "trace_id": self.header.root,
            "parent_id": run.attempt_id.unwrap_or(&self.service_id),
            "start_time": span.start,
            "end_time": span.end,
            "origin": "AWS::Lambda::Function",
            "aws": {
                "account_id": ACCOUNT,
                "function_arn": function.arn,
                "request_id": self.request_id,
                "resource_names": [function.name],
                "cloudwatch_logs": [{ "log_group": function.log_group }],
            },
            "annotations": { "aws.responseDuration": span.duration() * 1000.0 },
        });
        let error = outcome.as_ref().err();
        if let Some(init) = init {
            let error = error.filter(|error| error.failure == Failure::Init);
            segment["subsegments"] = json!([init_subsegment(run.id, *init, error)]);
        }
        if let Some(error) = error {
            mark(&mut segment, run.id, error);
        }
        self.record(&segment);
    }

    /// A part of the service's segment.
    fn part(&self, id: &str, name: &str, span: Span) -> Value {
        json!({
            "type": "subsegment",
            "id": id,
            "name": name,
            "trace_id": self.header.root,
            "parent_id": self.service_id,
            "start_time": span.start,
            "end_time": span.end,
        })
    }

    fn record(&self, document: &Value) {
        if self.function.traced && self.header.sampled != Some(false) {
            self.recorder.record(document);
        }
    }
}

fn init_subsegment(run_id: &str, span: Span, error: Option<&FunctionError>) -> Value {
    // There is one in each segment; its id differs from the segment's in the first digit.
    let first = if run_id.starts_with('0') { "1" } else { "0" };
    let mut init = json!({
        "id": format!("{first}{}", &run_id[1..]),
        "name": "Init",
        "start_time": span.start,
        "end_time": span.end,
    });
    if let Some(error) = error {
        mark(&mut init, run_id, error);
    }
    init
}

/// Marks a document as failed.
fn mark(document: &mut Value, id: &str, error: &FunctionError) {
    let message: String = error.message.chars().take(MAX_MESSAGE).collect();
    document["fault"] = true.into();
    document["cause"] = json!({
        "exceptions": [{ "id": id, "type": error.kind, "message": message }],
    });
}

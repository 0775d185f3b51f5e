//! The segments that AWS services send for themselves, so that a trace here looks like one on AWS.

use serde_json::{Value, json};

use super::store::Store;
use crate::{
    identity::{ACCOUNT, REGION},
    template::{Api, Function},
    trace_header::TraceHeader,
};

/// When something began and ended, in seconds since the epoch.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Its begin.
    pub start: f64,
    /// Its end.
    pub end: f64,
}

/// What went wrong, as an exception shows it.
#[derive(Clone, Debug)]
pub struct Exception {
    /// `Runtime.ExitError`, or the handler's own.
    pub kind: String,
    /// In a sentence.
    pub message: String,
}

/// A request to a stage, answered.
#[derive(Clone, Debug)]
pub struct StageRequest<'a> {
    /// The stage.
    pub api: &'a Api,
    /// The API's id.
    pub api_id: &'a str,
    /// The id of the stage's segment.
    pub segment_id: &'a str,
    /// The id of its subsegment `Lambda`.
    pub call_id: &'a str,
    /// The trace, with the client's parent if it sent one.
    pub header: &'a TraceHeader,
    /// The request's id.
    pub request_id: &'a str,
    /// Its method.
    pub method: &'a str,
    /// Its whole URL.
    pub url: &'a str,
    /// The client's name for itself.
    pub user_agent: &'a str,
    /// The client's address.
    pub client_ip: &'a str,
    /// When it came and when it was answered.
    pub whole: Span,
    /// When Lambda was called and when it answered.
    pub call: Span,
    /// The function behind it.
    pub function: &'a Function,
    /// What Lambda answered.
    pub call_status: u16,
    /// Whether the function failed.
    pub function_failed: bool,
    /// What the client got.
    pub status: u16,
    /// In bytes.
    pub content_length: usize,
}

/// Sends API Gateway's segment
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-xray.html>).
pub fn stage(store: &Store, request: &StageRequest<'_>) {
    let StageRequest { api, api_id, function, .. } = request;
    let name = format!("{}/{}", api.name, api.stage);
    let invoke = format!(
        "https://lambda.{REGION}.amazonaws.com/2015-03-31/functions/{}/invocations",
        function.arn
    );
    let mut call = json!({
        "id": request.call_id,
        "name": "Lambda",
        "start_time": request.call.start,
        "end_time": request.call.end,
        "namespace": "aws",
        "http": {
            "request": { "url": invoke, "method": "POST" },
            "response": { "status": request.call_status, "content_length": request.content_length },
        },
        "aws": {
            "function_name": function.name,
            "region": REGION,
            "operation": "Invoke",
            "resource_names": [function.name],
        },
    });
    if request.function_failed {
        call["fault"] = true.into();
    }
    let mut segment = json!({
        "id": request.segment_id,
        "name": name,
        "trace_id": request.header.root,
        "start_time": request.whole.start,
        "end_time": request.whole.end,
        "origin": "AWS::ApiGateway::Stage",
        "resource_arn": format!("arn:aws:apigateway:{REGION}::/restapis/{api_id}/stages/{}", api.stage),
        "http": {
            "request": {
                "url": request.url,
                "method": request.method,
                "user_agent": request.user_agent,
                "client_ip": request.client_ip,
                "x_forwarded_for": true,
            },
            "response": { "status": request.status, "content_length": 0 },
        },
        "aws": {
            "api_gateway": {
                "account_id": ACCOUNT,
                "rest_api_id": api_id,
                "stage": api.stage,
                "request_id": request.request_id,
            },
        },
        "annotations": {
            "aws:api_id": api_id,
            "aws:api_stage": api.stage,
        },
        "metadata": { "default": { "request_id": request.request_id } },
        "subsegments": [call],
    });
    if let Some(parent) = &request.header.parent {
        segment["parent_id"] = parent.clone().into();
    }
    match request.status {
        429 => {
            segment["error"] = true.into();
            segment["throttle"] = true.into();
        }
        400..=499 => segment["error"] = true.into(),
        500.. => segment["fault"] = true.into(),
        _ => {}
    }
    send(store, &segment);
}

/// Sends the segment of the Lambda service, `AWS::Lambda`
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html>). `header` has its parent.
pub fn lambda_service(
    store: &Store,
    function: &Function,
    id: &str,
    header: &TraceHeader,
    request_id: &str,
    span: Span,
    status: u16,
) {
    let mut segment = json!({
        "id": id,
        "name": function.name,
        "trace_id": header.root,
        "start_time": span.start,
        "end_time": span.end,
        "origin": "AWS::Lambda",
        "resource_arn": function.arn,
        "http": { "response": { "status": status } },
        "aws": { "request_id": request_id },
    });
    if let Some(parent) = &header.parent {
        segment["parent_id"] = parent.clone().into();
    }
    send(store, &segment);
}

/// Sends a part of the Lambda service's segment of an asynchronous invocation: `Dwell Time`, `Attempt #1`.
/// On AWS too these go on after the segment itself has ended.
pub fn lambda_part(
    store: &Store,
    trace_id: &str,
    service_id: &str,
    id: &str,
    name: &str,
    span: Span,
    failed: Option<bool>,
) {
    let mut part = json!({
        "type": "subsegment",
        "id": id,
        "name": name,
        "trace_id": trace_id,
        "parent_id": service_id,
        "start_time": span.start,
        "end_time": span.end,
    });
    if let Some(failed) = failed {
        part["http"] = json!({ "response": { "status": 200 } });
        if failed {
            part["fault"] = true.into();
        }
    }
    send(store, &part);
}

/// One run of a function's code.
#[derive(Clone, Debug)]
pub struct FunctionRun<'a> {
    /// The function.
    pub function: &'a Function,
    /// The id of its segment, the parent of what the function sends itself.
    pub id: &'a str,
    /// Of the trace.
    pub trace_id: &'a str,
    /// The segment or attempt that it hangs from.
    pub parent: &'a str,
    /// Of the invocation.
    pub request_id: &'a str,
    /// When it began and ended.
    pub span: Span,
    /// On a cold start, when the process was started and when it was ready.
    pub init: Option<Span>,
    /// What went wrong.
    pub exception: Option<&'a Exception>,
    /// Whether it went wrong before the function was ready.
    pub init_failed: bool,
}

/// Sends the segment of the function's code, `AWS::Lambda::Function`, in the layout that AWS is rolling
/// out: what the function sends hangs from it directly, and a cold start shows as `Init`.
pub fn lambda_function(store: &Store, run: &FunctionRun<'_>) {
    let FunctionRun { function, span, .. } = run;
    let mut segment = json!({
        "id": run.id,
        "name": function.name,
        "trace_id": run.trace_id,
        "parent_id": run.parent,
        "start_time": span.start,
        "end_time": span.end,
        "origin": "AWS::Lambda::Function",
        "aws": {
            "account_id": ACCOUNT,
            "function_arn": function.arn,
            "request_id": run.request_id,
            "resource_names": [function.name],
            "cloudwatch_logs": [{ "log_group": function.log_group }],
        },
        "annotations": { "aws.responseDuration": (span.end - span.start) * 1000.0 },
    });
    let cause = run.exception.map(|exception| cause(run.id, exception));
    if let Some(init) = run.init {
        let mut init = json!({
            // One per segment, and told apart from it by its first digit.
            "id": format!("{}{}", if run.id.starts_with('0') { "1" } else { "0" }, &run.id[1..]),
            "name": "Init",
            "start_time": init.start,
            "end_time": init.end,
        });
        if let (true, Some(cause)) = (run.init_failed, &cause) {
            init["fault"] = true.into();
            init["cause"] = cause.clone();
        }
        segment["subsegments"] = json!([init]);
    }
    if let Some(cause) = cause {
        segment["fault"] = true.into();
        segment["cause"] = cause;
    }
    send(store, &segment);
}

fn cause(id: &str, exception: &Exception) -> Value {
    json!({
        "exceptions": [{ "id": id, "type": exception.kind, "message": exception.message }],
    })
}

fn send(store: &Store, document: &Value) {
    if let Err(rejection) = store.put(&document.to_string()) {
        // Only a name of the template can be at fault, for instance one that is too long.
        debug_assert!(false, "{}: {document}", rejection.message);
    }
}

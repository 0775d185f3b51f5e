use serde_json::{Value, json};

use crate::{
    clock::Span,
    identity::{ACCOUNT, REGION},
    template::{Api, Function},
    trace_header::{TraceHeader, new_segment_id},
};

/// The type of a stage in X-Ray.
pub(super) const STAGE: &str = "AWS::ApiGateway::Stage";

/// The ids of a stage's segment and of its subsegment `Lambda`, known before the request is forwarded.
#[derive(Clone, Debug)]
pub(super) struct SegmentIds {
    pub(super) stage: String,
    pub(super) call: String,
}

impl SegmentIds {
    pub(super) fn new() -> Self {
        Self { stage: new_segment_id(), call: new_segment_id() }
    }
}

/// A request to a stage that was answered.
#[derive(Debug)]
pub(super) struct StageRequest<'a> {
    /// The stage.
    pub(super) api: &'a Api,
    /// The ids of the segment.
    pub(super) ids: &'a SegmentIds,
    /// The sampling rule that decided about it, if one did.
    pub(super) rule: Option<&'a str>,
    /// The trace, with the client's parent if it sent one.
    pub(super) header: &'a TraceHeader,
    /// The request's id.
    pub(super) request_id: &'a str,
    /// Its method.
    pub(super) method: &'a str,
    /// Its path without the stage.
    pub(super) path: &'a str,
    /// The client's name for itself.
    pub(super) user_agent: &'a str,
    /// The client's address.
    pub(super) client_ip: String,
    /// When it came and when it was answered.
    pub(super) span: Span,
    /// The status that the client got.
    pub(super) status: u16,
    /// The call of the function.
    pub(super) call: Call<'a>,
}

/// The call of the function behind a route.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The function.
    pub(super) function: &'a Function,
    /// When Lambda was called and when it answered.
    pub(super) span: Span,
    /// The status that Lambda answered.
    pub(super) status: u16,
    /// Whether the function failed.
    pub(super) failed: bool,
    /// The length of Lambda's answer, in bytes.
    pub(super) content_length: usize,
}

/// The segment of a stage
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-xray.html>).
pub(super) fn segment(request: &StageRequest<'_>) -> Value {
    let (api, api_id) = (request.api, request.api.id());
    let mut segment = json!({
        "id": request.ids.stage,
        "name": format!("{}/{}", api.name, api.stage),
        "trace_id": request.header.root,
        "start_time": request.span.start,
        "end_time": request.span.end,
        "origin": STAGE,
        "resource_arn": api.stage_arn(),
        "http": http(request),
        "aws": {
            "api_gateway": {
                "account_id": ACCOUNT,
                "rest_api_id": api_id,
                "stage": api.stage,
                "request_id": request.request_id,
            },
        },
        "annotations": { "aws:api_id": api_id, "aws:api_stage": api.stage },
        "metadata": { "default": { "request_id": request.request_id } },
        "subsegments": [call(&request.ids.call, &request.call)],
    });
    if let Some(parent) = &request.header.parent {
        segment["parent_id"] = parent.clone().into();
    }
    if let Some(rule) = request.rule {
        segment["aws"]["xray"] = json!({ "sampling_rule_name": rule });
    }
    for flag in flags(request.status) {
        segment[*flag] = true.into();
    }
    segment
}

fn http(request: &StageRequest<'_>) -> Value {
    let api = request.api;
    json!({
        "request": {
            "url": format!("https://{}/{}{}", api.domain(), api.stage, request.path),
            "method": request.method,
            "user_agent": request.user_agent,
            "client_ip": request.client_ip,
            "x_forwarded_for": true,
        },
        "response": { "status": request.status, "content_length": 0 },
    })
}

fn call(id: &str, call: &Call<'_>) -> Value {
    let url = format!(
        "https://lambda.{REGION}.amazonaws.com/2015-03-31/functions/{}/invocations",
        call.function.arn
    );
    let mut subsegment = json!({
        "id": id,
        "name": "Lambda",
        "start_time": call.span.start,
        "end_time": call.span.end,
        "namespace": "aws",
        "http": {
            "request": { "url": url, "method": "POST" },
            "response": { "status": call.status, "content_length": call.content_length },
        },
        "aws": {
            "function_name": call.function.name,
            "region": REGION,
            "operation": "Invoke",
            "resource_names": [call.function.name],
        },
    });
    if call.failed {
        subsegment["fault"] = true.into();
    }
    subsegment
}

/// How X-Ray marks a segment with that status.
fn flags(status: u16) -> &'static [&'static str] {
    match status {
        429 => &["error", "throttle"],
        400..=499 => &["error"],
        500.. => &["fault"],
        _ => &[],
    }
}

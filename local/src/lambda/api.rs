use std::{borrow::Cow, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::service::Lambda;
use crate::{template::Function, trace_header::TraceHeader, wire::AwsError};

/// The largest payload of a synchronous and of an asynchronous invocation, in bytes
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MAX_SYNCHRONOUS: usize = 6 * 1024 * 1024;
const MAX_ASYNCHRONOUS: usize = 1024 * 1024;

/// Answers a request to the Lambda API: `Invoke`, and `GetFunctionConfiguration` for whoever wants to check a
/// function before it is invoked.
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>.
pub async fn answer(
    lambda: &Arc<Lambda>,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response<Body>, AwsError> {
    match (method, operation(path)) {
        (&Method::POST, Some((function, "InvokeFunction"))) => {
            invoke(lambda, &function, headers, body).await
        }
        (&Method::GET, Some((function, "GetFunctionConfiguration"))) => {
            let function = lambda.function(&function).map_err(|error| unknown(&error))?;
            let body = Bytes::from(configuration(function).to_string());
            Ok(response(StatusCode::OK, body, &[("content-type", "application/json")]))
        }
        _ => {
            let supported = ["Invoke", "GetFunctionConfiguration"];
            Err(AwsError::unknown_operation("Lambda", &format!("{method} {path}"), &supported))
        }
    }
}

/// The function that `path` names, by its name or ARN, and what is to be done with it, as IAM calls it.
pub fn operation(path: &str) -> Option<(Cow<'_, str>, &'static str)> {
    let (name, what) = path.strip_prefix("/2015-03-31/functions/")?.split_once('/')?;
    let operation = match what {
        "invocations" => "InvokeFunction",
        "configuration" => "GetFunctionConfiguration",
        _ => return None,
    };
    Some((percent_decode_str(name).decode_utf8_lossy(), operation))
}

/// See <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html>.
fn configuration(function: &Function) -> Value {
    let mode = if function.traced { "Active" } else { "PassThrough" };
    json!({
        "FunctionName": function.name,
        "FunctionArn": function.arn,
        "Role": function.role.arn(),
        "Handler": function.handler,
        "MemorySize": function.memory,
        "Timeout": function.timeout.as_secs(),
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "TracingConfig": { "Mode": mode },
        "LoggingConfig": { "LogGroup": function.log_group },
    })
}

fn unknown(error: &super::UnknownFunction) -> AwsError {
    AwsError::not_found("ResourceNotFoundException", error.to_string())
}

async fn invoke(
    lambda: &Arc<Lambda>,
    name: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response<Body>, AwsError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let trace = header("x-amzn-trace-id").and_then(TraceHeader::read);
    let asynchronous = match header("x-amz-invocation-type") {
        None | Some("RequestResponse") => false,
        Some("Event") => true,
        Some(other) => {
            let message = format!(
                "invocation type `{other}` does not exist here; RequestResponse and Event do"
            );
            return Err(AwsError::bad_request("InvalidParameterValueException", message));
        }
    };
    let most = if asynchronous { MAX_ASYNCHRONOUS } else { MAX_SYNCHRONOUS };
    if body.len() > most {
        return Err(AwsError {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            kind: "RequestTooLargeException",
            message: format!("the payload has {} bytes, more than {most}", body.len()),
        });
    }
    let payload = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        let message = format!("Could not parse request body into json: {error}");
        return Err(AwsError::bad_request("InvalidRequestContentException", message));
    }
    if asynchronous {
        let id =
            lambda.invoke_asynchronously(name, payload, trace).map_err(|error| unknown(&error))?;
        return Ok(response(StatusCode::ACCEPTED, Bytes::new(), &[("x-amzn-requestid", &id)]));
    }
    let wants_log = header("x-amz-log-type") == Some("Tail");
    let answer = lambda.invoke(name, payload, trace).await.map_err(|error| unknown(&error))?;
    let header = answer.header.to_string();
    let mut about = vec![
        ("x-amzn-requestid", answer.request_id.as_str()),
        ("x-amz-executed-version", "$LATEST"),
        ("x-amzn-trace-id", header.as_str()),
    ];
    let log = STANDARD.encode(format!("RequestId: {}", answer.request_id));
    if wants_log {
        about.push(("x-amz-log-result", &log));
    }
    let payload = match answer.outcome {
        Ok(payload) => payload,
        Err(error) => {
            about.push(("x-amz-function-error", "Unhandled"));
            error.payload
        }
    };
    Ok(response(StatusCode::OK, payload, &about))
}

fn response(status: StatusCode, body: Bytes, headers: &[(&'static str, &str)]) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

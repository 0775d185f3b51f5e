use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::host::{InvokeOutput, Lambda, UnknownFunction};
use crate::{
    identity::arn_of,
    template::Function,
    wire::{
        AwsApi, AwsError, AwsRequest, HttpResponse, Outcome, Page, Permission, Protocol, Response,
        Route, page_size,
    },
};

/// The operations: `Invoke`, and what functions there are.
const ROUTES: &[Route] = &[
    ("POST", "/2015-03-31/functions/{name}/invocations", "Invoke"),
    ("GET", "/2015-03-31/functions", "ListFunctions"),
    ("GET", "/2015-03-31/functions/", "ListFunctions"),
    ("GET", "/2015-03-31/functions/{name}", "GetFunction"),
    ("GET", "/2015-03-31/functions/{name}/configuration", "GetFunctionConfiguration"),
];
/// The largest `MaxItems`, and the most functions that one answer has for it.
const MAX_ITEMS: usize = 10_000;
const MAX_PAGE: usize = 50;
/// The largest payload of a synchronous and of an asynchronous invocation, in bytes
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MAX_SYNCHRONOUS: usize = 6 * 1024 * 1024;
const MAX_ASYNCHRONOUS: usize = 1024 * 1024;

/// The Lambda API.
#[derive(Debug)]
pub(crate) struct LambdaApi(pub(crate) Arc<Lambda>);

impl AwsApi for LambdaApi {
    fn name(&self) -> &'static str {
        "lambda"
    }

    /// `cargo lambda invoke` does not sign.
    fn protocol(&self) -> Protocol {
        Protocol::RestJson { routes: ROUTES, takes_unsigned: true }
    }

    fn permissions(&self, request: &AwsRequest) -> Vec<Permission> {
        let action = match request.operation.as_str() {
            "Invoke" => "InvokeFunction",
            other => other,
        };
        if action == "ListFunctions" {
            return vec![Permission::new("lambda", action, "*")];
        }
        let function = request.parameters.get("name");
        let needed = |name| Permission::new("lambda", action, arn_of("lambda", "function:", name));
        function.map(|name| needed(name)).into_iter().collect()
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        Box::pin(async {
            let name = request.parameter("name");
            match request.operation.as_str() {
                "Invoke" => invoke(&self.0, name, request).await,
                "ListFunctions" => list(self.0.functions().map(configuration).collect(), request),
                "GetFunction" => {
                    let function = self.0.function(name).map_err(|error| not_found(&error))?;
                    Ok(Response::Json(json!({ "Configuration": configuration(function) })))
                }
                "GetFunctionConfiguration" => {
                    let function = self.0.function(name).map_err(|error| not_found(&error))?;
                    Ok(Response::Json(configuration(function)))
                }
                other => {
                    let supported = ROUTES.iter().map(|(_, _, operation)| *operation);
                    let supported: Vec<_> = supported.collect();
                    Err(AwsError::unknown_operation("Lambda", other, &supported))
                }
            }
        })
    }
}

/// See <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>.
fn list(functions: Vec<Value>, request: &AwsRequest) -> Outcome {
    let asked = request.query.get("MaxItems").map(|size| size.parse().unwrap_or_default());
    // A larger one is accepted, and means no more.
    let size = page_size(asked, "maxItems", MAX_ITEMS)?.min(MAX_PAGE);
    let marker = request.query.get("Marker").map(String::as_str);
    let page = Page::of(functions, size, marker).map_err(|_| {
        AwsError::bad_request("InvalidParameterValueException", "The marker is not valid.")
    })?;
    Ok(Response::Json(json!({ "Functions": page.items, "NextMarker": page.next })))
}

/// See <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html>.
fn configuration(function: &Function) -> Value {
    let mode = if function.traced { "Active" } else { "PassThrough" };
    json!({
        "FunctionName": function.name,
        "FunctionArn": function.arn,
        "Version": "$LATEST",
        "PackageType": "Zip",
        "Runtime": "provided.al2023",
        "Role": function.role.arn(),
        "Handler": function.handler,
        "MemorySize": function.memory,
        "Timeout": function.timeout.as_secs(),
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Environment": { "Variables": function.environment },
        "TracingConfig": { "Mode": mode },
        "LoggingConfig": { "LogGroup": function.log_group },
    })
}

/// See <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>.
async fn invoke(lambda: &Arc<Lambda>, name: &str, request: &AwsRequest) -> Outcome {
    let asynchronous = is_asynchronous(request)?;
    let payload = payload(request, asynchronous)?;
    let trace = request.trace.clone();
    if asynchronous {
        let id = lambda.invoke_asynchronously(name, payload, trace);
        let id = id.map_err(|error| not_found(&error))?;
        return Ok(respond(StatusCode::ACCEPTED, Bytes::new(), &[("x-amzn-requestid", &id)]));
    }
    let wants_log = request.header("x-amz-log-type") == Some("Tail");
    let output = lambda.invoke(name, payload, trace, wants_log).await;
    Ok(completed(output.map_err(|error| not_found(&error))?))
}

fn is_asynchronous(request: &AwsRequest) -> Result<bool, AwsError> {
    match request.header("x-amz-invocation-type") {
        None | Some("RequestResponse") => Ok(false),
        Some("Event") => Ok(true),
        Some(other) => {
            let message = format!(
                "invocation type `{other}` does not exist here; RequestResponse and Event do"
            );
            Err(AwsError::bad_request("InvalidParameterValueException", message))
        }
    }
}

fn payload(request: &AwsRequest, asynchronous: bool) -> Result<Bytes, AwsError> {
    let (length, most) =
        (request.body.len(), if asynchronous { MAX_ASYNCHRONOUS } else { MAX_SYNCHRONOUS });
    if length > most {
        let message = format!("the payload has {length} bytes, more than {most}");
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        return Err(AwsError::new(status, "RequestTooLargeException", message));
    }
    if length == 0 {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&request.body) {
        Ok(_) => Ok(request.body.clone()),
        Err(error) => {
            let message = format!("Could not parse request body into json: {error}");
            Err(AwsError::bad_request("InvalidRequestContentException", message))
        }
    }
}

fn completed(output: InvokeOutput) -> Response {
    let header = output.header.to_string();
    let log = output.log.map(|log| STANDARD.encode(log));
    let mut headers = vec![
        ("x-amzn-requestid", output.request_id.as_str()),
        ("x-amz-executed-version", "$LATEST"),
        ("x-amzn-trace-id", header.as_str()),
    ];
    if let Some(log) = &log {
        headers.push(("x-amz-log-result", log));
    }
    let payload = match output.outcome {
        Ok(payload) => payload,
        Err(error) => {
            headers.push(("x-amz-function-error", "Unhandled"));
            error.payload
        }
    };
    respond(StatusCode::OK, payload, &headers)
}

fn not_found(error: &UnknownFunction) -> AwsError {
    AwsError::not_found("ResourceNotFoundException", error.to_string())
}

fn respond(status: StatusCode, body: Bytes, headers: &[(&'static str, &str)]) -> Response {
    let mut response = HttpResponse::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    Response::Http(response)
}

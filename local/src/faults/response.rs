use axum::{body::Body, http::StatusCode};
use serde_json::{Value, json};

use crate::{
    http_server::Close,
    wire::{AwsError, HttpResponse},
};

/// A response that is never sent.
pub(crate) fn close() -> HttpResponse {
    let mut response = HttpResponse::new(Body::empty());
    response.extensions_mut().insert(Close);
    response
}

/// How `service` refuses a call that is one too many.
pub(crate) fn throttle(service: &str) -> AwsError {
    let (status, code) = match service {
        "dynamodb" => (400, "ProvisionedThroughputExceededException"),
        "sns" => (400, "Throttling"),
        "sqs" => (400, "RequestThrottled"),
        "lambda" | "apigateway" => (429, "TooManyRequestsException"),
        "xray" => (429, "ThrottledException"),
        _ => (400, "ThrottlingException"),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::TOO_MANY_REQUESTS);
    AwsError::new(status, code, "Rate exceeded")
}

/// How `service` says that it failed: with its own error, or as unavailable.
pub(crate) fn error(service: &str, unavailable: bool) -> AwsError {
    if unavailable {
        let message = "The service is temporarily unavailable.";
        return AwsError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message);
    }
    let code = match service {
        "dynamodb" => "InternalServerError",
        "events" => "InternalException",
        "sns" | "sqs" => "InternalError",
        "lambda" => "ServiceException",
        _ => "InternalFailure",
    };
    AwsError::new(StatusCode::INTERNAL_SERVER_ERROR, code, "An internal error occurred.")
}

/// The answer to a `PutEvents` some of whose entries failed: `failed` says which, `published` has the
/// results of the others, in order.
pub(crate) fn partial_results(failed: &[bool], published: &Value) -> Value {
    let mut others = published["Entries"].as_array().into_iter().flatten().cloned();
    let results = failed.iter().map(|failed| {
        let failure =
            json!({ "ErrorCode": "InternalFailure", "ErrorMessage": "An internal error occurred." });
        if *failed { failure } else { others.next().unwrap_or(failure) }
    });
    let results: Vec<_> = results.collect();
    let failures = results.iter().filter(|result| result.get("ErrorCode").is_some()).count();
    json!({ "FailedEntryCount": failures, "Entries": results })
}

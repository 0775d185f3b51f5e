use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
};
use serde_json::json;

use crate::wire::HttpResponse;

/// What API Gateway itself answers: a status, a code, a message
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>).
pub(super) type GatewayResponse = (StatusCode, &'static str, &'static str);

/// API Gateway answers a path that it does not have like one that needs a signature.
pub(super) const MISSING_TOKEN: GatewayResponse =
    (StatusCode::FORBIDDEN, "MissingAuthenticationTokenException", "Missing Authentication Token");
pub(super) const TOO_LARGE: GatewayResponse =
    (StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", "Request Too Long");
/// Which answer API Gateway gives here is unconfirmed.
pub(super) const HEAD_TOO_LARGE: GatewayResponse = (
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "RequestTooLargeException",
    "Request Header Fields Too Large",
);
pub(super) const BAD_REQUEST: GatewayResponse =
    (StatusCode::BAD_REQUEST, "BadRequestException", "Bad Request");
pub(super) const SLOW_REQUEST: GatewayResponse =
    (StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException", "Request Timeout");
pub(super) const INTERNAL: GatewayResponse =
    (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerErrorException", "Internal server error");
pub(super) const BAD_GATEWAY: GatewayResponse =
    (StatusCode::BAD_GATEWAY, "InternalServerErrorException", "Internal server error");
pub(super) const TIMED_OUT: GatewayResponse =
    (StatusCode::GATEWAY_TIMEOUT, "InternalServerErrorException", "Endpoint request timed out");

/// As HTTP.
pub(super) fn respond((status, code, message): GatewayResponse) -> HttpResponse {
    let mut response = HttpResponse::new(Body::from(json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
    response
}

use lambda_http::{
    Body, Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use serde_json::{Value, json};
use shared::{TraceHeader, clock::rfc3339};

use crate::{
    handler::OrderError,
    order::Order,
    request::{InvalidField, InvalidRequest},
};

/// How long a client should wait before it retries when a dependency is unavailable, in seconds.
const RETRY_AFTER: &str = "1";

/// `201`: the order was accepted.
pub(crate) fn created(order: &Order) -> Response<Body> {
    let location = format!("/orders/{}/{}", order.created.customer_id, order.created.order_id);
    let mut response = json_response(StatusCode::CREATED, "application/json", &to_json(order));
    set(&mut response, header::LOCATION, &location);
    response
}

/// `200`: the order, as it was accepted.
pub(crate) fn found(order: &Order) -> Response<Body> {
    json_response(StatusCode::OK, "application/json", &to_json(order))
}

/// What the client gets for an error: `400`, `404`, `422` or `503`, and why.
pub(crate) fn error(error: &OrderError) -> Response<Body> {
    match error {
        OrderError::InvalidRequest(InvalidRequest::Fields(fields)) => invalid_fields(fields),
        OrderError::InvalidRequest(invalid) => {
            problem(StatusCode::BAD_REQUEST, &invalid.to_string(), &[])
        }
        OrderError::IdempotencyKeyReused => {
            let reason = "was used for another order; use a new key for a new order".to_owned();
            invalid_fields(&[InvalidField { field: "Idempotency-Key", reason }])
        }
        OrderError::NotFound => {
            problem(StatusCode::NOT_FOUND, "This customer has no such order.", &[])
        }
        OrderError::Table(_) | OrderError::Bus(_) => {
            let sentence = "The order could not be taken right now. Send the same request again, \
                            with the same `Idempotency-Key` if it had one.";
            let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, sentence, &[]);
            set(&mut response, header::RETRY_AFTER, RETRY_AFTER);
            response
        }
    }
}

/// Lets pages of `origin` read the response; `*` allows all origins, an empty one none. API Gateway
/// itself responds to preflight requests and to what it refuses.
pub(crate) fn allow_origin(response: &mut Response<Body>, origin: &str) {
    if !origin.is_empty() {
        set(response, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let readable = "Location, Retry-After, X-Amzn-Trace-Id";
        set(response, header::ACCESS_CONTROL_EXPOSE_HEADERS, readable);
    }
}

fn to_json(order: &Order) -> Value {
    let created = &order.created;
    json!({
        "orderId": created.order_id,
        "customerId": created.customer_id,
        "productId": created.product_id,
        "quantity": created.quantity,
        "amount": created.amount,
        "currency": created.currency,
        "status": "created",
        "message": "Order created; its payment and stock are being checked.",
        "timestamp": rfc3339(order.created_at),
    })
}

fn invalid_fields(fields: &[InvalidField]) -> Response<Body> {
    let sentences = InvalidField::sentences(fields);
    problem(StatusCode::UNPROCESSABLE_ENTITY, &sentences, fields)
}

/// RFC 9457.
fn problem(status: StatusCode, detail: &str, errors: &[InvalidField]) -> Response<Body> {
    let mut body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
    });
    if !errors.is_empty() {
        let error =
            |InvalidField { field, reason }: &_| json!({ "field": field, "reason": reason });
        body["errors"] = errors.iter().map(error).collect();
    }
    json_response(status, "application/problem+json", &body)
}

fn json_response(status: StatusCode, content_type: &str, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::Text(body.to_string()));
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, content_type);
    if let Some(trace) = TraceHeader::current() {
        let name = HeaderName::from_static("x-amzn-trace-id");
        set(&mut response, name, &trace.to_string());
    }
    response
}

/// Sets a header. All our values are visible ASCII: ids and constants. Any other value is left out,
/// because it would make the response invalid.
fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

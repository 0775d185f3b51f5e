use lambda_http::{
    Body, Response,
    http::{HeaderValue, StatusCode, header},
};
use serde_json::{Value, json};
use shared::{clock::rfc3339, lambda::trace_header};

use crate::order::{BadField, Order, Refusal};

/// How long a client should wait before it asks again when something we need is unavailable, in seconds.
const RETRY_AFTER: &str = "1";

/// `201`: the order was accepted.
pub(crate) fn created(order: &Order) -> Response<Body> {
    let location = format!("/orders/{}/{}", order.created.customer_id, order.created.order_id);
    let mut answer = json_answer(StatusCode::CREATED, "application/json", &shown(order));
    set(&mut answer, header::LOCATION, &location);
    answer
}

/// `200`: the order, as it was accepted.
pub(crate) fn found(order: &Order) -> Response<Body> {
    json_answer(StatusCode::OK, "application/json", &shown(order))
}

fn shown(order: &Order) -> Value {
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

/// `400` or `422`: the request is not an order, and why.
pub(crate) fn refused(refusal: &Refusal) -> Response<Body> {
    match refusal {
        Refusal::Unreadable(sentence) => problem(StatusCode::BAD_REQUEST, sentence, &Value::Null),
        Refusal::Unacceptable(bad) => {
            let sentences: Vec<_> =
                bad.iter().map(|bad| format!("`{}` {}.", bad.field, bad.reason)).collect();
            let errors: Value =
                bad.iter().map(|bad| json!({ "field": bad.field, "reason": bad.reason })).collect();
            problem(StatusCode::UNPROCESSABLE_ENTITY, &sentences.join(" "), &errors)
        }
    }
}

/// `422`: one idempotency key, two different orders.
pub(crate) fn key_reused() -> Response<Body> {
    let reason = "was used for another order; use a new key for a new order".to_owned();
    refused(&Refusal::Unacceptable(vec![BadField { field: "Idempotency-Key", reason }]))
}

/// `404`: the customer has no such order.
pub(crate) fn not_found() -> Response<Body> {
    problem(StatusCode::NOT_FOUND, "This customer has no such order.", &Value::Null)
}

/// `503`: something that we need did not answer.
pub(crate) fn unavailable() -> Response<Body> {
    let sentence = "The order could not be taken right now. Send the same request again, with the same \
                    `Idempotency-Key` if it had one.";
    let mut answer = problem(StatusCode::SERVICE_UNAVAILABLE, sentence, &Value::Null);
    set(&mut answer, header::RETRY_AFTER, RETRY_AFTER);
    answer
}

/// Lets pages of `origin` read the answer; `*` are all, the empty one is none. API Gateway answers for itself
/// what it refuses, and what browsers ask before.
pub(crate) fn allow(answer: &mut Response<Body>, origin: &str) {
    if !origin.is_empty() {
        set(answer, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let readable = "Location, Retry-After, X-Amzn-Trace-Id";
        set(answer, header::ACCESS_CONTROL_EXPOSE_HEADERS, readable);
    }
}

/// RFC 9457.
fn problem(status: StatusCode, detail: &str, errors: &Value) -> Response<Body> {
    let mut body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
    });
    if !errors.is_null() {
        body["errors"] = errors.clone();
    }
    json_answer(status, "application/problem+json", &body)
}

fn json_answer(status: StatusCode, content_type: &str, body: &Value) -> Response<Body> {
    let mut answer = Response::new(Body::Text(body.to_string()));
    *answer.status_mut() = status;
    set(&mut answer, header::CONTENT_TYPE, content_type);
    if let Some(trace) = trace_header() {
        set(&mut answer, header::HeaderName::from_static("x-amzn-trace-id"), &trace.to_string());
    }
    answer
}

/// All our values are visible ASCII: ids and constants. Anything else is left out rather than sent broken.
fn set(answer: &mut Response<Body>, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

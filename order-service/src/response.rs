use std::iter;

use lambda_http::{
    Body, Request, RequestExt, Response,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    request::RequestContext,
};
use serde_json::{Value, json};
use shared::{CustomerId, TraceHeader, clock::rfc3339};

use crate::{
    handler::OrderError,
    key::{Answered, sha256},
    listing::{self, Listing},
    order::Order,
    progress::Status,
    request::{InvalidField, InvalidRequest},
    store::Page,
};

/// How long a client should wait before it retries when a dependency is unavailable, in seconds.
const RETRY_AFTER: &str = "1";

/// What comes before `/orders` in the paths that the client sees: on AWS the stage, or what a
/// domain of its own maps to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BasePath(String);

impl BasePath {
    /// The one of a request.
    pub(crate) fn of(request: &Request) -> Self {
        let Some(RequestContext::ApiGatewayV1(context)) = request.request_context_ref() else {
            return Self(String::new());
        };
        let resource = context.resource_path.as_deref().unwrap_or_default();
        let mut base = context.path.as_deref().unwrap_or_default().trim_end_matches('/');
        for _ in resource.matches('/') {
            base = base.rfind('/').map_or("", |slash| &base[..slash]);
        }
        Self(base.to_owned())
    }

    fn orders(&self, customer_id: &CustomerId) -> String {
        format!("{}/orders/{customer_id}", self.0)
    }

    fn order(&self, order: &Order) -> String {
        format!("{}/{}", self.orders(&order.created.customer_id), order.created.order_id)
    }
}

/// Where a trace can be seen: what comes before its id. Empty if nowhere.
#[derive(Clone, Debug)]
pub(crate) struct TracesUrl(pub(crate) String);

impl TracesUrl {
    /// Says of an event in which trace it was published, and links to that trace if it is recorded. Log lines have the id
    /// in any case.
    fn link(&self, event: &mut Value, header: Option<&str>) {
        let Some(header) = header.and_then(|text| text.parse::<TraceHeader>().ok()) else { return };
        let id = header.root();
        if header.is_recorded() && !self.0.is_empty() {
            event["links"] = json!({ "trace": format!("{}{id}", self.0) });
        }
        event["traceId"] = id.into();
    }
}

/// `201`: the order was accepted and published. `202`: it will be published.
pub(crate) fn placed(order: &Order, answered: Answered, base: &BasePath) -> Response<Body> {
    let (status, message) = match answered {
        Answered::Created => (StatusCode::CREATED, Status::Created.message()),
        Answered::Accepted => (StatusCode::ACCEPTED, "Order created; it is being processed."),
    };
    let body = to_json(order, Status::Created, message);
    let mut response = json_response(status, "application/json", &body);
    set(&mut response, header::LOCATION, &base.order(order));
    response
}

/// `200`: the order and what happened to it; `304` if the client has just that already.
pub(crate) fn found(order: &Order, request: &Request, traces: &TracesUrl) -> Response<Body> {
    let body = with_history(order, &BasePath::of(request), traces);
    let tag = format!("\"{}\"", &sha256(body.to_string().as_bytes())[..32]);
    let mut response = json_response(StatusCode::OK, "application/json", &body);
    if is_known(request.headers(), &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::Empty;
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    set(&mut response, header::ETAG, &tag);
    // It may be kept, and has to be asked for each time.
    set(&mut response, header::CACHE_CONTROL, "private, no-cache");
    response
}

/// `200`: a page of the customer's orders.
pub(crate) fn page(
    customer_id: &CustomerId,
    listing: &Listing,
    page: &Page,
    request: &Request,
    traces: &TracesUrl,
) -> Response<Body> {
    let base = BasePath::of(request);
    let orders = page.orders.iter().map(|order| with_history(order, &base, traces));
    let orders: Vec<_> = orders.collect();
    let mut body = json!({ "orders": orders });
    if let Some(last) = &page.next {
        let next = listing::encode(last);
        let path = base.orders(customer_id);
        let path = format!("{path}?limit={}&next={next}", listing.limit);
        body["next"] = next.into();
        body["links"] = json!({ "next": path });
    }
    json_response(StatusCode::OK, "application/json", &body)
}

/// Whether `If-None-Match` names the tag (RFC 9110, 13.1.2: weak comparison).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    let names = |value: &HeaderValue| {
        let tags = value.to_str().unwrap_or_default().split(',').map(str::trim);
        let mut tags = tags.map(|text| text.strip_prefix("W/").unwrap_or(text));
        tags.any(|known| known == "*" || known == tag)
    };
    values.into_iter().any(names)
}

/// What the client gets for an error: `400`, `403`, `404`, `409`, `422`, `500` or `503`, and why.
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
        OrderError::NotTheCustomer(_) => {
            let sentence = "You may order, and see orders, for yourself alone.";
            problem(StatusCode::FORBIDDEN, sentence, &[])
        }
        OrderError::NotFound => {
            problem(StatusCode::NOT_FOUND, "This customer has no such order.", &[])
        }
        OrderError::InFlight => {
            let sentence = "Another request with this `Idempotency-Key` is under way. Send this one \
                            again for its response.";
            let mut response = problem(StatusCode::CONFLICT, sentence, &[]);
            set(&mut response, header::RETRY_AFTER, RETRY_AFTER);
            response
        }
        // Without a key, the same request again may be another order: `503` would ask for it.
        OrderError::Unknown(_) => {
            let sentence = "It is unknown whether the order was placed. The list of this customer's \
                            orders has it if it was; with an `Idempotency-Key`, the same request \
                            can be sent again.";
            problem(StatusCode::INTERNAL_SERVER_ERROR, sentence, &[])
        }
        OrderError::Table(_) => {
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
        let readable = "ETag, Location, Retry-After, X-Amzn-Trace-Id";
        set(response, header::ACCESS_CONTROL_EXPOSE_HEADERS, readable);
    }
}

/// The order as it is now, and how it came to that.
fn with_history(order: &Order, base: &BasePath, traces: &TracesUrl) -> Value {
    let status = order.progress.status();
    let mut body = to_json(order, status, status.message());
    let mut created = json!({
        "event": "Order Created",
        "eventId": order.created.order_id.event_id("order-created"),
        "timestamp": rfc3339(order.created_at),
    });
    traces.link(&mut created, order.trace.as_deref());
    let happened = order.progress.history().into_iter().map(|(fact, happened)| {
        let mut event = json!({
            "event": fact.detail_type(),
            "eventId": happened.event_id,
            "timestamp": rfc3339(happened.at),
        });
        if let (Some(name), Some(detail)) = (fact.detail_name(), &happened.detail) {
            event[name] = detail.as_str().into();
        }
        traces.link(&mut event, happened.trace.as_deref());
        event
    });
    body["history"] = iter::once(created).chain(happened).collect();
    body["links"] = json!({
        "self": base.order(order),
        "orders": base.orders(&order.created.customer_id),
    });
    body
}

fn to_json(order: &Order, status: Status, message: &str) -> Value {
    let created = &order.created;
    json!({
        "orderId": created.order_id,
        "customerId": created.customer_id,
        "productId": created.product_id,
        "quantity": created.quantity,
        "amount": created.amount,
        "currency": created.currency,
        "status": status.as_str(),
        "message": message,
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

#[cfg(test)]
mod tests;

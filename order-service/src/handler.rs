use std::convert::Infallible;

use lambda_http::{Body, Request, RequestExt, Response};
use shared::{
    Cause, CustomerId, Invocation, OrderId, OutboundEvent, PublishError, Publisher, ReportedError,
    annotation, clock,
};

use crate::{
    order::{Order, PriceList},
    request::{InvalidRequest, OrderRequest},
    response,
    store::{OrderTable, OrderTableError},
};

/// What taking orders needs.
#[derive(Debug)]
pub(crate) struct Orders {
    /// The web origin whose pages may read the responses; empty for none.
    pub(crate) cors_origin: String,
    pub(crate) prices: PriceList,
    pub(crate) table: OrderTable,
    pub(crate) bus: Publisher,
}

/// Why the response to a request is not an order.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    #[error("the request is invalid")]
    InvalidRequest(InvalidRequest),
    #[error("there is no such order")]
    NotFound,
    #[error("the idempotency key was used for another order")]
    IdempotencyKeyReused,
    #[error("the table of orders is unavailable")]
    Table(#[from] OrderTableError),
    #[error("the order was stored, but could not be published")]
    Bus(#[from] PublishError),
}

impl Orders {
    /// Responds to a request. Every error has a response, which carries it to the layer that
    /// records it.
    pub(crate) async fn handle(&self, request: Request) -> Result<Response<Body>, Infallible> {
        let path = request.path_parameters();
        let customer_id = path.first("customerId").unwrap_or_default();
        let outcome = match path.first("orderId") {
            Some(order_id) => self.look_up(customer_id, order_id).await,
            None => self.place(customer_id, &request).await,
        };
        let mut response = outcome.unwrap_or_else(|error| {
            let mut response = response::error(&error);
            response.extensions_mut().insert(ReportedError::new(error));
            response
        });
        response::allow_origin(&mut response, &self.cors_origin);
        Ok(response)
    }

    /// Decides, stores, publishes. An order that was stored and not published is published when the
    /// client sends the same idempotency key again. A client without one orders anew, and the first
    /// order is never published.
    async fn place(
        &self,
        customer_id: &str,
        request: &Request,
    ) -> Result<Response<Body>, OrderError> {
        let invocation =
            Invocation::new(&request.lambda_context_ref().cloned().unwrap_or_default());
        let order = self.decide(customer_id, request).map_err(OrderError::InvalidRequest)?;
        annotate(&order);

        let recorded = self.table.put_if_absent(&order, &invocation).await?;
        let stored = recorded.get().clone();
        if !stored.is_same_request(&order) {
            return Err(OrderError::IdempotencyKeyReused);
        }
        let event = recorded.map(|order| order.created.into());
        self.bus.publish(&OutboundEvent::new(event, stored.created_at, Cause::request())).await?;
        tracing::info!("order created");
        Ok(response::created(&stored))
    }

    /// The order that the request asks for, at our price.
    fn decide(&self, customer_id: &str, request: &Request) -> Result<Order, InvalidRequest> {
        let now = clock::now();
        let order = OrderRequest::parse(customer_id, request.body())?;
        let key =
            request.headers().get("idempotency-key").map(lambda_http::http::HeaderValue::as_bytes);
        let key = key.map(String::from_utf8_lossy);
        let order_id = order.order_id(key.as_deref(), now)?;
        order.place(order_id, &self.prices, now)
    }

    async fn look_up(
        &self,
        customer_id: &str,
        order_id: &str,
    ) -> Result<Response<Body>, OrderError> {
        // No order was ever stored under an id that is not one.
        let customer_id: CustomerId = customer_id.parse().map_err(|_| OrderError::NotFound)?;
        let order_id: OrderId = order_id.parse().map_err(|_| OrderError::NotFound)?;
        let order = self.table.find(&customer_id, &order_id).await?.ok_or(OrderError::NotFound)?;
        annotate(&order);
        Ok(response::found(&order))
    }
}

fn annotate(order: &Order) {
    annotation::order_id(&order.created.order_id);
    annotation::customer_id(&order.created.customer_id);
    annotation::product_id(&order.created.product_id);
    annotation::order_amount(order.created.amount);
}

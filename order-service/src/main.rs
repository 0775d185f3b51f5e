//! Handles `POST /orders/{customerId}`: stores the order, publishes `Order Created`. Handles
//! `GET /orders/{customerId}` and `GET /orders/{customerId}/{orderId}`.
//!
//! Handles the outcomes of payment, stock and notification: stores what happened to the order.
//! Handles a schedule: publishes orders again that are open for long.

/// Who may act for which customer.
mod caller;
/// The steps from a request to a response.
mod handler;
/// What the function is invoked with, and what it returns.
mod invoked;
/// Idempotency keys.
mod key;
/// Which of a customer's orders a client wants to see.
mod listing;
/// What an order is and what it costs.
mod order;
/// The steps from an outcome to the order's history.
mod outcome;
/// What happened to an order, and what follows from it.
mod progress;
/// What a client asks for.
mod request;
/// What the client gets.
mod response;
/// The table of orders.
mod store;
/// The steps from the schedule to orders that are published again.
mod sweep;

use std::sync::Arc;

use chrono::TimeDelta;
use lambda_http::{
    lambda_runtime::{self, LambdaEvent, service_fn},
    request::from_str,
};
use shared::{Error, Invocation, Service, handle_event, optional, required};
use tower::Layer;

use crate::{
    caller::Access,
    handler::Orders,
    invoked::{Invoked, Reply},
    order::PriceList,
    outcome::OutcomeError,
    response::TracesUrl,
    store::OrderTable,
    sweep::SweepError,
};

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
enum InvocationError {
    #[error("the payload is not a request as API Gateway sends it")]
    NotARequest(#[source] serde_json::Error),
    #[error(transparent)]
    Outcome(#[from] OutcomeError),
    #[error(transparent)]
    Sweep(#[from] SweepError),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let service = Service::start(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))?;
    let orders = Arc::new(Orders {
        access: Access::from_environment()?,
        cors_origin: optional("CORS_ORIGIN", String::new())?,
        traces: TracesUrl(optional("TRACES_URL", String::new())?),
        prices: PriceList {
            unit_price: optional("UNIT_PRICE", "99.99".parse()?)?,
            currency: optional("CURRENCY", "USD".to_owned())?,
        },
        open_after: TimeDelta::seconds(optional::<u32>("OPEN_ORDER_SECONDS", 120)?.into()),
        table: OrderTable::new(service.config(), required("ORDERS_TABLE")?),
        bus: service.publisher()?,
    });
    let handler = service_fn(move |event: LambdaEvent<Invoked>| {
        let orders = Arc::clone(&orders);
        async move { handle(&orders, event).await }
    });
    lambda_runtime::run(service.layer("process_order").layer(handler)).await
}

async fn handle(orders: &Orders, event: LambdaEvent<Invoked>) -> Result<Reply, InvocationError> {
    let invocation = Invocation::new(&event.context);
    match event.payload {
        Invoked::Request(payload) => {
            let request = from_str(payload.get()).map_err(InvocationError::NotARequest)?;
            let caller = serde_json::from_str(payload.get());
            let caller = caller.map_err(InvocationError::NotARequest)?;
            Ok(Reply::Response(orders.respond(&request, &caller, &invocation).await))
        }
        Invoked::Event(payload) => {
            handle_event(orders, &payload, &invocation).await?;
            Ok(Reply::Nothing)
        }
        Invoked::Schedule => {
            orders.sweep().await?;
            Ok(Reply::Nothing)
        }
    }
}

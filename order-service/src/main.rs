//! Handles `POST /orders/{customerId}`: stores the order, publishes `Order Created`. Handles
//! `GET /orders/{customerId}/{orderId}`.

/// The steps from a request to a response.
mod handler;
/// What an order is and what it costs.
mod order;
/// What a client asks for.
mod request;
/// What the client gets.
mod response;
/// The table of orders.
mod store;

use std::sync::Arc;

use lambda_http::service_fn;
use shared::{Error, Service, optional, required};
use tower::Layer;

use crate::{handler::Orders, order::PriceList, store::OrderTable};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let service = Service::start(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")).await?;
    let orders = Arc::new(Orders {
        cors_origin: optional("CORS_ORIGIN", String::new())?,
        prices: PriceList {
            unit_price: optional("UNIT_PRICE", "99.99".parse()?)?,
            currency: optional("CURRENCY", "USD".to_owned())?,
        },
        table: OrderTable::new(service.config(), required("ORDERS_TABLE")?),
        bus: service.publisher()?,
    });
    let handler = service_fn(move |request| {
        let orders = Arc::clone(&orders);
        async move { orders.handle(request).await }
    });
    lambda_http::run(service.layer("process_order").layer(handler)).await
}

//! Hears `POST /orders/{customerId}`, keeps the order, tells `Order Created`.

/// What a refusal looks like on the wire.
mod answer;
/// The steps from a request to an answer.
mod handler;
/// What an order is and what it costs.
mod order;
/// The table of orders.
mod store;

use std::sync::Arc;

use lambda_http::service_fn;
use shared::{
    Metrics, Producer, aws, lambda::TraceLayer, optional, publisher::Publisher, required, telemetry,
};
use tower::Layer;

use crate::{handler::Orders, order::PriceList, store::OrderTable};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"))?;
    let config = aws::config().await;
    let producer = Producer::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let orders = Arc::new(Orders {
        cors_origin: optional("CORS_ORIGIN", String::new())?,
        prices: PriceList {
            unit_price: optional("UNIT_PRICE", "99.99".parse()?)?,
            currency: optional("CURRENCY", "USD".to_owned())?,
        },
        table: OrderTable::new(&config, required("ORDERS_TABLE")?),
        bus: Publisher::new(&config, required("EVENT_BUS_NAME")?, producer),
    });
    let handler = service_fn(move |request| {
        let orders = Arc::clone(&orders);
        async move { orders.answer(request).await }
    });
    let metrics = Metrics::new(optional("METRICS_NAMESPACE", "distributed-tracing".to_owned())?);
    let layer = TraceLayer::new("process_order", env!("CARGO_PKG_NAME"), metrics);
    lambda_http::run(layer.layer(handler)).await
}

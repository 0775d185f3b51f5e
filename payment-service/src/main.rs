//! Hears `Order Created`, charges once, tells `Payment Processed` or `Payment Failed`. Hears
//! `Inventory Insufficient`, gives the money back, tells `Payment Refunded`.

/// The steps from an event to an answer.
mod handler;
/// What a payment is and how it may change.
mod payment;
/// Who moves the money.
mod processor;
/// The table of payments.
mod store;

use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use shared::{
    Metrics, Producer, aws, lambda::TraceLayer, optional, publisher::Publisher, required, telemetry,
};
use tower::Layer;

use crate::{handler::Payments, processor::Sandbox, store::PaymentTable};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"))?;
    let config = aws::config().await;
    let producer = Producer::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let payments = Arc::new(Payments {
        limit: optional("PAYMENT_LIMIT", "5000.00".parse()?)?,
        processor: Sandbox,
        table: PaymentTable::new(&config, required("PAYMENTS_TABLE")?),
        bus: Publisher::new(&config, required("EVENT_BUS_NAME")?, producer),
    });
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let payments = Arc::clone(&payments);
        async move { payments.hear(&event.payload).await }
    });
    let metrics = Metrics::new(optional("METRICS_NAMESPACE", "distributed-tracing".to_owned())?);
    let layer = TraceLayer::new("process_payment", env!("CARGO_PKG_NAME"), metrics);
    lambda_runtime::run(layer.layer(handler)).await
}

//! Hears `Order Created`, reserves stock once, tells `Inventory Updated` or `Inventory Insufficient`.
//! Hears `Payment Failed`, puts the stock back, tells `Inventory Released`.

/// The steps from an event to an answer.
mod handler;
/// What a reservation is and how it may change.
mod reservation;
/// The table of stock and reservations.
mod store;

use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use shared::{
    Metrics, Producer, aws, lambda::TraceLayer, optional, publisher::Publisher, required, telemetry,
};
use tower::Layer;

use crate::{handler::Inventory, store::InventoryTable};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"))?;
    let config = aws::config().await;
    let producer = Producer::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let inventory = Arc::new(Inventory {
        initial_stock: optional("INITIAL_STOCK", 100)?,
        table: InventoryTable::new(&config, required("INVENTORY_TABLE")?),
        bus: Publisher::new(&config, required("EVENT_BUS_NAME")?, producer),
    });
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let inventory = Arc::clone(&inventory);
        async move { inventory.hear(&event.payload).await }
    });
    let metrics = Metrics::new(optional("METRICS_NAMESPACE", "distributed-tracing".to_owned())?);
    let layer = TraceLayer::new("update_inventory", env!("CARGO_PKG_NAME"), metrics);
    lambda_runtime::run(layer.layer(handler)).await
}

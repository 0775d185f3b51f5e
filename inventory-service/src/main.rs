//! Handles `Order Created`: reserves stock once, publishes `Inventory Updated` or `Inventory
//! Insufficient`. Handles `Payment Failed`: releases the stock and publishes `Inventory Released`, or
//! makes sure that none will be reserved and publishes `Inventory Cancelled`.

/// Pauses between attempts that lose to other orders.
mod backoff;
/// The steps from an event to its outcome.
mod handler;
/// What a reservation is and how it may change.
mod reservation;
/// The table of stock and reservations.
mod store;

use shared::{Error, Service, optional, required};

use crate::{handler::Inventory, store::InventoryTable};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let service = Service::start(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))?;
    let inventory = Inventory {
        table: InventoryTable::new(
            service.config(),
            required("INVENTORY_TABLE")?,
            optional("INITIAL_STOCK", 100)?,
        ),
        bus: service.publisher()?,
    };
    service.run("update_inventory", inventory).await
}

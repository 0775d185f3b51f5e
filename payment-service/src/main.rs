//! Handles `Order Created`: charges once, publishes `Payment Processed` or `Payment Failed`.
//! Handles `Inventory Insufficient`: refunds the charge, publishes `Payment Refunded`.

/// The steps from an event to its outcome.
mod handler;
/// What a payment is and how it may change.
mod payment;
/// Payment processors.
mod processor;
/// The table of payments.
mod store;

use shared::{Error, Service, optional, required};

use crate::{
    handler::Payments,
    processor::{Processor, RemoteProcessor, Sandbox},
    store::PaymentTable,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let service = Service::start(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))?;
    let url: String = optional("PROCESSOR_URL", String::new())?;
    if url.is_empty() {
        return run(service, Sandbox).await;
    }
    let token: String = optional("PROCESSOR_TOKEN", String::new())?;
    run(service, RemoteProcessor::new(&url, &token)?).await
}

async fn run(service: Service, processor: impl Processor) -> Result<(), Error> {
    let payments = Payments {
        limit: optional("PAYMENT_LIMIT", "5000.00".parse()?)?,
        processor,
        table: PaymentTable::new(service.config(), required("PAYMENTS_TABLE")?),
        bus: service.publisher()?,
    };
    service.run("process_payment", payments).await
}

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use shared::{
    Amount, Event, Heard, InventoryInsufficient, NotUnderstood, OrderCreated, Told, clock,
    lambda::annotate,
    publisher::{PublishError, Publisher},
};
use tracing::Span;

use crate::{
    payment::Payment,
    processor::{Charge, ProcessorError, Sandbox},
    store::{PaymentTable, PaymentTableError},
};

/// What paying needs.
#[derive(Debug)]
pub(crate) struct Payments {
    /// The most that one order may cost.
    pub(crate) limit: Amount,
    pub(crate) processor: Sandbox,
    pub(crate) table: PaymentTable,
    pub(crate) bus: Publisher,
}

/// Why an event was not answered. Lambda tries it again, then hands it to the on-failure destination.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaymentError {
    #[error("the event is not understood")]
    NotUnderstood(#[from] NotUnderstood),
    #[error("the payment was not decided")]
    Processor(#[from] ProcessorError),
    #[error("the payment was not kept")]
    Table(#[from] PaymentTableError),
    #[error("the payment was kept, but could not be told")]
    Bus(#[from] PublishError),
}

impl Payments {
    /// Hears one event, perhaps not for the first time, and perhaps out of order.
    pub(crate) async fn hear(&self, payload: &RawValue) -> Result<(), PaymentError> {
        let heard = Heard::read(payload)?;
        annotate(&heard);
        match &heard.event {
            Event::OrderCreated(order) => self.pay(order, &heard).await,
            Event::InventoryInsufficient(shortage) => self.refund(shortage, &heard).await,
            other => Err(NotUnderstood::NotForUs(other.detail_type()).into()),
        }
    }

    async fn pay(&self, order: &OrderCreated, heard: &Heard) -> Result<(), PaymentError> {
        Span::current().record("annotation.payment_amount", order.amount.as_float());
        let now = clock::now();
        // Asked first so that an order heard twice does not reach the processor twice.
        let payment = match self.table.find(&order.order_id).await? {
            Some(decided) => decided,
            None => self.table.keep_first(&self.decide(order, now).await?).await?,
        };
        if let Some(outcome) = payment.outcome() {
            tracing::info!(outcome = outcome.detail_type(), "payment decided");
            let told = Told::new(outcome, payment.decided_at, heard.cause());
            Ok(self.bus.tell(&told.news_of(now)).await?)
        } else {
            tracing::info!("the order cannot be delivered, so nothing is charged");
            Ok(())
        }
    }

    async fn decide(
        &self,
        order: &OrderCreated,
        now: DateTime<Utc>,
    ) -> Result<Payment, ProcessorError> {
        let verdict = if Payment::is_over_limit(order, self.limit) {
            None
        } else {
            let charge = Charge {
                idempotency_key: &order.order_id,
                amount: order.amount,
                currency: &order.currency,
                method: order.payment_method.as_deref(),
            };
            Some(self.processor.charge(charge).await?)
        };
        Ok(Payment::decide(order, Sandbox::NAME, verdict, now))
    }

    /// There is no stock: what was charged goes back, and what was not charged yet never will be.
    async fn refund(
        &self,
        shortage: &InventoryInsufficient,
        heard: &Heard,
    ) -> Result<(), PaymentError> {
        let now = clock::now();
        let mut payment = match self.table.find(&shortage.order_id).await? {
            Some(decided) => decided,
            // Heard before `Order Created`: this keeps the place of the payment that must not happen.
            None => self.table.keep_first(&Payment::void(shortage, now)).await?,
        };
        if payment.is_refundable() {
            self.processor.refund(&payment.order_id).await?;
            payment = self.table.keep_refund(&payment.order_id, now).await?;
        }
        match payment.refund() {
            Some((refunded, at)) => {
                tracing::info!("payment refunded");
                let told = Told::new(refunded, at, heard.cause());
                Ok(self.bus.tell(&told.news_of(now)).await?)
            }
            None => Ok(()),
        }
    }
}

use chrono::{DateTime, Utc};
use shared::{
    Amount, Event, EventError, EventHandler, InboundEvent, InventoryInsufficient, Invocation,
    OrderCreated, OutboundEvent, PublishError, Publisher, Recorded, annotation, clock,
};

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

/// Why an event was not handled. Lambda retries, then sends the event to the on-failure
/// destination.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaymentError {
    #[error("the event is not understood")]
    Event(#[from] EventError),
    #[error("the payment was not decided")]
    Processor(#[from] ProcessorError),
    #[error("the payment was not stored")]
    Table(#[from] PaymentTableError),
    #[error("the payment was stored, but could not be published")]
    Bus(#[from] PublishError),
}

impl EventHandler for Payments {
    type Error = PaymentError;

    async fn handle(
        &self,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> Result<(), PaymentError> {
        match &inbound.event {
            Event::OrderCreated(order) => self.pay(order, inbound, invocation).await,
            Event::InventoryInsufficient(shortage) => {
                self.refund(shortage, inbound, invocation).await
            }
            _ => Err(inbound.not_handled().into()),
        }
    }
}

impl Payments {
    async fn pay(
        &self,
        order: &OrderCreated,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> Result<(), PaymentError> {
        annotation::payment_amount(order.amount);
        // The table comes first, so that a redelivery does not reach the processor.
        let payment = if let Some(decided) = self.table.find(&order.order_id).await? {
            Recorded::Existing(decided)
        } else {
            let decided = self.decide(order, clock::now()).await?;
            self.table.put_if_absent(&decided, invocation).await?
        };
        let decided_at = payment.get().decided_at;
        let Some(outcome) = payment.map(|payment| payment.outcome()).transpose() else {
            tracing::info!("the order cannot be delivered, so nothing is charged");
            return Ok(());
        };
        tracing::info!(outcome = outcome.get().detail_type(), "payment decided");
        Ok(self.bus.publish(&OutboundEvent::new(outcome, decided_at, inbound.cause())).await?)
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
                method: order.payment_method.as_ref(),
            };
            Some(self.processor.charge(charge).await?)
        };
        Ok(Payment::decide(order, Sandbox::NAME, verdict, now))
    }

    /// There is no stock: refunds what was charged, or makes sure that nothing will be charged.
    async fn refund(
        &self,
        shortage: &InventoryInsufficient,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> Result<(), PaymentError> {
        let now = clock::now();
        let mut payment = match self.table.find(&shortage.order_id).await? {
            Some(decided) => Recorded::Existing(decided),
            // This event came before `Order Created`: the void payment takes the place of a charge.
            None => self.table.put_if_absent(&Payment::void(shortage, now), invocation).await?,
        };
        if payment.get().is_refundable() {
            self.processor.refund(&shortage.order_id).await?;
            payment = self.table.record_refund(&shortage.order_id, now, invocation).await?;
        }
        let Some((refunded_at, refunded)) = payment.get().refund() else { return Ok(()) };
        tracing::info!("payment refunded");
        let refunded = payment.map(|_| refunded);
        Ok(self.bus.publish(&OutboundEvent::new(refunded, refunded_at, inbound.cause())).await?)
    }
}

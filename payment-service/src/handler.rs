use chrono::{DateTime, Utc};
use shared::{
    Amount, Event, EventError, EventHandler, InboundEvent, InventoryInsufficient, Invocation,
    OrderCreated, OrderId, PublishError, Publisher, annotation, clock,
};

use crate::{
    payment::{Payment, Step, Stored},
    processor::{Charge, Processor, ProcessorError, Refund},
    store::{PaymentTable, PaymentTableError},
};

/// What paying needs.
#[derive(Debug)]
pub(crate) struct Payments<P> {
    /// The most that one order may cost.
    pub(crate) limit: Amount,
    pub(crate) processor: P,
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

impl<P: Processor> EventHandler for Payments<P> {
    type Error = PaymentError;

    async fn handle(
        &self,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> Result<(), PaymentError> {
        match &inbound.event {
            Event::OrderCreated(order) => self.pay(order, inbound, invocation).await,
            Event::InventoryInsufficient(shortage) => {
                self.cancel(shortage, inbound, invocation).await
            }
            _ => Err(inbound.not_handled().into()),
        }
    }
}

impl<P: Processor> Payments<P> {
    /// Records the intention to charge, asks the processor, records its verdict. A process that dies in
    /// between leaves a record from which its retry, or the next delivery, goes on.
    async fn pay(
        &self,
        order: &OrderCreated,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> Result<(), PaymentError> {
        annotation::payment_amount(order.amount);
        let now = clock::now();
        let intended = Payment::intend(order, self.limit, self.processor.name(), now);
        let mut stored = self.table.put_if_absent(&intended, invocation).await?;
        if stored.payment.is_intended() && !stored.is_new {
            stored = self.take_over(stored, invocation, now).await?;
        }
        if stored.is_claimed_by_another(invocation, now) {
            tracing::info!("another delivery of the order is charging");
            return Ok(());
        }
        if stored.payment.next() == Step::Charge {
            let charge = Charge {
                idempotency_key: &order.order_id,
                amount: order.amount,
                currency: &order.currency,
                method: order.payment_method.as_ref(),
            };
            let verdict = self.processor.charge(charge).await?;
            let decided = stored.payment.decide(verdict, clock::now());
            stored = self.table.record_decision(&decided, invocation).await?;
        }
        self.settle(stored, inbound, invocation).await
    }

    /// There is no stock. What is charged is refunded, what is about to be charged is cancelled, and
    /// what nobody set about charging never will be.
    async fn cancel(
        &self,
        shortage: &InventoryInsufficient,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> Result<(), PaymentError> {
        let now = clock::now();
        let void = Payment::void(shortage, now);
        let mut stored = self.table.put_if_absent(&void, invocation).await?;
        if stored.payment.is_intended() {
            stored = self.table.cancel(&shortage.order_id, invocation, now).await?;
            stored = self.take_over(stored, invocation, now).await?;
        }
        if stored.is_claimed_by_another(invocation, now) {
            tracing::info!("the delivery that is charging sees the cancellation and refunds");
            return Ok(());
        }
        if stored.payment.is_refundable() {
            stored = self.refund(&shortage.order_id, invocation).await?;
        }
        self.settle(stored, inbound, invocation).await
    }

    /// Takes the claim over if its owner is this invocation's earlier attempt, or over for good.
    async fn take_over(
        &self,
        stored: Stored,
        invocation: &Invocation,
        now: DateTime<Utc>,
    ) -> Result<Stored, PaymentError> {
        if !stored.payment.is_intended() || stored.is_claimed_by_another(invocation, now) {
            return Ok(stored);
        }
        Ok(self.table.take_over(&stored.payment.order_id, invocation, now).await?)
    }

    /// Takes a payment to its end: whoever finds a charge and a cancellation together refunds.
    async fn settle(
        &self,
        mut stored: Stored,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> Result<(), PaymentError> {
        let order_id = stored.payment.order_id.clone();
        loop {
            match stored.payment.next() {
                Step::ResolveCancelled => {
                    let refund = self.processor.refund(&order_id).await?;
                    let resolved = stored.payment.resolve(refund, clock::now());
                    stored = self.table.record_decision(&resolved, invocation).await?;
                }
                Step::Refund => stored = self.refund(&order_id, invocation).await?,
                Step::Charge | Step::Publish => break,
            }
        }
        let events = stored.events(&inbound.cause());
        for event in &events {
            tracing::info!(outcome = event.event().detail_type(), "payment decided");
        }
        if events.is_empty() { Ok(()) } else { Ok(self.bus.publish_batch(&events).await?) }
    }

    /// Refunds a charge that is recorded.
    async fn refund(
        &self,
        order_id: &OrderId,
        invocation: &Invocation,
    ) -> Result<Stored, PaymentError> {
        if self.processor.refund(order_id).await? == Refund::NothingCharged {
            // So does the embedded sandbox, whose only memory is the table.
            tracing::info!("the processor does not know of the recorded charge");
        }
        Ok(self.table.record_refund(order_id, clock::now(), invocation).await?)
    }
}

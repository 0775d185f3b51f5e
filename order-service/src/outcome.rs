use shared::{EventError, EventHandler, InboundEvent, Invocation};

use crate::{
    handler::Orders,
    progress::{Fact, Happened},
    store::OrderTableError,
};

/// Why an event was not handled. Lambda retries, then sends the event to the on-failure
/// destination.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutcomeError {
    #[error("the event is not understood")]
    Event(#[from] EventError),
    #[error("what happened to the order was not stored")]
    Table(#[from] OrderTableError),
}

impl EventHandler for Orders {
    type Error = OutcomeError;

    /// Adds what happened to the order's history. Whoever has the last fact takes the order out of
    /// the index of open ones, with the same write if it is the usual last one.
    async fn handle(
        &self,
        inbound: &InboundEvent,
        _invocation: &Invocation,
    ) -> Result<(), OutcomeError> {
        let event = &inbound.event;
        let fact = Fact::of(event).ok_or_else(|| inbound.not_handled())?;
        let happened = Happened::of(inbound);
        let (customer_id, order_id) = (event.customer_id(), event.order_id());
        let mut added = None;
        if happened.says_confirmed(fact) {
            added = self.table.add_last_fact(customer_id, order_id, &happened).await?;
        }
        if added.is_none() {
            added = self.table.add_fact(customer_id, order_id, fact, &happened).await?;
        }
        let Some(order) = added else {
            tracing::warn!(fact = fact.detail_type(), "there is no such order here");
            return Ok(());
        };
        let status = order.progress.status().as_str();
        tracing::info!(fact = fact.detail_type(), status, "order updated");
        if order.open.is_some() && order.progress.is_ended() {
            self.table.close(&order).await?;
        }
        Ok(())
    }
}

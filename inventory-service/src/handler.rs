use std::time::Duration;

use shared::{
    Event, EventError, EventHandler, InboundEvent, Invocation, OrderCreated, OrderId,
    OutboundEvent, PaymentFailed, PublishError, Publisher, Recorded, annotation, clock,
};

use crate::{
    reservation::{Decision, Reservation, levels},
    store::{InventoryTable, InventoryTableError, Put},
};

/// How often a decision is attempted while other orders change the stock.
const ATTEMPTS: u32 = 12;
/// The longest pause between two attempts. The actual pause is a random share of it.
const PAUSE: Duration = Duration::from_millis(40);

/// What reserving stock needs.
#[derive(Debug)]
pub(crate) struct Inventory {
    /// What each warehouse has of a product that was never seen.
    pub(crate) initial_stock: u32,
    pub(crate) table: InventoryTable,
    pub(crate) bus: Publisher,
}

/// Why an event was not handled. Lambda retries, then sends the event to the on-failure
/// destination.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InventoryError {
    #[error("the event is not understood")]
    Event(#[from] EventError),
    #[error("the stock was not changed")]
    Table(#[from] InventoryTableError),
    #[error("other orders changed the stock during all {ATTEMPTS} attempts to decide about `{0}`")]
    Contended(OrderId),
    #[error("the reservation was stored, but could not be published")]
    Bus(#[from] PublishError),
}

impl EventHandler for Inventory {
    type Error = InventoryError;

    async fn handle(
        &self,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> Result<(), InventoryError> {
        match &inbound.event {
            Event::OrderCreated(order) => self.reserve(order, inbound, invocation).await,
            Event::PaymentFailed(failure) => self.release(failure, inbound, invocation).await,
            _ => Err(inbound.not_handled().into()),
        }
    }
}

impl Inventory {
    async fn reserve(
        &self,
        order: &OrderCreated,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> Result<(), InventoryError> {
        annotation::product_id(&order.product_id);
        let reservation = self.decide(order, invocation).await?;
        if let Decision::Reserved { warehouse, .. } = &reservation.get().decision {
            annotation::warehouse(warehouse);
        }
        self.publish(reservation, inbound).await
    }

    /// Publishes the decision, perhaps again.
    async fn publish(
        &self,
        reservation: Recorded<Reservation>,
        inbound: &InboundEvent,
    ) -> Result<(), InventoryError> {
        let decided_at = reservation.get().decided_at;
        let outcome = reservation.map(|reservation| reservation.outcome());
        tracing::info!(outcome = outcome.get().detail_type(), "stock decided");
        Ok(self.bus.publish(&OutboundEvent::new(outcome, decided_at, inbound.cause())).await?)
    }

    /// Decides by the current stock, and again if the stock changed before the decision was stored.
    /// Returns the decision that was stored first.
    async fn decide(
        &self,
        order: &OrderCreated,
        invocation: &Invocation,
    ) -> Result<Recorded<Reservation>, InventoryError> {
        for _ in 0..ATTEMPTS {
            let stored = self.table.stock(&order.product_id).await?;
            let levels = levels(&stored, self.initial_stock);
            let decided = Reservation::decide(order, &levels, clock::now());
            match self.table.put_if_absent(&decided, &levels, invocation).await? {
                Put::Recorded(reservation) => return Ok(reservation),
                Put::StockChanged => tokio::time::sleep(PAUSE.mul_f64(fastrand::f64())).await,
            }
        }
        Err(InventoryError::Contended(order.order_id.clone()))
    }

    /// The order is not paid: releases what was reserved, or makes sure that nothing will be
    /// reserved.
    async fn release(
        &self,
        failure: &PaymentFailed,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> Result<(), InventoryError> {
        let (order_id, now) = (&failure.order_id, clock::now());
        let mut reservation = if let Some(decided) = self.table.find(order_id).await? {
            Recorded::Existing(decided)
        } else {
            // This event came before `Order Created`: the void reservation takes the place of a
            // real one.
            let void = Reservation::void(failure, now);
            match self.table.put_if_absent(&void, &[], invocation).await? {
                Put::Recorded(reservation) => reservation,
                Put::StockChanged => return Err(InventoryError::Contended(order_id.clone())),
            }
        };
        if let Some((goods, warehouse)) = reservation.get().releasable() {
            let released = self.table.release(order_id, goods, warehouse, now, invocation).await?;
            reservation = released.unwrap_or(reservation);
        }
        if matches!(reservation.get().decision, Decision::Void) {
            return self.publish(reservation, inbound).await;
        }
        let Some((released_at, released)) = reservation.get().release() else { return Ok(()) };
        tracing::info!("stock released");
        let released = reservation.map(|_| released);
        Ok(self.bus.publish(&OutboundEvent::new(released, released_at, inbound.cause())).await?)
    }
}

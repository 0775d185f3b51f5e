use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use shared::{
    Event, Heard, NotUnderstood, OrderCreated, PaymentFailed, Told, clock,
    lambda::annotate,
    publisher::{PublishError, Publisher},
};
use tracing::Span;

use crate::{
    reservation::{Decision, Reservation, levels},
    store::{InventoryTable, InventoryTableError, Kept},
};

/// How often a decision is made anew because other orders moved the stock meanwhile.
const ATTEMPTS: u32 = 12;
/// The longest pause between two attempts; a random part of it is waited.
const PAUSE: Duration = Duration::from_millis(40);

/// What reserving needs.
#[derive(Debug)]
pub(crate) struct Inventory {
    /// What each warehouse has of a product that was never seen.
    pub(crate) initial_stock: u32,
    pub(crate) table: InventoryTable,
    pub(crate) bus: Publisher,
}

/// Why an event was not answered. Lambda tries it again, then hands it to the on-failure destination.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InventoryError {
    #[error("the event is not understood")]
    NotUnderstood(#[from] NotUnderstood),
    #[error("the stock was not moved")]
    Table(#[from] InventoryTableError),
    #[error("others were quicker {ATTEMPTS} times while `{0}` was decided")]
    Contended(String),
    #[error("the reservation was kept, but could not be told")]
    Bus(#[from] PublishError),
}

impl Inventory {
    /// Hears one event, perhaps not for the first time, and perhaps out of order.
    pub(crate) async fn hear(&self, payload: &RawValue) -> Result<(), InventoryError> {
        let heard = Heard::read(payload)?;
        annotate(&heard);
        match &heard.event {
            Event::OrderCreated(order) => self.reserve(order, &heard).await,
            Event::PaymentFailed(failure) => self.release(failure, &heard).await,
            other => Err(NotUnderstood::NotForUs(other.detail_type()).into()),
        }
    }

    async fn reserve(&self, order: &OrderCreated, heard: &Heard) -> Result<(), InventoryError> {
        let span = Span::current();
        span.record("annotation.product_id", &order.product_id);
        let (reservation, now) = self.decide(order).await?;
        if let Decision::Reserved { warehouse, .. } = &reservation.decision {
            span.record("annotation.warehouse", warehouse);
        }
        if let Some(outcome) = reservation.outcome() {
            tracing::info!(outcome = outcome.detail_type(), "stock decided");
            let told = Told::new(outcome, reservation.decided_at, heard.cause());
            Ok(self.bus.tell(&told.news_of(now)).await?)
        } else {
            tracing::info!("the order is not paid, so nothing is reserved");
            Ok(())
        }
    }

    /// Decides from the stock as it is, and again when it was moved before the decision was kept. The answer is
    /// the first decision that was kept, perhaps not ours, and when ours was made.
    async fn decide(
        &self,
        order: &OrderCreated,
    ) -> Result<(Reservation, DateTime<Utc>), InventoryError> {
        for _ in 0..ATTEMPTS {
            let now = clock::now();
            let seen = self.table.stock(&order.product_id).await?;
            let levels = levels(&seen, self.initial_stock);
            let wanted = Reservation::decide(order, &levels, now);
            match self.table.keep_first(&wanted, &levels).await? {
                Kept::Decision(kept) => return Ok((kept, now)),
                Kept::StockMoved => tokio::time::sleep(PAUSE.mul_f64(fastrand::f64())).await,
            }
        }
        Err(InventoryError::Contended(order.order_id.clone()))
    }

    /// The order is not paid: what was set aside goes back, and what was not never will be.
    async fn release(&self, failure: &PaymentFailed, heard: &Heard) -> Result<(), InventoryError> {
        let (order_id, now) = (&failure.order_id, clock::now());
        let mut reservation = match self.table.find(order_id).await? {
            Some(decided) => decided,
            // Heard before `Order Created`: this keeps the place of the reservation that must not happen.
            None => match self.table.keep_first(&Reservation::void(failure, now), &[]).await? {
                Kept::Decision(kept) => kept,
                Kept::StockMoved => return Err(InventoryError::Contended(order_id.clone())),
            },
        };
        if let Some((goods, warehouse)) = reservation.set_aside() {
            self.table.release(order_id, goods, warehouse, now).await?;
            reservation = self.table.find(order_id).await?.unwrap_or(reservation);
        }
        match reservation.release() {
            Some((released, at)) => {
                tracing::info!("stock put back");
                let told = Told::new(released, at, heard.cause());
                Ok(self.bus.tell(&told.news_of(now)).await?)
            }
            None => Ok(()),
        }
    }
}

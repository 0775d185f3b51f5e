use chrono::{DateTime, Utc};
use shared::{
    Event, EventError, EventHandler, InboundEvent, Invocation, OrderCreated, OrderId,
    OutboundEvent, PaymentFailed, PublishError, Publisher, Recorded, annotation,
    budget::TimeUsedUp, chain, clock,
};

use crate::{
    backoff::Backoff,
    reservation::{Choice, Decision, Reservation},
    store::{InventoryTable, InventoryTableError},
};

/// What reserving stock needs.
#[derive(Debug)]
pub(crate) struct Inventory {
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
    #[error(
        "the time of this invocation is used up: other orders changed the stock during all \
         {attempts} attempts to decide about `{order_id}`"
    )]
    Contended { attempts: u32, order_id: OrderId, source: InventoryTableError },
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
        let mut backoff = Backoff::default();
        let reservation = loop {
            match self.try_to_reserve(order, &backoff, invocation).await {
                Ok(reservation) => break reservation,
                Err(error) => wait(&mut backoff, error, &order.order_id).await?,
            }
        };
        if let Decision::Reserved { warehouse, .. } = &reservation.get().decision {
            annotation::warehouse(warehouse);
        }
        // A release was counted by the invocation that recorded it.
        let release = Recorded::Existing(reservation.get().release()).transpose();
        self.publish(reservation, release, inbound).await
    }

    /// Decides by the current stock. Returns the decision that was stored first.
    async fn try_to_reserve(
        &self,
        order: &OrderCreated,
        backoff: &Backoff,
        invocation: &Invocation,
    ) -> Result<Recorded<Reservation>, InventoryTableError> {
        let levels = self.table.stock(&order.product_id).await?;
        let choice = match backoff.attempts() {
            0 => Choice::Fullest,
            // Others want the same: most of them would choose the fullest again.
            _ => Choice::Nth(fastrand::usize(..)),
        };
        let decided = Reservation::decide(order, &levels, choice, clock::now());
        self.table.put_if_absent(&decided, invocation).await
    }

    /// The order is not paid: releases what was reserved, or makes sure that nothing will be
    /// reserved.
    async fn release(
        &self,
        failure: &PaymentFailed,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> Result<(), InventoryError> {
        let mut backoff = Backoff::default();
        let reservation = loop {
            match self.try_to_release(failure, invocation).await {
                Ok(reservation) => break reservation,
                Err(error) => wait(&mut backoff, error, &failure.order_id).await?,
            }
        };
        match &reservation.get().decision {
            // What happened to the order's stock is published already, or will be by the redelivery of
            // `Order Created`.
            Decision::Insufficient { .. } => Ok(()),
            Decision::Void => self.publish(reservation, None, inbound).await,
            // Nobody knows whether the reservation was published before the process that made it died.
            Decision::Reserved { .. } => {
                let reserved = Recorded::Existing(reservation.get().clone());
                let release = reservation.map(|reservation| reservation.release()).transpose();
                self.publish(reserved, release, inbound).await
            }
        }
    }

    /// Publishes the decision and the release, if there is one, in one call.
    async fn publish(
        &self,
        reservation: Recorded<Reservation>,
        release: Option<Recorded<(DateTime<Utc>, Event)>>,
        inbound: &InboundEvent,
    ) -> Result<(), InventoryError> {
        let decided_at = reservation.get().decided_at;
        let outcome = reservation.map(|reservation| reservation.outcome());
        tracing::info!(
            outcome = outcome.get().detail_type(),
            is_released = release.is_some(),
            "stock decided"
        );
        let mut events = vec![OutboundEvent::new(outcome, decided_at, inbound.cause())];
        events.extend(release.map(|release| {
            let (released_at, _) = release.get();
            let released_at = *released_at;
            OutboundEvent::new(release.map(|(_, event)| event), released_at, inbound.cause())
        }));
        Ok(self.bus.publish_batch(&events).await?)
    }

    async fn try_to_release(
        &self,
        failure: &PaymentFailed,
        invocation: &Invocation,
    ) -> Result<Recorded<Reservation>, InventoryTableError> {
        let now = clock::now();
        // If this event came before `Order Created`, the void reservation takes the place of a real
        // one.
        let void = Reservation::void(failure, now);
        let reservation = self.table.put_if_absent(&void, invocation).await?;
        self.table.release(reservation, now, invocation).await
    }
}

/// Waits before the next attempt, unless `error` is none that it could help with or the time of the
/// invocation is used up.
async fn wait(
    backoff: &mut Backoff,
    error: InventoryTableError,
    order_id: &OrderId,
) -> Result<(), InventoryError> {
    if !error.lost_to_others() {
        return Err(error.into());
    }
    tracing::debug!(
        attempts = backoff.attempts(),
        error = chain(&error),
        "other orders were faster"
    );
    backoff.pause().await.map_err(|TimeUsedUp| InventoryError::Contended {
        attempts: backoff.attempts(),
        order_id: order_id.clone(),
        source: error,
    })
}

use crate::checker::Model;

mod payment;
mod state;

use payment::Invocation;
use state::{Delivery, Reservation, Service};
pub(crate) use state::{Event, State};

/// One order's life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// Whether a warehouse has enough.
    pub(crate) has_stock: bool,
    /// Whether the processor approves.
    pub(crate) has_money: bool,
    /// How many invocations may die and events be lost.
    pub(crate) crashes: u8,
    /// How many deliveries may happen twice at once.
    pub(crate) duplicates: u8,
    /// How often the sweep may come while work is under way. When nothing is, it may always come.
    pub(crate) sweeps: u8,
    /// A rule that is left out, to see that it is needed.
    pub(crate) flaw: Option<Flaw>,
}

/// A rule of the protocol that somebody forgot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The processor is asked before the intention is recorded.
    NoIntention,
    /// A refund of what was never charged leaves the key usable.
    KeyStaysValid,
    /// Nobody publishes an order again that is open for long.
    NoSweep,
    /// The order service takes an order for ended before stock and money are back.
    EndsEarly,
}

impl Flaw {
    pub(crate) const ALL: [Self; 4] =
        [Self::NoIntention, Self::KeyStaysValid, Self::NoSweep, Self::EndsEarly];
}

impl Model for Life {
    type State = State;

    fn first(&self) -> State {
        let mut state = State {
            crashes: self.crashes,
            duplicates: self.duplicates,
            sweeps: self.sweeps,
            ..State::default()
        };
        state.publish(Event::OrderCreated);
        state
    }

    fn next(&self, state: &State) -> Vec<State> {
        let mut next = Vec::new();
        for event in Event::ALL {
            self.order_service(state, event, &mut next);
            Self::notification_service(state, event, &mut next);
        }
        for delivery in state.deliveries() {
            self.delivery(state, delivery, &mut next);
        }
        if state.has_charge_on_the_wire {
            let mut late = State { has_charge_on_the_wire: false, ..*state };
            payment::charge(*self, &mut late);
            next.push(late);
        }
        self.sweep(state, &mut next);
        next
    }

    fn violation(&self, state: &State) -> Option<&'static str> {
        if !state.is_ended || state.has_charge_on_the_wire {
            return None;
        }
        let is_paid = state.processor.is_charged && !state.processor.is_refunded;
        let is_set_aside = state.reservation == Reservation::Reserved { is_released: false };
        let should_be_confirmed = self.has_money && self.has_stock;
        match () {
            () if is_paid && !is_set_aside => Some("a charge without stock"),
            () if is_set_aside && !is_paid => Some("stock without payment"),
            () if is_paid != should_be_confirmed => {
                Some("an order that could be confirmed was not")
            }
            () => match state.notified {
                None => Some("an order that ended without a notification"),
                Some(is_confirmed) if is_confirmed != is_paid => {
                    Some("a notification of another end")
                }
                Some(_) => None,
            },
        }
    }

    fn has_ended(&self, state: &State) -> bool {
        state.is_ended
    }
}

impl Life {
    /// `order-service`, an outcome: one update of the order's item.
    fn order_service(self, state: &State, event: Event, next: &mut Vec<State>) {
        if !state.waits_for_order(event) {
            return;
        }
        let mut lost = *state;
        lost.to_order &= !event.bit();
        let mut handled = lost;
        handled.facts |= event.bit();
        handled.is_ended |= self.is_ended(handled.facts);
        next.push(handled);
        next.extend(lost.crashed());
    }

    fn is_ended(self, facts: u16) -> bool {
        use Event::{
            InventoryCancelled, InventoryInsufficient, InventoryReleased, InventoryUpdated,
            NotificationSent, PaymentCancelled, PaymentFailed, PaymentProcessed, PaymentRefunded,
        };
        let any = |events: &[Event]| events.iter().any(|event| facts & event.bit() != 0);
        let is_undone = self.flaw == Some(Flaw::EndsEarly);
        let stock_is_back = any(&[InventoryReleased, InventoryInsufficient, InventoryCancelled]);
        let money_is_back = any(&[PaymentRefunded, PaymentFailed, PaymentCancelled]);
        any(&[NotificationSent])
            && if any(&[PaymentFailed]) {
                stock_is_back || is_undone
            } else if any(&[InventoryInsufficient]) {
                money_is_back || is_undone
            } else {
                any(&[PaymentProcessed]) && any(&[InventoryUpdated])
            }
    }

    /// `notification-service`, an outcome in one step: `notification.rs` takes that apart.
    fn notification_service(state: &State, event: Event, next: &mut Vec<State>) {
        if !state.waits_for_notification(event) {
            return;
        }
        let mut lost = *state;
        lost.to_notification &= !event.bit();
        let mut handled = lost;
        match event {
            Event::PaymentProcessed => _ = handled.known_payment.get_or_insert(true),
            Event::PaymentFailed => _ = handled.known_payment.get_or_insert(false),
            Event::InventoryUpdated => _ = handled.known_stock.get_or_insert(true),
            _ => _ = handled.known_stock.get_or_insert(false),
        }
        let ending = match (handled.known_payment, handled.known_stock) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
        if let Some(is_confirmed) = ending {
            handled.notified.get_or_insert(is_confirmed);
            handled.publish(Event::NotificationSent);
        }
        next.push(handled);
        next.extend(lost.crashed());
    }

    /// A delivery to `payment-service` or `inventory-service` starts, goes one step on, or dies.
    fn delivery(self, state: &State, delivery: Delivery, next: &mut Vec<State>) {
        let rest = state.without(delivery);
        let Some(invocation) = delivery.invocation else {
            let started = Delivery { invocation: Some(Invocation::Start), ..delivery };
            let started = rest.with(started);
            if state.duplicates > 0 {
                let mut twice = State { duplicates: state.duplicates - 1, ..started };
                twice.deliver(delivery.event, delivery.service);
                next.push(twice);
            }
            next.push(started);
            next.extend(rest.crashed());
            return;
        };
        for (after, invocation) in self.step(&rest, delivery, invocation) {
            next.push(match invocation {
                Invocation::Done => after,
                going_on => after.with(Delivery { invocation: Some(going_on), ..delivery }),
            });
        }
        let again = Delivery { invocation: None, ..delivery };
        if let Some(dead) = rest.crashed() {
            // Lambda tries again, under the same request id, or has tried often enough.
            next.extend([dead, dead.with(again)]);
            if invocation == Invocation::Charge {
                let late = State { has_charge_on_the_wire: true, ..dead };
                next.extend([late, late.with(again)]);
            }
        }
    }

    /// One step, seen from the rest of the world: `state` is without this delivery.
    fn step(self, state: &State, delivery: Delivery, at: Invocation) -> Vec<(State, Invocation)> {
        if let Invocation::Publish(events) = at {
            let mut after = *state;
            events.into_iter().flatten().for_each(|event| after.publish(event));
            return vec![(after, Invocation::Done)];
        }
        match delivery.service {
            Service::Payment => payment::step(self, state, delivery, at),
            Service::Inventory => vec![self.inventory_service(state, delivery.event)],
        }
    }

    /// `inventory-service`: every decision about an order's stock is one conditional write or transaction.
    fn inventory_service(self, state: &State, event: Event) -> (State, Invocation) {
        let reservation = match (event, state.reservation) {
            (Event::OrderCreated, Reservation::Undecided) if self.has_stock => {
                Reservation::Reserved { is_released: false }
            }
            (Event::OrderCreated, Reservation::Undecided) => Reservation::Insufficient,
            (Event::PaymentFailed, Reservation::Undecided) => Reservation::Void,
            (Event::PaymentFailed, Reservation::Reserved { .. }) => {
                Reservation::Reserved { is_released: true }
            }
            (_, decided) => decided,
        };
        let events = match reservation {
            Reservation::Undecided => [None, None],
            Reservation::Reserved { is_released: false } => [Some(Event::InventoryUpdated), None],
            Reservation::Reserved { is_released: true } => {
                [Some(Event::InventoryUpdated), Some(Event::InventoryReleased)]
            }
            Reservation::Insufficient => [Some(Event::InventoryInsufficient), None],
            Reservation::Void => [Some(Event::InventoryCancelled), None],
        };
        (State { reservation, ..*state }, Invocation::Publish(events))
    }

    /// `order-service`, the schedule: an order that is open for long is published again.
    fn sweep(self, state: &State, next: &mut Vec<State>) {
        if state.is_ended
            || self.flaw == Some(Flaw::NoSweep)
            || !(state.is_quiet() || state.sweeps > 0)
        {
            return;
        }
        let sweeps = if state.is_quiet() { state.sweeps } else { state.sweeps - 1 };
        let mut swept = State { sweeps, ..*state };
        swept.publish(Event::OrderCreated);
        next.push(swept);
    }
}

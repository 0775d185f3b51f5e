use super::payment::{Invocation, Payment, Processor};

/// Everything about one order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(super) payment: Payment,
    pub(super) processor: Processor,
    /// A charge whose caller died and that may still arrive.
    pub(super) has_charge_on_the_wire: bool,
    pub(super) reservation: Reservation,
    pub(super) known_payment: Option<bool>,
    pub(super) known_stock: Option<bool>,
    /// Whether the notification was a confirmation.
    pub(super) notified: Option<bool>,
    /// The events that the order service has recorded.
    pub(super) facts: u16,
    pub(super) is_ended: bool,
    /// On their way to services that handle an event in one conditional write.
    pub(super) to_order: u16,
    pub(super) to_notification: u16,
    /// To the services that take several steps; sorted.
    pub(super) deliveries: [Option<Delivery>; 8],
    pub(super) crashes: u8,
    pub(super) duplicates: u8,
    pub(super) sweeps: u8,
}

/// The first and only decision about an order's stock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Reservation {
    #[default]
    Undecided,
    Reserved {
        is_released: bool,
    },
    Insufficient,
    Void,
}

/// A service that takes several steps over an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Service {
    Payment,
    Inventory,
}

/// An event on its way to a service, or being handled there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Delivery {
    pub(super) service: Service,
    pub(super) event: Event,
    /// Lambda's; it stays the same when the invocation is tried again.
    pub(super) request_id: u8,
    pub(super) invocation: Option<Invocation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Event {
    OrderCreated,
    PaymentProcessed,
    PaymentFailed,
    PaymentRefunded,
    PaymentCancelled,
    InventoryUpdated,
    InventoryInsufficient,
    InventoryReleased,
    InventoryCancelled,
    NotificationSent,
}

impl Event {
    pub(super) const ALL: [Self; 10] = [
        Self::OrderCreated,
        Self::PaymentProcessed,
        Self::PaymentFailed,
        Self::PaymentRefunded,
        Self::PaymentCancelled,
        Self::InventoryUpdated,
        Self::InventoryInsufficient,
        Self::InventoryReleased,
        Self::InventoryCancelled,
        Self::NotificationSent,
    ];

    pub(super) fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl State {
    /// Hands `event` to everybody who consumes it.
    pub(super) fn publish(&mut self, event: Event) {
        match event {
            Event::OrderCreated => {
                self.deliver(event, Service::Payment);
                self.deliver(event, Service::Inventory);
                return;
            }
            Event::PaymentFailed => self.deliver(event, Service::Inventory),
            Event::InventoryInsufficient => self.deliver(event, Service::Payment),
            _ => {}
        }
        let decides = matches!(
            event,
            Event::PaymentProcessed
                | Event::PaymentFailed
                | Event::InventoryUpdated
                | Event::InventoryInsufficient
        );
        if decides {
            self.to_notification |= event.bit();
        }
        // What is recorded already changes nothing.
        if self.facts & event.bit() == 0 {
            self.to_order |= event.bit();
        }
    }

    /// Two deliveries of a kind at once show all that more of them would.
    pub(super) fn deliver(&mut self, event: Event, service: Service) {
        let same = |each: &Delivery| each.event == event && each.service == service;
        if self.deliveries().any(|each| same(&each) && each.invocation.is_none())
            || self.deliveries().filter(same).count() >= 2
        {
            return;
        }
        let is_free = |id: &u8| {
            Some(*id) != self.payment.owner()
                && self.deliveries().all(|each| each.request_id != *id)
        };
        let request_id = (1..=u8::MAX).find(is_free).expect("there are few deliveries");
        *self = self.with(Delivery { service, event, request_id, invocation: None });
    }

    pub(super) fn deliveries(&self) -> impl Iterator<Item = Delivery> + use<> {
        self.deliveries.into_iter().flatten()
    }

    pub(super) fn with(mut self, delivery: Delivery) -> Self {
        let free = self.deliveries.iter_mut().find(|slot| slot.is_none());
        *free.expect("at most two deliveries of four kinds") = Some(delivery);
        self.deliveries.sort_unstable();
        self
    }

    pub(super) fn without(mut self, delivery: Delivery) -> Self {
        let slot = self.deliveries.iter_mut().find(|slot| **slot == Some(delivery));
        *slot.expect("it is there") = None;
        self.deliveries.sort_unstable();
        self
    }

    pub(super) fn waits_for_order(&self, event: Event) -> bool {
        self.to_order & event.bit() != 0
    }

    pub(super) fn waits_for_notification(&self, event: Event) -> bool {
        self.to_notification & event.bit() != 0
    }

    /// This state after one crash more, if one is left.
    pub(super) fn crashed(&self) -> Option<Self> {
        Some(Self { crashes: self.crashes.checked_sub(1)?, ..*self })
    }

    /// Whether nothing is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.to_order | self.to_notification == 0 && self.deliveries().next().is_none()
    }

    /// Whether the invocation of that request id is being run.
    pub(super) fn is_running(&self, request_id: u8) -> bool {
        self.deliveries().any(|each| each.request_id == request_id && each.invocation.is_some())
    }
}

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use shared::{Event, InboundEvent, PaymentFailure};

/// What is known to have happened to an order: the first event of each kind, whatever the order of
/// their arrival was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress(BTreeMap<Fact, Happened>);

/// When a fact became true, and the event that said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happened {
    pub(crate) at: DateTime<Utc>,
    pub(crate) event_id: String,
    /// The trace header that it was published with.
    pub(crate) trace: Option<String>,
    /// Why a payment failed, or of which ending the customer was notified.
    pub(crate) detail: Option<String>,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Created,
    Confirmed,
    PaymentFailed,
    OutOfStock,
}

/// Declares the facts from one table: event, attribute, `detail-type`.
macro_rules! facts {
    ($($fact:ident: $attribute:literal, $detail_type:literal;)*) => {
        /// What can happen to an order, once.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Fact { $($fact,)* }

        impl Fact {
            pub(crate) const ALL: &[Self] = &[$(Self::$fact,)*];

            /// What `event` says, unless it is the order itself.
            pub(crate) fn of(event: &Event) -> Option<Self> {
                match event {
                    $(Event::$fact(_) => Some(Self::$fact),)*
                    Event::OrderCreated(_) => None,
                }
            }

            /// The fact's attribute in an item.
            pub(crate) fn attribute(self) -> &'static str {
                match self { $(Self::$fact => $attribute,)* }
            }

            /// The `detail-type` of its event.
            pub(crate) fn detail_type(self) -> &'static str {
                match self { $(Self::$fact => $detail_type,)* }
            }
        }
    };
}

facts! {
    PaymentProcessed: "paymentProcessed", "Payment Processed";
    PaymentFailed: "paymentFailed", "Payment Failed";
    PaymentRefunded: "paymentRefunded", "Payment Refunded";
    PaymentCancelled: "paymentCancelled", "Payment Cancelled";
    InventoryUpdated: "inventoryUpdated", "Inventory Updated";
    InventoryInsufficient: "inventoryInsufficient", "Inventory Insufficient";
    InventoryReleased: "inventoryReleased", "Inventory Released";
    InventoryCancelled: "inventoryCancelled", "Inventory Cancelled";
    NotificationSent: "notificationSent", "Notification Sent";
}

impl Fact {
    /// What the detail of this fact is about, if it has one.
    pub(crate) fn detail_name(self) -> Option<&'static str> {
        match self {
            Self::PaymentFailed => Some("reason"),
            Self::NotificationSent => Some("outcome"),
            _ => None,
        }
    }
}

impl Happened {
    /// What `inbound` says.
    pub(crate) fn of(inbound: &InboundEvent) -> Self {
        let detail = match &inbound.event {
            Event::PaymentFailed(failed) => Some(match failed.reason {
                PaymentFailure::Declined => "declined".to_owned(),
                PaymentFailure::LimitExceeded => "limit_exceeded".to_owned(),
            }),
            Event::NotificationSent(sent) => Some(sent.outcome.clone()),
            _ => None,
        };
        let metadata = &inbound.metadata;
        Self {
            at: metadata.occurred_at,
            event_id: metadata.event_id.clone(),
            trace: metadata.trace.clone(),
            detail,
        }
    }

    /// Whether this is what the customer of a confirmed order was notified of.
    pub(crate) fn says_confirmed(&self, fact: Fact) -> bool {
        fact == Fact::NotificationSent && self.detail.as_deref() == Some(Status::Confirmed.as_str())
    }
}

impl Progress {
    /// What happened, oldest first.
    pub(crate) fn history(&self) -> Vec<(Fact, &Happened)> {
        let mut history: Vec<_> = self.iter().collect();
        history.sort_by_key(|(_, happened)| happened.at);
        history
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Fact, &Happened)> {
        self.0.iter().map(|(fact, happened)| (*fact, happened))
    }

    /// The outcome that the customer was notified of is final. Until then one refusal is enough, and a
    /// confirmation needs payment and stock.
    pub(crate) fn status(&self) -> Status {
        let notified = self.0.get(&Fact::NotificationSent).and_then(|sent| sent.detail.as_deref());
        if let Some(ending) = notified.and_then(Status::ending) {
            return ending;
        }
        if self.has(Fact::PaymentFailed) {
            Status::PaymentFailed
        } else if self.has(Fact::InventoryInsufficient) {
            Status::OutOfStock
        } else if self.has(Fact::PaymentProcessed) && self.has(Fact::InventoryUpdated) {
            Status::Confirmed
        } else {
            Status::Created
        }
    }

    /// Whether nothing is left to be done: the customer is notified, and of an order that is not
    /// delivered neither money nor stock is kept.
    pub(crate) fn is_ended(&self) -> bool {
        use Fact::{
            InventoryCancelled, InventoryInsufficient, InventoryReleased, InventoryUpdated,
            NotificationSent, PaymentCancelled, PaymentFailed, PaymentProcessed, PaymentRefunded,
        };
        let any = |facts: &[Fact]| facts.iter().any(|fact| self.has(*fact));
        self.has(NotificationSent)
            && if self.has(PaymentFailed) {
                any(&[InventoryReleased, InventoryInsufficient, InventoryCancelled])
            } else if self.has(InventoryInsufficient) {
                any(&[PaymentRefunded, PaymentCancelled])
            } else {
                self.has(PaymentProcessed) && self.has(InventoryUpdated)
            }
    }

    fn has(&self, fact: Fact) -> bool {
        self.0.contains_key(&fact)
    }
}

impl FromIterator<(Fact, Happened)> for Progress {
    fn from_iter<I: IntoIterator<Item = (Fact, Happened)>>(facts: I) -> Self {
        Self(facts.into_iter().collect())
    }
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Confirmed => "confirmed",
            Self::PaymentFailed => "payment_failed",
            Self::OutOfStock => "out_of_stock",
        }
    }

    /// What a client reads.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Created => "Order created; its payment and stock are being checked.",
            Self::Confirmed => "The order is paid, and its stock is reserved.",
            Self::PaymentFailed => "The order is not paid, so it is not delivered.",
            Self::OutOfStock => "The order is out of stock; nothing is charged or kept.",
        }
    }

    fn ending(outcome: &str) -> Option<Self> {
        let endings = [Self::Confirmed, Self::PaymentFailed, Self::OutOfStock];
        endings.into_iter().find(|ending| ending.as_str() == outcome)
    }
}

#[cfg(test)]
mod tests;

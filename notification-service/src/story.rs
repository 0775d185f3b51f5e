use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use shared::{CustomerId, Event, OrderId, PaymentFailure};

/// What is known of an order so far, whatever the order of its events was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) order_id: OrderId,
    pub(crate) customer_id: CustomerId,
    pub(crate) payment: Option<Payment>,
    pub(crate) stock: Option<Stock>,
    /// How the order ended, set when the notification is claimed. It never changes again.
    pub(crate) outcome: Option<Outcome>,
    /// When the customer was notified.
    pub(crate) sent_at: Option<DateTime<Utc>>,
    /// The invocation that is notifying the customer, or died while it did.
    pub(crate) claim: Option<Claimed>,
}

/// The right to notify the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    /// Lambda's request id of the invocation that has the claim. Lambda retries it under the same
    /// id if it fails, so that no other invocation needs to.
    pub(crate) owner: String,
    /// When that invocation ends at the latest, in epoch milliseconds.
    pub(crate) until: i64,
}

/// What became of the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payment {
    Processed,
    Declined,
    LimitExceeded,
}

/// What became of the stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stock {
    Reserved,
    Insufficient,
}

/// How an order ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Confirmed,
    PaymentFailed,
    OutOfStock,
}

/// What one event adds to a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    Payment(Payment),
    Stock(Stock),
}

impl Fact {
    /// What `event` adds, or `None` if it does not decide how an order ends.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        match event {
            Event::PaymentProcessed(_) => Some(Self::Payment(Payment::Processed)),
            Event::PaymentFailed(failed) => Some(Self::Payment(match failed.reason {
                PaymentFailure::Declined => Payment::Declined,
                PaymentFailure::LimitExceeded => Payment::LimitExceeded,
            })),
            Event::InventoryUpdated(_) => Some(Self::Stock(Stock::Reserved)),
            Event::InventoryInsufficient(_) => Some(Self::Stock(Stock::Insufficient)),
            _ => None,
        }
    }
}

impl Story {
    /// Whether another invocation than that of `request_id` is notifying the customer at `now`.
    pub(crate) fn is_claimed_by_another(&self, request_id: &str, now: DateTime<Utc>) -> bool {
        self.claim
            .as_ref()
            .is_some_and(|claim| claim.owner != request_id && claim.until >= now.timestamp_millis())
    }

    /// How the order ends, once that is known: one refusal is enough, a confirmation needs both
    /// outcomes.
    pub(crate) fn ending(&self) -> Option<Outcome> {
        if self.outcome.is_some() {
            return self.outcome;
        }
        match (self.payment, self.stock) {
            (Some(Payment::Declined | Payment::LimitExceeded), _) => Some(Outcome::PaymentFailed),
            (_, Some(Stock::Insufficient)) => Some(Outcome::OutOfStock),
            (Some(Payment::Processed), Some(Stock::Reserved)) => Some(Outcome::Confirmed),
            _ => None,
        }
    }
}

/// A text that is none of the names that its type has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not one of {names:?}")]
pub(crate) struct UnknownName {
    text: String,
    names: &'static [&'static str],
}

/// Gives an enum the names of its values in items and events.
macro_rules! named {
    ($kind:ident { $($value:ident = $name:literal,)* }) => {
        impl $kind {
            /// The value's name in items and events.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$value => $name,)* }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $kind {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                match text {
                    $($name => Ok(Self::$value),)*
                    _ => Err(UnknownName { text: text.to_owned(), names: &[$($name),*] }),
                }
            }
        }
    };
}

named!(Payment { Processed = "processed", Declined = "declined", LimitExceeded = "limit_exceeded", });
named!(Stock { Reserved = "reserved", Insufficient = "insufficient", });
named!(Outcome {
    Confirmed = "confirmed",
    PaymentFailed = "payment_failed",
    OutOfStock = "out_of_stock",
});

#[cfg(test)]
impl Story {
    /// An order of which nothing is known yet.
    pub(crate) fn new(order_id: &str) -> Self {
        Self {
            order_id: order_id.parse().unwrap(),
            customer_id: "customer123".parse().unwrap(),
            payment: None,
            stock: None,
            outcome: None,
            sent_at: None,
            claim: None,
        }
    }
}

#[cfg(test)]
mod tests;

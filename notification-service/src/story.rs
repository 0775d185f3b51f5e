use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use shared::{Event, PaymentFailure};

/// What is known of an order so far, in whatever order it was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) order_id: String,
    pub(crate) customer_id: String,
    pub(crate) payment: Option<Payment>,
    pub(crate) stock: Option<Stock>,
    /// How it ended, once somebody set about telling the customer. It never changes again.
    pub(crate) outcome: Option<Outcome>,
    /// When the customer was told.
    pub(crate) sent_at: Option<DateTime<Utc>>,
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
    /// What `event` adds, or `None` when it is none of the outcomes that decide how an order ends.
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
    /// How the order ends, once that is known: one refusal is enough, a confirmation takes both.
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

/// Gives an enum the names under which its values are kept and told.
macro_rules! named {
    ($kind:ident { $($value:ident = $name:literal,)* }) => {
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$value => $name,)* })
            }
        }

        impl FromStr for $kind {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text {
                    $($name => Ok(Self::$value),)*
                    _ => Err(()),
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
mod tests {
    use super::*;

    #[test]
    fn how_orders_end() {
        use Outcome::{Confirmed, OutOfStock, PaymentFailed};
        use Payment::{Declined, LimitExceeded, Processed};
        use Stock::{Insufficient, Reserved};
        for (payment, stock, ending) in [
            (None, None, None),
            (Some(Processed), None, None),
            (None, Some(Reserved), None),
            (Some(Processed), Some(Reserved), Some(Confirmed)),
            (Some(Declined), None, Some(PaymentFailed)),
            (Some(LimitExceeded), Some(Reserved), Some(PaymentFailed)),
            (None, Some(Insufficient), Some(OutOfStock)),
            (Some(Processed), Some(Insufficient), Some(OutOfStock)),
            (Some(Declined), Some(Insufficient), Some(PaymentFailed)),
        ] {
            let story = Story { payment, stock, ..Story::default() };
            assert_eq!(story.ending(), ending, "{payment:?} {stock:?}");
        }
    }

    #[test]
    fn an_ending_that_is_being_told_never_changes() {
        let story = Story {
            payment: Some(Payment::Declined),
            stock: Some(Stock::Insufficient),
            outcome: Some(Outcome::OutOfStock),
            ..Story::default()
        };
        assert_eq!(story.ending(), Some(Outcome::OutOfStock));
    }
}

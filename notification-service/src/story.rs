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
    /// Which delivery is telling the customer, or died over it.
    pub(crate) claim: Option<Claimed>,
}

/// The right to tell the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    /// The event whose delivery has it. Lambda delivers that one again if it fails, so the others may
    /// leave it to it.
    pub(crate) event_id: String,
    /// By when that delivery is over, in epoch milliseconds.
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
    /// Whether the delivery of another event than `event_id` is telling the customer at `now`.
    pub(crate) fn is_in_other_hands(&self, event_id: &str, now: DateTime<Utc>) -> bool {
        self.claim.as_ref().is_some_and(|claim| {
            claim.event_id != event_id && claim.until >= now.timestamp_millis()
        })
    }

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
    use proptest::prelude::*;

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
    fn a_claim_binds_other_events_until_it_expires() {
        let at = |millis| DateTime::from_timestamp_millis(millis).unwrap();
        let claim = Some(Claimed { event_id: "ord_1:payment-failed".to_owned(), until: 1_000 });
        let story = Story { claim, ..Story::default() };
        for (event_id, now, bound) in [
            ("ord_1:inventory-updated", 999, true),
            ("ord_1:inventory-updated", 1_001, false),
            ("ord_1:payment-failed", 999, false),
        ] {
            assert_eq!(story.is_in_other_hands(event_id, at(now)), bound, "{event_id} {now}");
        }
        assert!(!Story::default().is_in_other_hands("ord_1:payment-failed", at(0)));
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

    /// Adds a fact as the table does: the first word about a thing counts.
    fn add(story: &mut Story, fact: Fact) {
        match fact {
            Fact::Payment(payment) => _ = story.payment.get_or_insert(payment),
            Fact::Stock(stock) => _ = story.stock.get_or_insert(stock),
        }
    }

    fn any_fact() -> impl Strategy<Value = Fact> {
        prop_oneof![
            Just(Fact::Payment(Payment::Processed)),
            Just(Fact::Payment(Payment::Declined)),
            Just(Fact::Payment(Payment::LimitExceeded)),
            Just(Fact::Stock(Stock::Reserved)),
            Just(Fact::Stock(Stock::Insufficient)),
        ]
    }

    proptest! {
        /// Whatever comes after the end, and however often: the outcome that was kept stays.
        #[test]
        fn orders_only_move_forward(facts in proptest::collection::vec(any_fact(), 0..8)) {
            let mut story = Story::default();
            for fact in facts {
                let before = story.outcome;
                add(&mut story, fact);
                story.outcome = story.ending();
                prop_assert!(before.is_none() || story.outcome == before);
            }
        }

        /// One word about the payment and one about the stock mean the same in either order.
        #[test]
        fn the_order_of_two_facts_does_not_matter(one in any_fact(), other in any_fact()) {
            let end = |facts: [Fact; 2]| {
                let mut story = Story::default();
                for fact in facts {
                    add(&mut story, fact);
                }
                story.ending()
            };
            let same_thing = std::mem::discriminant(&one) == std::mem::discriminant(&other);
            prop_assume!(!same_thing);
            prop_assert_eq!(end([one, other]), end([other, one]));
        }
    }
}

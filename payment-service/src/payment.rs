use chrono::{DateTime, Utc};
use shared::{
    Amount, Event, InventoryInsufficient, OrderCreated, PaymentFailed, PaymentFailure,
    PaymentProcessed, PaymentRefunded, derived_id,
};

use crate::processor::Verdict;

/// The first and only decision about an order's payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) order_id: String,
    pub(crate) customer_id: String,
    pub(crate) decided_at: DateTime<Utc>,
    pub(crate) decision: Decision,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Money was moved, and perhaps moved back.
    Charged { sum: Sum, refunded_at: Option<DateTime<Utc>> },
    /// No money was moved.
    Refused { sum: Sum, reason: PaymentFailure },
    /// The order was known to be undeliverable before it was to be paid: there is nothing to pay.
    Void,
}

/// An amount in a currency, moved by somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) amount: Amount,
    pub(crate) currency: String,
    pub(crate) processor: String,
}

impl Payment {
    /// Whether the processor need not be asked at all.
    pub(crate) fn is_over_limit(order: &OrderCreated, limit: Amount) -> bool {
        order.amount > limit
    }

    /// The processor's word, or `None` when the amount is over our own limit, makes the decision.
    pub(crate) fn decide(
        order: &OrderCreated,
        processor: &str,
        verdict: Option<Verdict>,
        now: DateTime<Utc>,
    ) -> Self {
        let sum = Sum {
            amount: order.amount,
            currency: order.currency.clone(),
            processor: processor.to_owned(),
        };
        let decision = match verdict {
            Some(Verdict::Approved) => Decision::Charged { sum, refunded_at: None },
            Some(Verdict::Declined) => Decision::Refused { sum, reason: PaymentFailure::Declined },
            None => Decision::Refused { sum, reason: PaymentFailure::LimitExceeded },
        };
        let (order_id, customer_id) = (order.order_id.clone(), order.customer_id.clone());
        Self { order_id, customer_id, decided_at: now, decision }
    }

    /// No payment is wanted any more.
    pub(crate) fn void(shortage: &InventoryInsufficient, now: DateTime<Utc>) -> Self {
        let (order_id, customer_id) = (shortage.order_id.clone(), shortage.customer_id.clone());
        Self { order_id, customer_id, decided_at: now, decision: Decision::Void }
    }

    /// What there is to tell about the decision.
    pub(crate) fn outcome(&self) -> Option<Event> {
        let order_id = self.order_id.clone();
        let customer_id = self.customer_id.clone();
        let payment_id = derived_id("pay", &order_id);
        match self.decision.clone() {
            Decision::Charged { sum: Sum { amount, currency, processor }, .. } => {
                let event = PaymentProcessed {
                    order_id,
                    customer_id,
                    payment_id,
                    amount,
                    currency,
                    processor,
                };
                Some(event.into())
            }
            Decision::Refused { sum: Sum { amount, currency, processor }, reason } => {
                let event = PaymentFailed {
                    order_id,
                    customer_id,
                    payment_id,
                    amount,
                    currency,
                    processor,
                    reason,
                };
                Some(event.into())
            }
            Decision::Void => None,
        }
    }

    /// What there is to tell about the refund, and since when it is true.
    pub(crate) fn refund(&self) -> Option<(Event, DateTime<Utc>)> {
        let Decision::Charged { sum, refunded_at: Some(at) } = &self.decision else { return None };
        let event = PaymentRefunded {
            order_id: self.order_id.clone(),
            customer_id: self.customer_id.clone(),
            payment_id: derived_id("pay", &self.order_id),
            amount: sum.amount,
            currency: sum.currency.clone(),
            processor: sum.processor.clone(),
        };
        Some((event.into(), *at))
    }

    /// Whether there is money to give back.
    pub(crate) fn is_refundable(&self) -> bool {
        matches!(self.decision, Decision::Charged { refunded_at: None, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(amount: &str) -> OrderCreated {
        OrderCreated {
            order_id: "ord_1".to_owned(),
            customer_id: "customer123".to_owned(),
            product_id: "12345".to_owned(),
            quantity: 1,
            amount: amount.parse().unwrap(),
            currency: "USD".to_owned(),
            payment_method: None,
        }
    }

    #[test]
    fn the_limit_itself_is_still_allowed() {
        let limit = "100.00".parse().unwrap();
        for (amount, over) in [("99.99", false), ("100", false), ("100.01", true)] {
            assert_eq!(Payment::is_over_limit(&order(amount), limit), over, "{amount}");
        }
    }

    #[test]
    fn a_refused_payment_is_never_told_as_processed() {
        // The recipe tells "Payment Processed" whatever happened.
        for (verdict, detail_type) in [
            (Some(Verdict::Approved), "Payment Processed"),
            (Some(Verdict::Declined), "Payment Failed"),
            (None, "Payment Failed"),
        ] {
            let payment = Payment::decide(&order("1"), "sandbox", verdict, DateTime::UNIX_EPOCH);
            assert_eq!(payment.outcome().unwrap().detail_type(), detail_type);
            assert_eq!(payment.is_refundable(), verdict == Some(Verdict::Approved));
            assert_eq!(payment.refund(), None);
        }
    }

    #[test]
    fn a_void_payment_has_nothing_to_tell() {
        let shortage = InventoryInsufficient {
            order_id: "ord_1".to_owned(),
            customer_id: "customer123".to_owned(),
            product_id: "12345".to_owned(),
            reservation_id: "res_1".to_owned(),
            quantity: 5,
            available_quantity: 2,
        };
        let payment = Payment::void(&shortage, DateTime::UNIX_EPOCH);
        assert_eq!(payment.outcome(), None);
        assert!(!payment.is_refundable());
    }
}

use chrono::{DateTime, Utc};
use shared::{
    Amount, CustomerId, Event, InventoryInsufficient, OrderCreated, OrderId, PaymentFailed,
    PaymentFailure, PaymentProcessed, PaymentRefunded,
};

use crate::processor::Verdict;

/// The decision about an order's payment. It is made once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) order_id: OrderId,
    pub(crate) customer_id: CustomerId,
    pub(crate) decided_at: DateTime<Utc>,
    pub(crate) decision: Decision,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The customer was charged, and perhaps refunded.
    Charged { sum: Sum, refunded_at: Option<DateTime<Utc>> },
    /// The customer was not charged.
    Refused { sum: Sum, reason: PaymentFailure },
    /// There is nothing to pay: the order was out of stock before its payment was decided.
    Void,
}

/// An amount in a currency, and the payment processor that moves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) amount: Amount,
    pub(crate) currency: String,
    pub(crate) processor: String,
}

impl Payment {
    /// Whether the order costs more than is allowed, so that the processor is not asked.
    pub(crate) fn is_over_limit(order: &OrderCreated, limit: Amount) -> bool {
        order.amount > limit
    }

    /// Decides by the processor's verdict, or by `None` if the amount is over the limit.
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

    /// The decision that there is nothing to pay.
    pub(crate) fn void(shortage: &InventoryInsufficient, now: DateTime<Utc>) -> Self {
        let (order_id, customer_id) = (shortage.order_id.clone(), shortage.customer_id.clone());
        Self { order_id, customer_id, decided_at: now, decision: Decision::Void }
    }

    /// The event to publish about the decision, if there is one.
    pub(crate) fn outcome(&self) -> Option<Event> {
        let order_id = self.order_id.clone();
        let customer_id = self.customer_id.clone();
        let payment_id = order_id.payment_id();
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

    /// The event to publish about the refund, if there was one, and when that was.
    pub(crate) fn refund(&self) -> Option<(DateTime<Utc>, Event)> {
        let Decision::Charged { sum, refunded_at: Some(at) } = &self.decision else { return None };
        let event = PaymentRefunded {
            order_id: self.order_id.clone(),
            customer_id: self.customer_id.clone(),
            payment_id: self.order_id.payment_id(),
            amount: sum.amount,
            currency: sum.currency.clone(),
            processor: sum.processor.clone(),
        };
        Some((*at, event.into()))
    }

    /// Whether there is a charge to refund.
    pub(crate) fn is_refundable(&self) -> bool {
        matches!(self.decision, Decision::Charged { refunded_at: None, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(amount: &str) -> OrderCreated {
        OrderCreated {
            order_id: "ord_1".parse().unwrap(),
            customer_id: "customer123".parse().unwrap(),
            product_id: "12345".parse().unwrap(),
            quantity: 1,
            amount: amount.parse().unwrap(),
            currency: "USD".to_owned(),
            payment_method: None,
        }
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        let limit = "100.00".parse().unwrap();
        for (amount, over) in [("99.99", false), ("100", false), ("100.01", true)] {
            assert_eq!(Payment::is_over_limit(&order(amount), limit), over, "{amount}");
        }
    }

    #[test]
    fn a_refused_payment_is_never_published_as_processed() {
        // The original publishes "Payment Processed" whatever happened.
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
    fn a_void_payment_has_no_event() {
        let shortage = InventoryInsufficient {
            order_id: "ord_1".parse().unwrap(),
            customer_id: "customer123".parse().unwrap(),
            product_id: "12345".parse().unwrap(),
            reservation_id: "res_1".to_owned(),
            quantity: 5,
            available_quantity: 2,
        };
        let payment = Payment::void(&shortage, DateTime::UNIX_EPOCH);
        assert_eq!(payment.outcome(), None);
        assert!(!payment.is_refundable());
    }
}

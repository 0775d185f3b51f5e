use chrono::{DateTime, Utc};
use shared::{
    Amount, Cause, CustomerId, Event, InventoryInsufficient, Invocation, OrderCreated, OrderId,
    OutboundEvent, PaymentCancelled, PaymentFailed, PaymentFailure, PaymentProcessed,
    PaymentRefunded, Recorded,
};

use crate::processor::{Refund, Verdict};

/// An order's payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) order_id: OrderId,
    pub(crate) customer_id: CustomerId,
    /// When it came into its state. A cancellation or refund has a time of its own.
    pub(crate) decided_at: DateTime<Utc>,
    pub(crate) state: State,
}

/// How far a payment is. From `Intended` it goes to one of the others, once; a charge may be refunded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The processor is about to be asked, or was asked and the answer is not recorded yet.
    Intended { sum: Sum, is_cancelled: bool },
    /// The customer was charged, and perhaps refunded.
    Charged { sum: Sum, is_cancelled: bool, refunded_at: Option<DateTime<Utc>> },
    /// The customer was not charged.
    Refused { sum: Sum, reason: PaymentFailure },
    /// Nothing was charged, and nothing will be: the order is out of stock.
    Void,
}

/// An amount in a currency, and the payment processor that moves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) amount: Amount,
    pub(crate) currency: String,
    pub(crate) processor: String,
}

/// A payment as it is stored, and what of it was recorded by which invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) payment: Payment,
    /// Whether this invocation recorded the state.
    pub(crate) is_new: bool,
    /// Whether this invocation recorded the refund.
    pub(crate) is_refund_new: bool,
    /// Who asks the processor, while it is intended.
    pub(crate) claim: Option<Claim>,
}

/// The right to ask the processor. It belongs to an invocation with its retries, which have one
/// request id, and lasts until the invocation's deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) request_id: String,
    /// Epoch milliseconds.
    pub(crate) until: i64,
}

/// What has to be done next about a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask the processor for the money.
    Charge,
    /// Cancelled before the verdict was recorded: have the processor refund whatever it charged.
    ResolveCancelled,
    /// Charged and cancelled: refund.
    Refund,
    /// Nothing but to publish how it is.
    Publish,
}

impl Payment {
    /// The intention to charge for `order`, recorded before the processor is asked. Over the limit
    /// nothing is asked: the payment is refused.
    pub(crate) fn intend(
        order: &OrderCreated,
        limit: Amount,
        processor: &str,
        now: DateTime<Utc>,
    ) -> Self {
        let sum = Sum {
            amount: order.amount,
            currency: order.currency.clone(),
            processor: processor.to_owned(),
        };
        let state = if order.amount > limit {
            State::Refused { sum, reason: PaymentFailure::LimitExceeded }
        } else {
            State::Intended { sum, is_cancelled: false }
        };
        let (order_id, customer_id) = (order.order_id.clone(), order.customer_id.clone());
        Self { order_id, customer_id, decided_at: now, state }
    }

    /// The decision that there is nothing to pay.
    pub(crate) fn void(shortage: &InventoryInsufficient, now: DateTime<Utc>) -> Self {
        let (order_id, customer_id) = (shortage.order_id.clone(), shortage.customer_id.clone());
        Self { order_id, customer_id, decided_at: now, state: State::Void }
    }

    /// What an intended payment becomes by the processor's verdict.
    pub(crate) fn decide(self, verdict: Verdict, now: DateTime<Utc>) -> Self {
        let State::Intended { sum, is_cancelled } = self.state else { return self };
        let state = match verdict {
            Verdict::Approved => State::Charged { sum, is_cancelled, refunded_at: None },
            Verdict::Declined => State::Refused { sum, reason: PaymentFailure::Declined },
            Verdict::Cancelled => State::Void,
        };
        Self { decided_at: now, state, ..self }
    }

    /// What a cancelled intention becomes by what the processor refunded.
    pub(crate) fn resolve(self, refund: Refund, now: DateTime<Utc>) -> Self {
        let State::Intended { sum, is_cancelled } = self.state else { return self };
        let state = match refund {
            Refund::Refunded => State::Charged { sum, is_cancelled, refunded_at: Some(now) },
            Refund::NothingCharged => State::Void,
        };
        Self { decided_at: now, state, ..self }
    }

    /// What has to be done next by whoever has the claim.
    pub(crate) fn next(&self) -> Step {
        match &self.state {
            State::Intended { is_cancelled: false, .. } => Step::Charge,
            State::Intended { is_cancelled: true, .. } => Step::ResolveCancelled,
            State::Charged { is_cancelled: true, refunded_at: None, .. } => Step::Refund,
            State::Charged { .. } | State::Refused { .. } | State::Void => Step::Publish,
        }
    }

    /// Whether the customer was charged and not refunded.
    pub(crate) fn is_refundable(&self) -> bool {
        matches!(self.state, State::Charged { refunded_at: None, .. })
    }

    /// Whether the processor's verdict is still to be recorded.
    pub(crate) fn is_intended(&self) -> bool {
        matches!(self.state, State::Intended { .. })
    }

    /// The event about the decision, if it is made.
    fn outcome(&self) -> Option<Event> {
        let (order_id, customer_id) = (self.order_id.clone(), self.customer_id.clone());
        let payment_id = order_id.payment_id();
        Some(match self.state.clone() {
            State::Intended { .. } => return None,
            State::Charged { sum: Sum { amount, currency, processor }, .. } => {
                PaymentProcessed { order_id, customer_id, payment_id, amount, currency, processor }
                    .into()
            }
            State::Refused { sum: Sum { amount, currency, processor }, reason } => PaymentFailed {
                order_id,
                customer_id,
                payment_id,
                amount,
                currency,
                processor,
                reason,
            }
            .into(),
            State::Void => PaymentCancelled { order_id, customer_id, payment_id }.into(),
        })
    }

    /// The event about the refund, if there was one, and when that was.
    fn refund(&self) -> Option<(DateTime<Utc>, Event)> {
        let State::Charged { sum, refunded_at: Some(at), .. } = &self.state else { return None };
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
}

impl Stored {
    /// Everything that there is to publish: nobody knows how far those who recorded it came.
    pub(crate) fn events(&self, cause: &Cause) -> Vec<OutboundEvent> {
        let recorded = |is_new, event| {
            if is_new { Recorded::New(event) } else { Recorded::Existing(event) }
        };
        let outcome = self.payment.outcome().map(|event| {
            OutboundEvent::new(recorded(self.is_new, event), self.payment.decided_at, cause.clone())
        });
        let refund = self.payment.refund().map(|(at, event)| {
            OutboundEvent::new(recorded(self.is_refund_new, event), at, cause.clone())
        });
        outcome.into_iter().chain(refund).collect()
    }

    /// Whether another invocation is asking the processor, or may be.
    pub(crate) fn is_claimed_by_another(
        &self,
        invocation: &Invocation,
        now: DateTime<Utc>,
    ) -> bool {
        self.payment.is_intended()
            && self.claim.as_ref().is_some_and(|claim| {
                claim.request_id != invocation.request_id() && claim.until >= now.timestamp_millis()
            })
    }
}

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use shared::{
    Invocation, OrderId, PaymentFailure, Recorded,
    item::{InvalidItem, Item, number, parse, parse_optional, text, time},
};

use super::PaymentTableError;
use crate::payment::{Claim, Payment, State, Stored, Sum};

/// The values of the attribute `decision`; the others are reasons of refusals.
pub(super) const INTENDED: &str = "intended";
pub(super) const CHARGED: &str = "charged";
pub(super) const VOID: &str = "void";

/// The attribute with the id of the invocation that stored the decision.
pub(super) const RECORDED_BY: &str = "recordedBy";
/// The attribute with the id of the invocation that stored the refund.
const REFUND_RECORDED_BY: &str = "refundRecordedBy";

/// The payment of an item, and who stored it.
pub(super) fn stored(
    order_id: &OrderId,
    item: &Item,
    invocation: &Invocation,
) -> Result<Stored, PaymentTableError> {
    let parsed = || -> Result<Stored, InvalidItem> {
        let claim =
            match (parse_optional(item, "claimedBy")?, parse_optional(item, "claimedUntil")?) {
                (Some(request_id), Some(until)) => Some(Claim { request_id, until }),
                _ => None,
            };
        let is_ours =
            |attribute| matches!(Recorded::of(item, attribute, invocation, ()), Recorded::New(()));
        Ok(Stored {
            payment: from_item(item)?,
            is_new: is_ours(RECORDED_BY),
            is_refund_new: is_ours(REFUND_RECORDED_BY),
            claim,
        })
    };
    parsed().map_err(|source| PaymentTableError::Parse { order_id: order_id.clone(), source })
}

pub(super) fn refusal(reason: PaymentFailure) -> &'static str {
    match reason {
        PaymentFailure::Declined => "declined",
        PaymentFailure::LimitExceeded => "limit_exceeded",
    }
}

pub(super) fn to_item(payment: &Payment) -> Item {
    let mut item = Item::from([
        ("orderId".to_owned(), text(&payment.order_id)),
        ("customerId".to_owned(), text(&payment.customer_id)),
        ("decidedAt".to_owned(), time(payment.decided_at)),
    ]);
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    let (decision, sum, is_cancelled, refunded_at) = match &payment.state {
        State::Intended { sum, is_cancelled } => (INTENDED, Some(sum), *is_cancelled, None),
        State::Charged { sum, is_cancelled, refunded_at } => {
            (CHARGED, Some(sum), *is_cancelled, *refunded_at)
        }
        State::Refused { sum, reason } => (refusal(*reason), Some(sum), false, None),
        State::Void => (VOID, None, false, None),
    };
    put("decision", text(decision));
    if let Some(sum) = sum {
        put("amount", number(sum.amount));
        put("currency", text(&sum.currency));
        put("processor", text(&sum.processor));
    }
    if is_cancelled {
        put("cancelledAt", time(payment.decided_at));
    }
    if let Some(at) = refunded_at {
        put("refundedAt", time(at));
    }
    item
}

fn from_item(item: &Item) -> Result<Payment, InvalidItem> {
    let sum = || -> Result<Sum, InvalidItem> {
        Ok(Sum {
            amount: parse(item, "amount")?,
            currency: parse(item, "currency")?,
            processor: parse(item, "processor")?,
        })
    };
    let is_cancelled = parse_optional::<DateTime<Utc>>(item, "cancelledAt")?.is_some();
    // A payment that was cancelled before it had a sum is void: it keeps what was intended, unread.
    let state = match parse::<String>(item, "decision")?.as_str() {
        INTENDED => State::Intended { sum: sum()?, is_cancelled },
        CHARGED => State::Charged {
            sum: sum()?,
            is_cancelled,
            refunded_at: parse_optional(item, "refundedAt")?,
        },
        "declined" => State::Refused { sum: sum()?, reason: PaymentFailure::Declined },
        "limit_exceeded" => State::Refused { sum: sum()?, reason: PaymentFailure::LimitExceeded },
        VOID => State::Void,
        _ => return Err(InvalidItem("decision")),
    };
    Ok(Payment {
        order_id: parse(item, "orderId")?,
        customer_id: parse(item, "customerId")?,
        decided_at: parse(item, "decidedAt")?,
        state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_round_trip() {
        let sum = || Sum {
            amount: "199.98".parse().unwrap(),
            currency: "USD".to_owned(),
            processor: "sandbox".to_owned(),
        };
        let noon = DateTime::from_timestamp_millis(1_763_812_800_123).unwrap();
        for state in [
            State::Intended { sum: sum(), is_cancelled: false },
            State::Intended { sum: sum(), is_cancelled: true },
            State::Charged { sum: sum(), is_cancelled: false, refunded_at: None },
            State::Charged { sum: sum(), is_cancelled: true, refunded_at: Some(noon) },
            State::Refused { sum: sum(), reason: PaymentFailure::Declined },
            State::Refused { sum: sum(), reason: PaymentFailure::LimitExceeded },
            State::Void,
        ] {
            let payment = Payment {
                order_id: "ord_1".parse().unwrap(),
                customer_id: "customer123".parse().unwrap(),
                decided_at: noon,
                state,
            };
            assert_eq!(from_item(&to_item(&payment)).unwrap(), payment);
        }
    }
}

use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    error::SdkError,
    operation::{get_item::GetItemError, put_item::PutItemError, update_item::UpdateItemError},
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use chrono::{DateTime, Utc};
use shared::{
    Invocation, OrderId, PaymentFailure, Recorded,
    aws::{SdkConfig, traced},
    item::{InvalidItem, Item, number, parse, parse_optional, text, time},
};

use crate::payment::{Decision, Payment, Sum};

/// The attribute with the id of the invocation that stored the decision.
const RECORDED_BY: &str = "recordedBy";
/// The attribute with the id of the invocation that stored the refund.
const REFUND_RECORDED_BY: &str = "refundRecordedBy";

/// The payments, by order id.
#[derive(Clone, Debug)]
pub(crate) struct PaymentTable {
    client: Client,
    table: String,
}

/// Why a payment was not stored or found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaymentTableError {
    #[error("could not look up the payment of order `{order_id}`")]
    Find { order_id: OrderId, source: Box<SdkError<GetItemError>> },
    #[error("could not store the payment of order `{order_id}`")]
    Put { order_id: OrderId, source: Box<SdkError<PutItemError>> },
    #[error("could not store the refund of order `{order_id}`")]
    Refund { order_id: OrderId, source: Box<SdkError<UpdateItemError>> },
    #[error("could not parse the payment of order `{order_id}`")]
    Parse { order_id: OrderId, source: InvalidItem },
}

impl PaymentTable {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        let traced = traced(config).table(&table);
        let client = Client::from_conf(Builder::from(config).interceptor(traced).build());
        Self { client, table }
    }

    /// The order's payment, if it is decided.
    pub(crate) async fn find(
        &self,
        order_id: &OrderId,
    ) -> Result<Option<Payment>, PaymentTableError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("orderId", text(order_id))
            .consistent_read(true);
        match get.send().await {
            Ok(found) => found.item().map(|item| payment(order_id, item)).transpose(),
            Err(error) => {
                let order_id = order_id.clone();
                Err(PaymentTableError::Find { order_id, source: Box::new(error) })
            }
        }
    }

    /// Stores `decided` unless the order's payment is decided already.
    pub(crate) async fn put_if_absent(
        &self,
        decided: &Payment,
        invocation: &Invocation,
    ) -> Result<Recorded<Payment>, PaymentTableError> {
        let order_id = &decided.order_id;
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(decided)))
            .item(RECORDED_BY, text(invocation.id()))
            .condition_expression("attribute_not_exists(orderId)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else { return Ok(Recorded::New(decided.clone())) };
        if let Some(PutItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
            && let Some(item) = refused.item()
        {
            let stored = payment(order_id, item)?;
            return Ok(Recorded::of(item, RECORDED_BY, invocation, stored));
        }
        let order_id = order_id.clone();
        Err(PaymentTableError::Put { order_id, source: Box::new(error) })
    }

    /// Stores that the charge was refunded, and when, unless that is stored already.
    pub(crate) async fn record_refund(
        &self,
        order_id: &OrderId,
        now: DateTime<Utc>,
        invocation: &Invocation,
    ) -> Result<Recorded<Payment>, PaymentTableError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("orderId", text(order_id))
            .update_expression(
                "SET refundedAt = if_not_exists(refundedAt, :now), \
                 refundRecordedBy = if_not_exists(refundRecordedBy, :invocation)",
            )
            .condition_expression("decision = :charged")
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":invocation", text(invocation.id()))
            .expression_attribute_values(":charged", text("charged"))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(updated) => {
                let item = updated.attributes.unwrap_or_default();
                let stored = payment(order_id, &item)?;
                Ok(Recorded::of(&item, REFUND_RECORDED_BY, invocation, stored))
            }
            Err(error) => {
                let order_id = order_id.clone();
                Err(PaymentTableError::Refund { order_id, source: Box::new(error) })
            }
        }
    }
}

fn to_item(payment: &Payment) -> Item {
    let mut item = Item::from([
        ("orderId".to_owned(), text(&payment.order_id)),
        ("customerId".to_owned(), text(&payment.customer_id)),
        ("decidedAt".to_owned(), time(payment.decided_at)),
    ]);
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    let sum = match &payment.decision {
        Decision::Charged { sum, refunded_at } => {
            put("decision", text("charged"));
            if let Some(at) = refunded_at {
                put("refundedAt", time(*at));
            }
            sum
        }
        Decision::Refused { sum, reason } => {
            put(
                "decision",
                text(match reason {
                    PaymentFailure::Declined => "declined",
                    PaymentFailure::LimitExceeded => "limit_exceeded",
                }),
            );
            sum
        }
        Decision::Void => {
            put("decision", text("void"));
            return item;
        }
    };
    put("amount", number(sum.amount));
    put("currency", text(&sum.currency));
    put("processor", text(&sum.processor));
    item
}

fn payment(order_id: &OrderId, item: &Item) -> Result<Payment, PaymentTableError> {
    let order_id = order_id.clone();
    from_item(item).map_err(|source| PaymentTableError::Parse { order_id, source })
}

fn from_item(item: &Item) -> Result<Payment, InvalidItem> {
    let sum = || -> Result<Sum, InvalidItem> {
        Ok(Sum {
            amount: parse(item, "amount")?,
            currency: parse(item, "currency")?,
            processor: parse(item, "processor")?,
        })
    };
    let decision = match parse::<String>(item, "decision")?.as_str() {
        "charged" => {
            Decision::Charged { sum: sum()?, refunded_at: parse_optional(item, "refundedAt")? }
        }
        "declined" => Decision::Refused { sum: sum()?, reason: PaymentFailure::Declined },
        "limit_exceeded" => {
            Decision::Refused { sum: sum()?, reason: PaymentFailure::LimitExceeded }
        }
        "void" => Decision::Void,
        _ => return Err(InvalidItem("decision")),
    };
    Ok(Payment {
        order_id: parse(item, "orderId")?,
        customer_id: parse(item, "customerId")?,
        decided_at: parse(item, "decidedAt")?,
        decision,
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
        for decision in [
            Decision::Charged { sum: sum(), refunded_at: None },
            Decision::Charged { sum: sum(), refunded_at: Some(noon) },
            Decision::Refused { sum: sum(), reason: PaymentFailure::Declined },
            Decision::Refused { sum: sum(), reason: PaymentFailure::LimitExceeded },
            Decision::Void,
        ] {
            let payment = Payment {
                order_id: "ord_1".parse().unwrap(),
                customer_id: "customer123".parse().unwrap(),
                decided_at: noon,
                decision,
            };
            assert_eq!(from_item(&to_item(&payment)).unwrap(), payment);
        }
    }
}

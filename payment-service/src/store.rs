use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    error::SdkError,
    operation::{get_item::GetItemError, put_item::PutItemError, update_item::UpdateItemError},
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use chrono::{DateTime, Utc};
use shared::{
    PaymentFailure,
    aws::{SdkConfig, traced},
    item::{BadItem, Item, number, read, read_optional, text, time},
};

use crate::payment::{Decision, Payment, Sum};

/// The payments, by order.
#[derive(Clone, Debug)]
pub(crate) struct PaymentTable {
    client: Client,
    table: String,
}

/// Why a payment was not kept or found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaymentTableError {
    #[error("could not look up the payment of order `{order_id}`")]
    Find { order_id: String, source: Box<SdkError<GetItemError>> },
    #[error("could not keep the payment of order `{order_id}`")]
    Keep { order_id: String, source: Box<SdkError<PutItemError>> },
    #[error("could not keep the refund of order `{order_id}`")]
    Refund { order_id: String, source: Box<SdkError<UpdateItemError>> },
    #[error("could not read the payment of order `{order_id}`")]
    Read { order_id: String, source: BadItem },
}

impl PaymentTable {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        let client = Client::from_conf(Builder::from(config).interceptor(traced(config)).build());
        Self { client, table }
    }

    /// What was decided about the order, if anything was.
    pub(crate) async fn find(&self, order_id: &str) -> Result<Option<Payment>, PaymentTableError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("orderId", text(order_id))
            .consistent_read(true);
        match get.send().await {
            Ok(found) => found.item().map(|item| as_payment(order_id, item)).transpose(),
            Err(error) => {
                let order_id = order_id.to_owned();
                Err(PaymentTableError::Find { order_id, source: Box::new(error) })
            }
        }
    }

    /// Keeps `payment` unless something was decided already, and returns what is kept.
    pub(crate) async fn keep_first(&self, payment: &Payment) -> Result<Payment, PaymentTableError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(written(payment)))
            .condition_expression("attribute_not_exists(orderId)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else { return Ok(payment.clone()) };
        if let Some(PutItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
            && let Some(item) = refused.item()
        {
            return as_payment(&payment.order_id, item);
        }
        let order_id = payment.order_id.clone();
        Err(PaymentTableError::Keep { order_id, source: Box::new(error) })
    }

    /// Keeps that a charge was given back, and since when: the first time counts.
    pub(crate) async fn keep_refund(
        &self,
        order_id: &str,
        now: DateTime<Utc>,
    ) -> Result<Payment, PaymentTableError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("orderId", text(order_id))
            .update_expression("SET refundedAt = if_not_exists(refundedAt, :now)")
            .condition_expression("decision = :charged")
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":charged", text("charged"))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(updated) => as_payment(order_id, updated.attributes().unwrap_or(&Item::new())),
            Err(error) => {
                let order_id = order_id.to_owned();
                Err(PaymentTableError::Refund { order_id, source: Box::new(error) })
            }
        }
    }
}

fn written(payment: &Payment) -> Item {
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

fn as_payment(order_id: &str, item: &Item) -> Result<Payment, PaymentTableError> {
    let read_all = || -> Result<Payment, BadItem> {
        let sum = || -> Result<Sum, BadItem> {
            Ok(Sum {
                amount: read(item, "amount")?,
                currency: read(item, "currency")?,
                processor: read(item, "processor")?,
            })
        };
        let decision = match read::<String>(item, "decision")?.as_str() {
            "charged" => {
                Decision::Charged { sum: sum()?, refunded_at: read_optional(item, "refundedAt")? }
            }
            "declined" => Decision::Refused { sum: sum()?, reason: PaymentFailure::Declined },
            "limit_exceeded" => {
                Decision::Refused { sum: sum()?, reason: PaymentFailure::LimitExceeded }
            }
            "void" => Decision::Void,
            _ => return Err(BadItem("decision")),
        };
        Ok(Payment {
            order_id: read(item, "orderId")?,
            customer_id: read(item, "customerId")?,
            decided_at: read(item, "decidedAt")?,
            decision,
        })
    };
    read_all().map_err(|source| PaymentTableError::Read { order_id: order_id.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_is_read_back_as_it_was_written() {
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
                order_id: "ord_1".to_owned(),
                customer_id: "customer123".to_owned(),
                decided_at: noon,
                decision,
            };
            assert_eq!(as_payment("ord_1", &written(&payment)).unwrap(), payment);
        }
    }
}

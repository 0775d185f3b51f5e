/// Payments as items of the table.
mod item;

use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    error::SdkError,
    operation::{
        put_item::PutItemError,
        update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    },
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use chrono::{DateTime, Utc};
use shared::{
    Invocation, OrderId,
    aws::{SdkConfig, traced},
    item::{InvalidItem, number, text, time},
};

use self::item::{CHARGED, INTENDED, RECORDED_BY, VOID, refusal, stored, to_item};
use crate::payment::{Payment, State, Stored};

/// The payments, by order id.
#[derive(Clone, Debug)]
pub(crate) struct PaymentTable {
    client: Client,
    table: String,
}

/// Why a payment was not stored or found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaymentTableError {
    #[error("could not store the payment of order `{order_id}`")]
    Put { order_id: OrderId, source: Box<SdkError<PutItemError>> },
    #[error("could not update the payment of order `{order_id}`")]
    Update { order_id: OrderId, source: Box<SdkError<UpdateItemError>> },
    #[error("could not parse the payment of order `{order_id}`")]
    Parse { order_id: OrderId, source: InvalidItem },
}

impl PaymentTable {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        let traced = traced(config).table(&table);
        let client = Client::from_conf(Builder::from(config).interceptor(traced).build());
        Self { client, table }
    }

    /// Stores `payment` unless the order has one already. With an intention, the invocation has the
    /// claim.
    pub(crate) async fn put_if_absent(
        &self,
        payment: &Payment,
        invocation: &Invocation,
    ) -> Result<Stored, PaymentTableError> {
        let mut item = to_item(payment);
        item.insert(RECORDED_BY.to_owned(), text(invocation.id()));
        if payment.is_intended() {
            item.insert("claimedBy".to_owned(), text(invocation.request_id()));
            let until = invocation.deadline().timestamp_millis();
            item.insert("claimedUntil".to_owned(), number(until));
        }
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item.clone()))
            .condition_expression("attribute_not_exists(orderId)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let order_id = &payment.order_id;
        let Err(error) = put.send().await else { return stored(order_id, &item, invocation) };
        if let Some(PutItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
            && let Some(item) = refused.item()
        {
            return stored(order_id, item, invocation);
        }
        let order_id = order_id.clone();
        Err(PaymentTableError::Put { order_id, source: Box::new(error) })
    }

    /// Takes the claim of an intended payment, if it is free: owned by this invocation's request id, or
    /// expired.
    pub(crate) async fn take_over(
        &self,
        order_id: &OrderId,
        invocation: &Invocation,
        now: DateTime<Utc>,
    ) -> Result<Stored, PaymentTableError> {
        let update = self
            .update(order_id)
            .update_expression("SET claimedBy = :request, claimedUntil = :deadline")
            .condition_expression(
                "decision = :intended AND (claimedBy = :request OR claimedUntil < :now)",
            )
            .expression_attribute_values(":request", text(invocation.request_id()))
            .expression_attribute_values(
                ":deadline",
                number(invocation.deadline().timestamp_millis()),
            )
            .expression_attribute_values(":now", number(now.timestamp_millis()));
        self.change_intended(order_id, update, invocation).await
    }

    /// Stores that an intended payment is no longer wanted, and since when.
    pub(crate) async fn cancel(
        &self,
        order_id: &OrderId,
        invocation: &Invocation,
        now: DateTime<Utc>,
    ) -> Result<Stored, PaymentTableError> {
        let update = self
            .update(order_id)
            .update_expression("SET cancelledAt = if_not_exists(cancelledAt, :now)")
            .condition_expression("decision = :intended")
            .expression_attribute_values(":now", time(now));
        self.change_intended(order_id, update, invocation).await
    }

    /// Stores what an intended payment became, unless that is stored already.
    pub(crate) async fn record_decision(
        &self,
        decided: &Payment,
        invocation: &Invocation,
    ) -> Result<Stored, PaymentTableError> {
        let (decision, refunded_at) = match &decided.state {
            State::Charged { refunded_at, .. } => (CHARGED, *refunded_at),
            State::Refused { reason, .. } => (refusal(*reason), None),
            State::Void | State::Intended { .. } => (VOID, None),
        };
        let refund = refunded_at.map_or("", |_| ", refundedAt = :at, refundRecordedBy = :me");
        let update = self
            .update(&decided.order_id)
            .update_expression(format!(
                "SET decision = :decision, decidedAt = :at, recordedBy = :me{refund} \
                 REMOVE claimedBy, claimedUntil"
            ))
            .condition_expression("decision = :intended")
            .expression_attribute_values(":decision", text(decision))
            .expression_attribute_values(":at", time(decided.decided_at))
            .expression_attribute_values(":me", text(invocation.id()));
        self.change_intended(&decided.order_id, update, invocation).await
    }

    /// Stores that the charge was refunded, and when, unless that is stored already.
    pub(crate) async fn record_refund(
        &self,
        order_id: &OrderId,
        now: DateTime<Utc>,
        invocation: &Invocation,
    ) -> Result<Stored, PaymentTableError> {
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
            .expression_attribute_values(":charged", text(CHARGED))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(updated) => stored(order_id, &updated.attributes.unwrap_or_default(), invocation),
            Err(error) => Err(failed(order_id, error)),
        }
    }

    fn update(&self, order_id: &OrderId) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key("orderId", text(order_id))
    }

    /// Sends an update of an intended payment. The answer is the payment as it is stored, changed or not.
    async fn change_intended(
        &self,
        order_id: &OrderId,
        update: UpdateItemFluentBuilder,
        invocation: &Invocation,
    ) -> Result<Stored, PaymentTableError> {
        let update = update
            .expression_attribute_values(":intended", text(INTENDED))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(updated) => {
                return stored(order_id, &updated.attributes.unwrap_or_default(), invocation);
            }
            Err(error) => error,
        };
        if let Some(UpdateItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
            && let Some(item) = refused.item()
        {
            return stored(order_id, item, invocation);
        }
        Err(failed(order_id, error))
    }
}

fn failed(order_id: &OrderId, error: SdkError<UpdateItemError>) -> PaymentTableError {
    PaymentTableError::Update { order_id: order_id.clone(), source: Box::new(error) }
}

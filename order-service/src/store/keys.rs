use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    CustomerId, Invocation, Recorded,
    item::{InvalidItem, Item, number, parse, parse_optional, text},
};

use super::{OrderTable, OrderTableError, RECORDED_BY, failed, item};
use crate::{
    key::{Answered, Key, UsedKey},
    order::Order,
};

/// How long a key is remembered.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// What became of a request with a key.
#[derive(Debug)]
pub(crate) enum Placed {
    /// Its order is stored.
    Stored(Recorded<Order>),
    /// The key was used before.
    Used(UsedKey),
    /// Another request with the key is being stored right now.
    Conflict,
}

impl OrderTable {
    /// Stores `order` and that `key` was used for it, both or neither.
    pub(crate) async fn put_with_key(
        &self,
        order: &Order,
        key: &Key,
        invocation: &Invocation,
        now: DateTime<Utc>,
    ) -> Result<Placed, OrderTableError> {
        let order_id = &order.created.order_id;
        let step = "store";
        let used = Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_item(order, key, invocation, now)))
            // DynamoDB deletes some time after the key expired.
            .condition_expression("attribute_not_exists(orderId) OR expiresAt < :now")
            .expression_attribute_values(":now", number(now.timestamp()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| failed(step, order_id, error))?;
        let stored = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::of(order, invocation)))
            .condition_expression("attribute_not_exists(orderId)")
            .build()
            .map_err(|error| failed(step, order_id, error))?;
        let transaction = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(used).build())
            .transact_items(TransactWriteItem::builder().put(stored).build());
        let Err(error) = transaction.send().await else {
            return Ok(Placed::Stored(Recorded::New(order.clone())));
        };
        if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
        {
            let reasons = cancelled.cancellation_reasons();
            if let Some(item) = reasons.first().and_then(CancellationReason::item) {
                return placed(order, item, invocation);
            }
            // The order's id is new, so it is the key that both are about.
            if reasons.iter().any(|reason| reason.code() == Some("TransactionConflict")) {
                return Ok(Placed::Conflict);
            }
        }
        Err(failed(step, order_id, error))
    }

    /// Remembers how the request with `key` was answered.
    pub(crate) async fn record_answer(
        &self,
        order: &Order,
        key: &Key,
        answered: Answered,
    ) -> Result<(), OrderTableError> {
        let order_id = &order.created.order_id;
        let update = self
            .update(&order.created.customer_id, sort_key(key))
            .update_expression("SET answered = :answered")
            .condition_expression("placedOrderId = :order")
            .expression_attribute_values(":answered", text(answered.as_str()))
            .expression_attribute_values(":order", text(order_id));
        let updated = update.send().await;
        updated.map(drop).map_err(|error| failed("record the answer for", order_id, error))
    }
}

/// The key's item refused `order`: it is this invocation's own, whose response was lost, or that of
/// a request before.
fn placed(order: &Order, item: &Item, invocation: &Invocation) -> Result<Placed, OrderTableError> {
    let used = from_item(item)?;
    if used.order_id == order.created.order_id {
        let recorded = Recorded::of(item, RECORDED_BY, invocation, order.clone());
        return Ok(Placed::Stored(recorded));
    }
    Ok(Placed::Used(used))
}

fn to_item(order: &Order, key: &Key, invocation: &Invocation, now: DateTime<Utc>) -> Item {
    let customer_id: &CustomerId = &order.created.customer_id;
    Item::from([
        ("customerId".to_owned(), text(customer_id)),
        ("orderId".to_owned(), text(sort_key(key))),
        ("placedOrderId".to_owned(), text(&order.created.order_id)),
        ("fingerprint".to_owned(), text(&key.fingerprint)),
        ("inFlightUntil".to_owned(), number(invocation.deadline().timestamp_millis())),
        (RECORDED_BY.to_owned(), text(invocation.id())),
        (item::EXPIRES_AT.to_owned(), number((now + LIFETIME).timestamp())),
    ])
}

fn from_item(item: &Item) -> Result<UsedKey, InvalidItem> {
    let answered = parse_optional::<String>(item, "answered")?;
    Ok(UsedKey {
        fingerprint: parse(item, "fingerprint")?,
        order_id: parse(item, "placedOrderId")?,
        in_flight_until: item::milliseconds(item, "inFlightUntil")?,
        answered: answered.as_deref().map(Answered::parse).transpose()?,
    })
}

/// No order's id starts like this.
fn sort_key(key: &Key) -> String {
    format!("idempotency#{}", key.hash)
}

/// Why the table did not do what it was asked to.
mod failure;
/// Reservations as DynamoDB items.
mod item;
/// Stock as DynamoDB items, and how it changes.
mod stock;

use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    error::SdkError,
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError},
    types::{self, ReturnValuesOnConditionCheckFailure::AllOld, TransactWriteItem, Update},
};
use chrono::{DateTime, Utc};
use shared::{
    Invocation, OrderId, ProductId, Recorded,
    aws::{SdkConfig, traced},
    item::{InvalidItem, Item, parse, text, time},
};

pub(crate) use self::failure::InventoryTableError;
use self::{
    item::{from_item, to_item},
    stock::product_key,
};
use crate::reservation::{Decision, Level, Reservation, levels};

/// The sort key of a reservation. Its partition, the order's, has one.
const RESERVATION: &str = "reservation";
/// The condition that there is no item with this key.
const IS_ABSENT: &str = "attribute_not_exists(pk)";
/// The attribute with the id of the invocation that stored the decision.
const RECORDED_BY: &str = "recordedBy";
/// The attribute with the id of the invocation that released the stock.
const RELEASE_RECORDED_BY: &str = "releaseRecordedBy";

/// Stock by product and warehouse, reservations by order.
#[derive(Clone, Debug)]
pub(crate) struct InventoryTable {
    client: Client,
    table: String,
    /// What each warehouse has of a product that was never seen.
    initial_stock: u32,
}

impl InventoryTable {
    /// `initial_stock` is what each warehouse has of a product that was never seen.
    pub(crate) fn new(config: &SdkConfig, table: String, initial_stock: u32) -> Self {
        let traced = traced(config).table(&table);
        let client = Client::from_conf(Builder::from(config).interceptor(traced).build());
        Self { client, table, initial_stock }
    }

    /// What each warehouse has of a product.
    pub(crate) async fn stock(
        &self,
        product_id: &ProductId,
    ) -> Result<Vec<Level>, InventoryTableError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :product")
            .expression_attribute_values(":product", text(product_key(product_id)))
            .consistent_read(true);
        let found = query.send().await.map_err(|error| InventoryTableError::Stock {
            product_id: product_id.clone(),
            source: Box::new(error),
        })?;
        let stored = |item: &Item| Ok((parse(item, "sk")?, parse(item, "available")?));
        let stored: Vec<_> =
            found.items().iter().map(stored).collect::<Result<_, InvalidItem>>().map_err(
                |source| InventoryTableError::Parse { key: product_key(product_id), source },
            )?;
        Ok(levels(&stored, self.initial_stock))
    }

    /// Stores `decided`, and takes its goods from the stock in the same transaction, unless the
    /// order's reservation is decided already. Returns the decision that is stored.
    pub(crate) async fn put_if_absent(
        &self,
        decided: &Reservation,
        invocation: &Invocation,
    ) -> Result<Recorded<Reservation>, InventoryTableError> {
        match &decided.decision {
            Decision::Reserved { goods, warehouse, .. } => {
                let take = stock::take(&self.table, goods, warehouse, self.initial_stock)?;
                self.put_with_stock(decided, take, invocation).await
            }
            Decision::Insufficient { .. } | Decision::Void => {
                self.put_alone(decided, invocation).await
            }
        }
    }

    async fn put_with_stock(
        &self,
        decided: &Reservation,
        take: Update,
        invocation: &Invocation,
    ) -> Result<Recorded<Reservation>, InventoryTableError> {
        let put = types::Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_item(decided)))
            .item(RECORDED_BY, text(invocation.id()))
            .condition_expression(IS_ABSENT)
            .return_values_on_condition_check_failure(AllOld)
            .build()?;
        let transaction = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().update(take).build())
            .transact_items(TransactWriteItem::builder().put(put).build());
        let Err(error) = transaction.send().await else {
            return Ok(Recorded::New(decided.clone()));
        };
        let order_id = &decided.order_id;
        match refused_item(&error) {
            Some(item) => recorded(order_id, item, RECORDED_BY, invocation),
            None => Err(transact(order_id, error)),
        }
    }

    async fn put_alone(
        &self,
        decided: &Reservation,
        invocation: &Invocation,
    ) -> Result<Recorded<Reservation>, InventoryTableError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(decided)))
            .item(RECORDED_BY, text(invocation.id()))
            .condition_expression(IS_ABSENT)
            .return_values_on_condition_check_failure(AllOld);
        let Err(error) = put.send().await else { return Ok(Recorded::New(decided.clone())) };
        let order_id = &decided.order_id;
        if let Some(PutItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
            && let Some(item) = refused.item()
        {
            return recorded(order_id, item, RECORDED_BY, invocation);
        }
        let order_id = order_id.clone();
        Err(InventoryTableError::Put { order_id, source: Box::new(error) })
    }

    /// Returns what `reserved` took to the stock and stores when, in one transaction, unless it was
    /// returned already. Returns the reservation as it is stored. One without goods is returned as it
    /// is.
    pub(crate) async fn release(
        &self,
        reserved: Recorded<Reservation>,
        now: DateTime<Utc>,
        invocation: &Invocation,
    ) -> Result<Recorded<Reservation>, InventoryTableError> {
        let Some((goods, warehouse)) = reserved.get().releasable() else { return Ok(reserved) };
        let order_id = &reserved.get().order_id;
        let give_back = stock::give_back(&self.table, goods, warehouse)?;
        let mark = Update::builder()
            .table_name(&self.table)
            .key("pk", text(order_key(order_id)))
            .key("sk", text(RESERVATION))
            .update_expression("SET releasedAt = :now, releaseRecordedBy = :invocation")
            .condition_expression("decision = :reserved AND attribute_not_exists(releasedAt)")
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":invocation", text(invocation.id()))
            .expression_attribute_values(":reserved", text("reserved"))
            .return_values_on_condition_check_failure(AllOld)
            .build()?;
        let transaction = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().update(give_back).build())
            .transact_items(TransactWriteItem::builder().update(mark).build());
        let Err(error) = transaction.send().await else {
            return Ok(Recorded::New(reserved.get().released(now)));
        };
        match refused_item(&error) {
            Some(item) => recorded(order_id, item, RELEASE_RECORDED_BY, invocation),
            None => Err(transact(order_id, error)),
        }
    }
}

/// The order's item as it is stored, if a transaction was cancelled because of it: it is the second
/// part of each.
fn refused_item(error: &SdkError<TransactWriteItemsError>) -> Option<&Item> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            cancelled.cancellation_reasons().get(1)?.item()
        }
        _ => None,
    }
}

/// What is stored in `item`, and whether this invocation stored it, by the attribute `recorded_by`.
fn recorded(
    order_id: &OrderId,
    item: &Item,
    recorded_by: &str,
    invocation: &Invocation,
) -> Result<Recorded<Reservation>, InventoryTableError> {
    Ok(Recorded::of(item, recorded_by, invocation, reservation(order_id, item)?))
}

fn transact(order_id: &OrderId, error: SdkError<TransactWriteItemsError>) -> InventoryTableError {
    InventoryTableError::Transact { order_id: order_id.clone(), source: Box::new(error) }
}

fn reservation(order_id: &OrderId, item: &Item) -> Result<Reservation, InventoryTableError> {
    from_item(item)
        .map_err(|source| InventoryTableError::Parse { key: order_key(order_id), source })
}

fn order_key(order_id: &OrderId) -> String {
    format!("order#{order_id}")
}

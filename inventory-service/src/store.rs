/// Reservations as DynamoDB items.
mod item;
/// Stock as DynamoDB items, and how it changes.
mod stock;

use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    error::{BuildError, SdkError},
    operation::{
        get_item::GetItemError, put_item::PutItemError, query::QueryError,
        transact_write_items::TransactWriteItemsError,
    },
    types::{
        self, CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
    },
};
use chrono::{DateTime, Utc};
use shared::{
    Invocation, OrderId, ProductId, Recorded,
    aws::{SdkConfig, traced},
    item::{InvalidItem, Item, parse, text, time},
};

use self::{
    item::{from_item, to_item},
    stock::product_key,
};
use crate::reservation::{Decision, Goods, Level, Reservation};

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
}

/// How an attempt to store a decision ended.
#[derive(Debug)]
pub(crate) enum Put {
    /// This is what is stored: the new decision, or an older one.
    Recorded(Recorded<Reservation>),
    /// The stock changed after the decision was made. Decide again.
    StockChanged,
}

/// Why stock or a reservation was not found or stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InventoryTableError {
    #[error("could not look up the stock of product `{product_id}`")]
    Stock { product_id: ProductId, source: Box<SdkError<QueryError>> },
    #[error("could not look up the reservation of order `{order_id}`")]
    Find { order_id: OrderId, source: Box<SdkError<GetItemError>> },
    #[error("could not store the decision about order `{order_id}`")]
    Put { order_id: OrderId, source: Box<SdkError<PutItemError>> },
    #[error("could not change the stock for order `{order_id}`")]
    Transact { order_id: OrderId, source: Box<SdkError<TransactWriteItemsError>> },
    #[error("could not parse the item `{key}`")]
    Parse { key: String, source: InvalidItem },
    #[error("could not build the transaction")]
    Build(#[from] BuildError),
}

impl InventoryTable {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        let traced = traced(config).table(&table);
        let client = Client::from_conf(Builder::from(config).interceptor(traced).build());
        Self { client, table }
    }

    /// What each warehouse that has seen the product has of it.
    pub(crate) async fn stock(
        &self,
        product_id: &ProductId,
    ) -> Result<Vec<(String, u32)>, InventoryTableError> {
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
        let level = |item: &Item| Ok((parse(item, "sk")?, parse(item, "available")?));
        found
            .items()
            .iter()
            .map(level)
            .collect::<Result<_, InvalidItem>>()
            .map_err(|source| InventoryTableError::Parse { key: product_key(product_id), source })
    }

    /// The order's reservation, if it is decided.
    pub(crate) async fn find(
        &self,
        order_id: &OrderId,
    ) -> Result<Option<Reservation>, InventoryTableError> {
        let item = self.find_item(order_id).await?;
        item.map(|item| reservation(order_id, &item)).transpose()
    }

    async fn find_item(&self, order_id: &OrderId) -> Result<Option<Item>, InventoryTableError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", text(order_key(order_id)))
            .key("sk", text(RESERVATION))
            .consistent_read(true);
        match get.send().await {
            Ok(found) => Ok(found.item),
            Err(error) => {
                let order_id = order_id.clone();
                Err(InventoryTableError::Find { order_id, source: Box::new(error) })
            }
        }
    }

    /// Stores `decided`, and takes its goods from the stock in the same transaction, unless the
    /// order's reservation is decided already.
    pub(crate) async fn put_if_absent(
        &self,
        decided: &Reservation,
        levels: &[Level],
        invocation: &Invocation,
    ) -> Result<Put, InventoryTableError> {
        match &decided.decision {
            Decision::Reserved { goods, warehouse, remaining, .. } => {
                let level = levels.iter().find(|level| level.warehouse == *warehouse);
                let stored = level.and_then(|level| level.stored);
                let take = stock::take(&self.table, goods, warehouse, stored, *remaining)?;
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
    ) -> Result<Put, InventoryTableError> {
        let put = types::Put::builder()
            .table_name(&self.table)
            .set_item(Some(to_item(decided)))
            .item(RECORDED_BY, text(invocation.id()))
            .condition_expression(IS_ABSENT)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        let transaction = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().update(take).build())
            .transact_items(TransactWriteItem::builder().put(put).build());
        let Err(error) = transaction.send().await else { return Ok(Put::new(decided)) };
        let order_id = &decided.order_id;
        if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
            && let [stock, decision] = cancelled.cancellation_reasons()
        {
            if let Some(item) = decision.item() {
                return Put::existing(order_id, item, invocation);
            }
            let lost_race = |code: Option<&str>| {
                matches!(code, Some("ConditionalCheckFailed" | "TransactionConflict"))
            };
            if lost_race(stock.code()) || lost_race(decision.code()) {
                return Ok(Put::StockChanged);
            }
        }
        Err(transact(order_id, error))
    }

    async fn put_alone(
        &self,
        decided: &Reservation,
        invocation: &Invocation,
    ) -> Result<Put, InventoryTableError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(decided)))
            .item(RECORDED_BY, text(invocation.id()))
            .condition_expression(IS_ABSENT)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else { return Ok(Put::new(decided)) };
        let order_id = &decided.order_id;
        if let Some(PutItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
            && let Some(item) = refused.item()
        {
            return Put::existing(order_id, item, invocation);
        }
        let order_id = order_id.clone();
        Err(InventoryTableError::Put { order_id, source: Box::new(error) })
    }

    /// Returns the goods to the stock and stores when, in one transaction, unless they were
    /// returned already. `None` if there is no reservation.
    pub(crate) async fn release(
        &self,
        order_id: &OrderId,
        goods: &Goods,
        warehouse: &str,
        now: DateTime<Utc>,
        invocation: &Invocation,
    ) -> Result<Option<Recorded<Reservation>>, InventoryTableError> {
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
            .build()?;
        let transaction = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().update(give_back).build())
            .transact_items(TransactWriteItem::builder().update(mark).build());
        if let Err(error) = transaction.send().await
            && !is_released_already(&error)
        {
            return Err(transact(order_id, error));
        }
        let Some(item) = self.find_item(order_id).await? else { return Ok(None) };
        let released = reservation(order_id, &item)?;
        Ok(Some(Recorded::of(&item, RELEASE_RECORDED_BY, invocation, released)))
    }
}

impl Put {
    fn new(decided: &Reservation) -> Self {
        Self::Recorded(Recorded::New(decided.clone()))
    }

    fn existing(
        order_id: &OrderId,
        item: &Item,
        invocation: &Invocation,
    ) -> Result<Self, InventoryTableError> {
        let stored = reservation(order_id, item)?;
        Ok(Self::Recorded(Recorded::of(item, RECORDED_BY, invocation, stored)))
    }
}

/// Whether releasing failed because another delivery of the same event released the stock.
fn is_released_already(error: &SdkError<TransactWriteItemsError>) -> bool {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            let mark = cancelled.cancellation_reasons().get(1);
            mark.and_then(CancellationReason::code) == Some("ConditionalCheckFailed")
        }
        _ => false,
    }
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

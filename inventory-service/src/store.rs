use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    error::{BuildError, SdkError},
    operation::{
        get_item::GetItemError, put_item::PutItemError, query::QueryError,
        transact_write_items::TransactWriteItemsError,
    },
    types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update},
};
use chrono::{DateTime, Utc};
use shared::{
    aws::{SdkConfig, traced},
    item::{BadItem, Item, number, read, read_optional, text, time},
};

use crate::reservation::{Decision, Goods, Level, Reservation};

/// The sort key of a reservation, which its order's partition has one of.
const RESERVATION: &str = "reservation";
/// The condition under which something is the first of its key.
const IS_FIRST: &str = "attribute_not_exists(pk)";

/// Stock by product and warehouse, reservations by order.
#[derive(Clone, Debug)]
pub(crate) struct InventoryTable {
    client: Client,
    table: String,
}

/// How an attempt to keep a decision ended.
#[derive(Debug)]
pub(crate) enum Kept {
    /// This is what is kept: the new decision, or an older one.
    Decision(Reservation),
    /// The stock is not what the decision was made from. Look again.
    StockMoved,
}

/// Why stock was not read or kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InventoryTableError {
    #[error("could not read the stock of product `{product_id}`")]
    Stock { product_id: String, source: Box<SdkError<QueryError>> },
    #[error("could not look up the reservation of order `{order_id}`")]
    Find { order_id: String, source: Box<SdkError<GetItemError>> },
    #[error("could not keep the decision about order `{order_id}`")]
    Keep { order_id: String, source: Box<SdkError<PutItemError>> },
    #[error("could not move stock for order `{order_id}`")]
    Move { order_id: String, source: Box<SdkError<TransactWriteItemsError>> },
    #[error("could not read what is kept under `{key}`")]
    Read { key: String, source: BadItem },
    #[error("could not put the transaction together")]
    Incomplete(#[from] BuildError),
}

impl InventoryTable {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        let client = Client::from_conf(Builder::from(config).interceptor(traced(config)).build());
        Self { client, table }
    }

    /// What the warehouses that have seen the product have of it.
    pub(crate) async fn stock(
        &self,
        product_id: &str,
    ) -> Result<Vec<(String, u32)>, InventoryTableError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :product")
            .expression_attribute_values(":product", text(product_key(product_id)))
            .consistent_read(true);
        let found = query.send().await.map_err(|error| InventoryTableError::Stock {
            product_id: product_id.to_owned(),
            source: Box::new(error),
        })?;
        let level = |item: &Item| Ok((read(item, "sk")?, read(item, "available")?));
        found
            .items()
            .iter()
            .map(level)
            .collect::<Result<_, BadItem>>()
            .map_err(|source| InventoryTableError::Read { key: product_key(product_id), source })
    }

    /// What was decided about the order, if anything was.
    pub(crate) async fn find(
        &self,
        order_id: &str,
    ) -> Result<Option<Reservation>, InventoryTableError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", text(order_key(order_id)))
            .key("sk", text(RESERVATION))
            .consistent_read(true);
        match get.send().await {
            Ok(found) => found.item().map(|item| as_reservation(order_id, item)).transpose(),
            Err(error) => {
                let order_id = order_id.to_owned();
                Err(InventoryTableError::Find { order_id, source: Box::new(error) })
            }
        }
    }

    /// Keeps `reservation`, and takes its goods from the stock in the same transaction, unless something
    /// was decided about the order already.
    pub(crate) async fn keep_first(
        &self,
        reservation: &Reservation,
        levels: &[Level],
    ) -> Result<Kept, InventoryTableError> {
        match &reservation.decision {
            Decision::Reserved { goods, warehouse, remaining, .. } => {
                let seen = levels.iter().find(|level| level.warehouse == *warehouse);
                let seen = seen.and_then(|level| level.seen);
                let take = self.take(goods, warehouse, seen, *remaining)?;
                self.keep_with_stock(reservation, take).await
            }
            Decision::Insufficient { .. } | Decision::Void => self.keep_alone(reservation).await,
        }
    }

    /// The stock is set to what the decision says is left, if it still is what the decision saw: that is
    /// how it never goes below zero.
    fn take(
        &self,
        goods: &Goods,
        warehouse: &str,
        seen: Option<u32>,
        remaining: u32,
    ) -> Result<Update, BuildError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", text(product_key(&goods.product_id)))
            .key("sk", text(warehouse))
            .update_expression("SET available = :remaining")
            .expression_attribute_values(":remaining", number(remaining));
        match seen {
            Some(seen) => update
                .condition_expression("available = :seen")
                .expression_attribute_values(":seen", number(seen)),
            None => update.condition_expression(IS_FIRST),
        }
        .build()
    }

    async fn keep_with_stock(
        &self,
        reservation: &Reservation,
        take: Update,
    ) -> Result<Kept, InventoryTableError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(written(reservation)))
            .condition_expression(IS_FIRST)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        let transaction = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().update(take).build())
            .transact_items(TransactWriteItem::builder().put(put).build());
        let Err(error) = transaction.send().await else {
            return Ok(Kept::Decision(reservation.clone()));
        };
        let order_id = &reservation.order_id;
        if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
        {
            let [stock, decision] = cancelled.cancellation_reasons() else {
                return Err(moving(order_id, error));
            };
            if let Some(item) = decision.item() {
                return Ok(Kept::Decision(as_reservation(order_id, item)?));
            }
            let lost_race = |code: Option<&str>| {
                matches!(code, Some("ConditionalCheckFailed" | "TransactionConflict"))
            };
            if lost_race(stock.code()) || lost_race(decision.code()) {
                return Ok(Kept::StockMoved);
            }
        }
        Err(moving(order_id, error))
    }

    async fn keep_alone(&self, reservation: &Reservation) -> Result<Kept, InventoryTableError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(written(reservation)))
            .condition_expression(IS_FIRST)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else { return Ok(Kept::Decision(reservation.clone())) };
        let order_id = &reservation.order_id;
        if let Some(PutItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
            && let Some(item) = refused.item()
        {
            return Ok(Kept::Decision(as_reservation(order_id, item)?));
        }
        let order_id = order_id.clone();
        Err(InventoryTableError::Keep { order_id, source: Box::new(error) })
    }

    /// Puts the goods back and keeps that it was done, in one transaction, unless it was done already.
    pub(crate) async fn release(
        &self,
        order_id: &str,
        goods: &Goods,
        warehouse: &str,
        now: DateTime<Utc>,
    ) -> Result<(), InventoryTableError> {
        let back = Update::builder()
            .table_name(&self.table)
            .key("pk", text(product_key(&goods.product_id)))
            .key("sk", text(warehouse))
            .update_expression("SET available = available + :quantity")
            .expression_attribute_values(":quantity", number(goods.quantity))
            .build()?;
        let mark = Update::builder()
            .table_name(&self.table)
            .key("pk", text(order_key(order_id)))
            .key("sk", text(RESERVATION))
            .update_expression("SET releasedAt = :now")
            .condition_expression("decision = :reserved AND attribute_not_exists(releasedAt)")
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":reserved", text("reserved"))
            .build()?;
        let transaction = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().update(back).build())
            .transact_items(TransactWriteItem::builder().update(mark).build());
        let Err(error) = transaction.send().await else { return Ok(()) };
        if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            error.as_service_error()
            && let [_, mark] = cancelled.cancellation_reasons()
            && mark.code() == Some("ConditionalCheckFailed")
        {
            return Ok(()); // Another delivery of the same event put it back.
        }
        Err(moving(order_id, error))
    }
}

fn moving(order_id: &str, error: SdkError<TransactWriteItemsError>) -> InventoryTableError {
    InventoryTableError::Move { order_id: order_id.to_owned(), source: Box::new(error) }
}

fn product_key(product_id: &str) -> String {
    format!("product#{product_id}")
}

fn order_key(order_id: &str) -> String {
    format!("order#{order_id}")
}

fn written(reservation: &Reservation) -> Item {
    let mut item = Item::from([
        ("pk".to_owned(), text(order_key(&reservation.order_id))),
        ("sk".to_owned(), text(RESERVATION)),
        ("orderId".to_owned(), text(&reservation.order_id)),
        ("customerId".to_owned(), text(&reservation.customer_id)),
        ("decidedAt".to_owned(), time(reservation.decided_at)),
    ]);
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    let goods = match &reservation.decision {
        Decision::Reserved { goods, warehouse, remaining, released_at } => {
            put("decision", text("reserved"));
            put("warehouse", text(warehouse));
            put("remaining", number(remaining));
            if let Some(at) = released_at {
                put("releasedAt", time(*at));
            }
            goods
        }
        Decision::Insufficient { goods, available } => {
            put("decision", text("insufficient"));
            put("available", number(available));
            goods
        }
        Decision::Void => {
            put("decision", text("void"));
            return item;
        }
    };
    put("productId", text(&goods.product_id));
    put("quantity", number(goods.quantity));
    item
}

fn as_reservation(order_id: &str, item: &Item) -> Result<Reservation, InventoryTableError> {
    let read_all = || -> Result<Reservation, BadItem> {
        let goods = || -> Result<Goods, BadItem> {
            Ok(Goods { product_id: read(item, "productId")?, quantity: read(item, "quantity")? })
        };
        let decision = match read::<String>(item, "decision")?.as_str() {
            "reserved" => Decision::Reserved {
                goods: goods()?,
                warehouse: read(item, "warehouse")?,
                remaining: read(item, "remaining")?,
                released_at: read_optional(item, "releasedAt")?,
            },
            "insufficient" => {
                Decision::Insufficient { goods: goods()?, available: read(item, "available")? }
            }
            "void" => Decision::Void,
            _ => return Err(BadItem("decision")),
        };
        Ok(Reservation {
            order_id: read(item, "orderId")?,
            customer_id: read(item, "customerId")?,
            decided_at: read(item, "decidedAt")?,
            decision,
        })
    };
    read_all().map_err(|source| InventoryTableError::Read { key: order_key(order_id), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_is_read_back_as_it_was_written() {
        let goods = || Goods { product_id: "12345".to_owned(), quantity: 2 };
        let noon = DateTime::from_timestamp_millis(1_763_812_800_123).unwrap();
        let reserved = |released_at| Decision::Reserved {
            goods: goods(),
            warehouse: "midwest".to_owned(),
            remaining: 0,
            released_at,
        };
        for decision in [
            reserved(None),
            reserved(Some(noon)),
            Decision::Insufficient { goods: goods(), available: 1 },
            Decision::Void,
        ] {
            let reservation = Reservation {
                order_id: "ord_1".to_owned(),
                customer_id: "customer123".to_owned(),
                decided_at: noon,
                decision,
            };
            assert_eq!(as_reservation("ord_1", &written(&reservation)).unwrap(), reservation);
        }
    }
}

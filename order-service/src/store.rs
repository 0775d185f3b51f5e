use std::{error::Error, fmt::Display};

use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    operation::{put_item::PutItemError, update_item::builders::UpdateItemFluentBuilder},
    types::ReturnValuesOnConditionCheckFailure,
};
use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    CustomerId, Invocation, OrderId, Recorded,
    aws::{SdkConfig, traced},
    item::{InvalidItem, Item, number, text, time},
};

use crate::order::Order;

/// Orders as items.
mod item;
/// Idempotency keys.
mod keys;
/// Orders that have not ended.
mod open;
/// The orders of a customer.
mod page;

pub(crate) use keys::Placed;
pub(crate) use open::Due;
pub(crate) use page::Page;

/// The attribute with the id of the invocation that stored the order.
const RECORDED_BY: &str = "recordedBy";
/// How long the place of an order is kept that was withdrawn: longer than any write may be on its
/// way.
const WITHDRAWN_FOR: TimeDelta = TimeDelta::days(1);

/// The orders, by customer and order id, and the idempotency keys of their customers.
#[derive(Clone, Debug)]
pub(crate) struct OrderTable {
    client: Client,
    table: String,
}

/// What became of an order that may have been stored or not.
#[derive(Debug)]
pub(crate) enum Fenced {
    /// It is stored.
    Stored,
    /// It is not, and never will be.
    Withdrawn,
}

/// Why an order was not stored or found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderTableError {
    #[error("could not {step} order `{order_id}`")]
    Call {
        /// What was to be done with it.
        step: &'static str,
        order_id: OrderId,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("could not look up orders")]
    Query(#[source] Box<dyn Error + Send + Sync>),
    #[error("could not parse order `{order_id}`")]
    Parse { order_id: OrderId, source: InvalidItem },
    #[error("could not parse what the table has")]
    ParseItem(#[from] InvalidItem),
    #[error("the order `{0}` of an idempotency key is missing")]
    Missing(OrderId),
}

impl OrderTable {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        let traced = traced(config).table(&table);
        let client = Client::from_conf(Builder::from(config).interceptor(traced).build());
        Self { client, table }
    }

    /// Stores `order` unless there is one with its id already.
    pub(crate) async fn put_if_absent(
        &self,
        order: &Order,
        invocation: &Invocation,
    ) -> Result<Recorded<Order>, OrderTableError> {
        let order_id = &order.created.order_id;
        let put = self.put_unless_there(item::of(order, invocation)).await;
        match put.map_err(|error| failed("store", order_id, error))? {
            None => Ok(Recorded::New(order.clone())),
            Some(stored) => {
                let parsed = parse(order_id, &stored)?;
                Ok(Recorded::of(&stored, RECORDED_BY, invocation, parsed))
            }
        }
    }

    /// Finds out whether `order` is stored, whose write ended in doubt: takes its place, so that a
    /// write that is still on its way is refused.
    pub(crate) async fn fence(
        &self,
        order: &Order,
        invocation: &Invocation,
        now: DateTime<Utc>,
    ) -> Result<Fenced, OrderTableError> {
        let created = &order.created;
        let withdrawn = Item::from([
            ("customerId".to_owned(), text(&created.customer_id)),
            ("orderId".to_owned(), text(&created.order_id)),
            (item::WITHDRAWN_AT.to_owned(), time(now)),
            (RECORDED_BY.to_owned(), text(invocation.id())),
            (item::EXPIRES_AT.to_owned(), number((now + WITHDRAWN_FOR).timestamp())),
        ]);
        let put = self.put_unless_there(withdrawn).await;
        Ok(match put.map_err(|error| failed("withdraw", &created.order_id, error))? {
            Some(stored) if !item::is_withdrawn(&stored) => Fenced::Stored,
            _ => Fenced::Withdrawn,
        })
    }

    /// The customer's order with that id.
    pub(crate) async fn find(
        &self,
        customer_id: &CustomerId,
        order_id: &OrderId,
    ) -> Result<Option<Order>, OrderTableError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("customerId", text(customer_id))
            .key("orderId", text(order_id))
            .consistent_read(true);
        let found = get.send().await.map_err(|error| failed("look up", order_id, error))?;
        let order = found.item().filter(|item| !item::is_withdrawn(item));
        order.map(|item| parse(order_id, item)).transpose()
    }

    /// Puts `item`, or returns the one that has its place.
    async fn put_unless_there(
        &self,
        item: Item,
    ) -> Result<Option<Item>, aws_sdk_dynamodb::error::SdkError<PutItemError>> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(orderId)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else { return Ok(None) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refused))
                if refused.item().is_some() =>
            {
                Ok(refused.item().cloned())
            }
            _ => Err(error),
        }
    }

    fn update(&self, customer_id: &CustomerId, sort_key: impl Display) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("customerId", text(customer_id))
            .key("orderId", text(sort_key))
    }
}

fn failed(
    step: &'static str,
    order_id: &OrderId,
    error: impl Error + Send + Sync + 'static,
) -> OrderTableError {
    OrderTableError::Call { step, order_id: order_id.clone(), source: Box::new(error) }
}

fn parse(order_id: &OrderId, item: &Item) -> Result<Order, OrderTableError> {
    item::parse_order(item)
        .map_err(|source| OrderTableError::Parse { order_id: order_id.clone(), source })
}

#[cfg(test)]
pub(crate) mod tests;

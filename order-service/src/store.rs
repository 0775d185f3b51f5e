use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    error::SdkError,
    operation::{get_item::GetItemError, put_item::PutItemError},
    types::ReturnValuesOnConditionCheckFailure,
};
use shared::{
    OrderCreated,
    aws::{SdkConfig, traced},
    item::{BadItem, Item, number, read, read_optional, text, time},
};

use crate::order::Order;

/// The orders, by customer and order.
#[derive(Clone, Debug)]
pub(crate) struct OrderTable {
    client: Client,
    table: String,
}

/// Why an order was not kept or found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderTableError {
    #[error("could not keep order `{order_id}`")]
    Keep { order_id: String, source: Box<SdkError<PutItemError>> },
    #[error("could not look up order `{order_id}`")]
    Find { order_id: String, source: Box<SdkError<GetItemError>> },
    #[error("could not read order `{order_id}`")]
    Read { order_id: String, source: BadItem },
}

impl OrderTable {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        let client = Client::from_conf(Builder::from(config).interceptor(traced(config)).build());
        Self { client, table }
    }

    /// Keeps `order` unless there is one with its id already, and returns the one that is kept.
    pub(crate) async fn keep_first(&self, order: &Order) -> Result<Order, OrderTableError> {
        let order_id = order.created.order_id.clone();
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(written(order)))
            .condition_expression("attribute_not_exists(orderId)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else { return Ok(order.clone()) };
        if let Some(PutItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
            && let Some(item) = refused.item()
        {
            return as_order(item).map_err(|source| OrderTableError::Read { order_id, source });
        }
        Err(OrderTableError::Keep { order_id, source: Box::new(error) })
    }

    /// The customer's order with that id.
    pub(crate) async fn find(
        &self,
        customer_id: &str,
        order_id: &str,
    ) -> Result<Option<Order>, OrderTableError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("customerId", text(customer_id))
            .key("orderId", text(order_id))
            .consistent_read(true);
        let order_id = order_id.to_owned();
        match get.send().await {
            Ok(found) => found
                .item()
                .map(as_order)
                .transpose()
                .map_err(|source| OrderTableError::Read { order_id, source }),
            Err(error) => Err(OrderTableError::Find { order_id, source: Box::new(error) }),
        }
    }
}

fn written(order: &Order) -> Item {
    let created = &order.created;
    let mut item = Item::from([
        ("customerId".to_owned(), text(&created.customer_id)),
        ("orderId".to_owned(), text(&created.order_id)),
        ("productId".to_owned(), text(&created.product_id)),
        ("quantity".to_owned(), number(created.quantity)),
        ("amount".to_owned(), number(created.amount)),
        ("currency".to_owned(), text(&created.currency)),
        ("createdAt".to_owned(), time(order.created_at)),
    ]);
    if let Some(method) = &created.payment_method {
        item.insert("paymentMethod".to_owned(), text(method));
    }
    item
}

fn as_order(item: &Item) -> Result<Order, BadItem> {
    Ok(Order {
        created: OrderCreated {
            order_id: read(item, "orderId")?,
            customer_id: read(item, "customerId")?,
            product_id: read(item, "productId")?,
            quantity: read(item, "quantity")?,
            amount: read(item, "amount")?,
            currency: read(item, "currency")?,
            payment_method: read_optional(item, "paymentMethod")?,
        },
        created_at: read(item, "createdAt")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_back_as_it_was_written() {
        for payment_method in [None, Some("card_ok".to_owned())] {
            let order = Order {
                created: OrderCreated {
                    order_id: "ord_1".to_owned(),
                    customer_id: "customer123".to_owned(),
                    product_id: "12345".to_owned(),
                    quantity: 2,
                    amount: "199.98".parse().unwrap(),
                    currency: "USD".to_owned(),
                    payment_method,
                },
                created_at: chrono::DateTime::from_timestamp_millis(1_763_812_800_123).unwrap(),
            };
            assert_eq!(as_order(&written(&order)).unwrap(), order);
        }
    }
}

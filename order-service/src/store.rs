use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    error::SdkError,
    operation::{get_item::GetItemError, put_item::PutItemError},
    types::ReturnValuesOnConditionCheckFailure,
};
use shared::{
    CustomerId, Invocation, OrderCreated, OrderId, Recorded,
    aws::{SdkConfig, traced},
    item::{InvalidItem, Item, number, parse, parse_optional, text, time},
};

use crate::order::Order;

/// The attribute with the id of the invocation that stored the order.
const RECORDED_BY: &str = "recordedBy";

/// The orders, by customer and order id.
#[derive(Clone, Debug)]
pub(crate) struct OrderTable {
    client: Client,
    table: String,
}

/// Why an order was not stored or found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderTableError {
    #[error("could not store order `{order_id}`")]
    Put { order_id: OrderId, source: Box<SdkError<PutItemError>> },
    #[error("could not look up order `{order_id}`")]
    Find { order_id: OrderId, source: Box<SdkError<GetItemError>> },
    #[error("could not parse order `{order_id}`")]
    Parse { order_id: OrderId, source: InvalidItem },
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
        let order_id = order.created.order_id.clone();
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(order)))
            .item(RECORDED_BY, text(invocation.id()))
            .condition_expression("attribute_not_exists(orderId)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else { return Ok(Recorded::New(order.clone())) };
        if let Some(PutItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
            && let Some(item) = refused.item()
        {
            return match from_item(item) {
                Ok(stored) => Ok(Recorded::of(item, RECORDED_BY, invocation, stored)),
                Err(source) => Err(OrderTableError::Parse { order_id, source }),
            };
        }
        Err(OrderTableError::Put { order_id, source: Box::new(error) })
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
        let order_id = order_id.clone();
        match get.send().await {
            Ok(found) => found
                .item()
                .map(from_item)
                .transpose()
                .map_err(|source| OrderTableError::Parse { order_id, source }),
            Err(error) => Err(OrderTableError::Find { order_id, source: Box::new(error) }),
        }
    }
}

fn to_item(order: &Order) -> Item {
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

fn from_item(item: &Item) -> Result<Order, InvalidItem> {
    Ok(Order {
        created: OrderCreated {
            order_id: parse(item, "orderId")?,
            customer_id: parse(item, "customerId")?,
            product_id: parse(item, "productId")?,
            quantity: parse(item, "quantity")?,
            amount: parse(item, "amount")?,
            currency: parse(item, "currency")?,
            payment_method: parse_optional(item, "paymentMethod")?,
        },
        created_at: parse(item, "createdAt")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_round_trip() {
        for payment_method in [None, Some("card_ok".parse().unwrap())] {
            let order = Order {
                created: OrderCreated {
                    order_id: "ord_1".parse().unwrap(),
                    customer_id: "customer123".parse().unwrap(),
                    product_id: "12345".parse().unwrap(),
                    quantity: 2,
                    amount: "199.98".parse().unwrap(),
                    currency: "USD".to_owned(),
                    payment_method,
                },
                created_at: chrono::DateTime::from_timestamp_millis(1_763_812_800_123).unwrap(),
            };
            assert_eq!(from_item(&to_item(&order)).unwrap(), order);
        }
    }
}

use shared::{
    CustomerId, OrderId,
    item::{Item, parse, text},
};

use super::{OrderTable, OrderTableError, item};
use crate::order::Order;

/// A part of a customer's orders.
#[derive(Debug)]
pub(crate) struct Page {
    /// The newest first.
    pub(crate) orders: Vec<Order>,
    /// After which order the next page starts, if there may be one.
    pub(crate) next: Option<OrderId>,
}

impl OrderTable {
    /// At most `limit` of the customer's orders, the newest first: their ids grow with time. They
    /// start after the order `after`.
    pub(crate) async fn page(
        &self,
        customer_id: &CustomerId,
        limit: i32,
        after: Option<&OrderId>,
    ) -> Result<Page, OrderTableError> {
        let start = after.map(|order_id| {
            Item::from([
                ("customerId".to_owned(), text(customer_id)),
                ("orderId".to_owned(), text(order_id)),
            ])
        });
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("customerId = :customer AND begins_with(orderId, :prefix)")
            .expression_attribute_values(":customer", text(customer_id))
            // The others are idempotency keys.
            .expression_attribute_values(":prefix", text("ord_"))
            .scan_index_forward(false)
            .consistent_read(true)
            .set_exclusive_start_key(start)
            .limit(limit);
        let found = query.send().await.map_err(|error| OrderTableError::Query(Box::new(error)))?;
        let orders = found.items().iter().filter(|item| !item::is_withdrawn(item));
        Ok(Page {
            orders: orders.map(item::parse_order).collect::<Result<_, _>>()?,
            next: found.last_evaluated_key().map(|key| parse(key, "orderId")).transpose()?,
        })
    }
}

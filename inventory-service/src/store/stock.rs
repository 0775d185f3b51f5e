use aws_sdk_dynamodb::{
    error::BuildError,
    types::{Update, builders::UpdateBuilder},
};
use shared::{
    ProductId,
    item::{number, text},
};

use crate::reservation::Goods;

/// Takes the goods from the warehouse's stock, on the condition that it has enough. A product that
/// was never seen there starts with `initial_stock`.
///
/// The condition does not ask that the stock is as it was seen: orders that were decided at the same
/// time all succeed as long as there is enough for them.
pub(super) fn take(
    table: &str,
    goods: &Goods,
    warehouse: &str,
    initial_stock: u32,
) -> Result<Update, BuildError> {
    let enough = if initial_stock >= goods.quantity {
        "attribute_not_exists(available) OR available >= :quantity"
    } else {
        "available >= :quantity"
    };
    change(table, goods, warehouse)
        .update_expression("SET available = if_not_exists(available, :initial) - :quantity")
        .condition_expression(enough)
        .expression_attribute_values(":initial", number(initial_stock))
        .build()
}

/// Returns the goods to the stock.
pub(super) fn give_back(table: &str, goods: &Goods, warehouse: &str) -> Result<Update, BuildError> {
    change(table, goods, warehouse)
        .update_expression("SET available = available + :quantity")
        .build()
}

/// A change of the warehouse's stock by the quantity of `goods`.
fn change(table: &str, goods: &Goods, warehouse: &str) -> UpdateBuilder {
    Update::builder()
        .table_name(table)
        .key("pk", text(product_key(&goods.product_id)))
        .key("sk", text(warehouse))
        .expression_attribute_values(":quantity", number(goods.quantity))
}

/// The partition of a product's stock.
pub(super) fn product_key(product_id: &ProductId) -> String {
    format!("product#{product_id}")
}

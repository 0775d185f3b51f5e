use aws_sdk_dynamodb::{error::BuildError, types::Update};
use shared::{
    ProductId,
    item::{number, text},
};

use super::IS_ABSENT;
use crate::reservation::Goods;

/// Sets the stock to `remaining` on the condition that it is still `stored`, so that it never goes
/// below zero.
pub(super) fn take(
    table: &str,
    goods: &Goods,
    warehouse: &str,
    stored: Option<u32>,
    remaining: u32,
) -> Result<Update, BuildError> {
    let update = Update::builder()
        .table_name(table)
        .key("pk", text(product_key(&goods.product_id)))
        .key("sk", text(warehouse))
        .update_expression("SET available = :remaining")
        .expression_attribute_values(":remaining", number(remaining));
    match stored {
        Some(stored) => update
            .condition_expression("available = :stored")
            .expression_attribute_values(":stored", number(stored)),
        None => update.condition_expression(IS_ABSENT),
    }
    .build()
}

/// Returns the goods to the stock.
pub(super) fn give_back(table: &str, goods: &Goods, warehouse: &str) -> Result<Update, BuildError> {
    Update::builder()
        .table_name(table)
        .key("pk", text(product_key(&goods.product_id)))
        .key("sk", text(warehouse))
        .update_expression("SET available = available + :quantity")
        .expression_attribute_values(":quantity", number(goods.quantity))
        .build()
}

/// The partition of a product's stock.
pub(super) fn product_key(product_id: &ProductId) -> String {
    format!("product#{product_id}")
}

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use shared::{
    Invocation, OrderCreated,
    item::{InvalidItem, Item, number, parse, parse_optional, text, time},
};

use super::RECORDED_BY;
use crate::{
    order::{Open, Order},
    progress::{Fact, Happened, Progress},
};

/// When DynamoDB deletes the item, in epoch seconds. Orders do not have it.
pub(super) const EXPIRES_AT: &str = "expiresAt";
/// When the place of an order was taken that is not stored. It is not an order.
pub(super) const WITHDRAWN_AT: &str = "withdrawnAt";
/// The index's hash key, which only open orders have, and its value.
pub(super) const OPEN: &str = "open";

/// `order` as it is stored by `invocation`.
pub(super) fn of(order: &Order, invocation: &Invocation) -> Item {
    let mut item = to_item(order);
    item.insert(RECORDED_BY.to_owned(), text(invocation.id()));
    item
}

pub(super) fn to_item(order: &Order) -> Item {
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
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    if let Some(method) = &created.payment_method {
        put("paymentMethod", text(method));
    }
    if let Some(trace) = &order.trace {
        put("trace", text(trace));
    }
    if let Some(open) = order.open {
        put(OPEN, text(OPEN));
        put("dueAt", number(open.due_at.timestamp_millis()));
        put("attempts", number(open.attempts));
    }
    for (fact, happened) in order.progress.iter() {
        put(fact.attribute(), fact_attribute(happened));
    }
    item
}

pub(super) fn parse_order(item: &Item) -> Result<Order, InvalidItem> {
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
        trace: parse_optional(item, "trace")?,
        open: match item.get(OPEN) {
            Some(_) => Some(Open {
                due_at: milliseconds(item, "dueAt")?,
                attempts: parse(item, "attempts")?,
            }),
            None => None,
        },
        progress: parse_progress(item)?,
    })
}

/// Whether the item only has the place of an order.
pub(super) fn is_withdrawn(item: &Item) -> bool {
    item.contains_key(WITHDRAWN_AT)
}

/// A fact as a map.
pub(super) fn fact_attribute(happened: &Happened) -> AttributeValue {
    let mut map = Item::from([
        ("at".to_owned(), time(happened.at)),
        ("eventId".to_owned(), text(&happened.event_id)),
    ]);
    if let Some(trace) = &happened.trace {
        map.insert("trace".to_owned(), text(trace));
    }
    if let Some(detail) = &happened.detail {
        map.insert("detail".to_owned(), text(detail));
    }
    AttributeValue::M(map)
}

/// A time in epoch milliseconds, as the index sorts by.
pub(super) fn milliseconds(item: &Item, name: &'static str) -> Result<DateTime<Utc>, InvalidItem> {
    DateTime::from_timestamp_millis(parse(item, name)?).ok_or(InvalidItem(name))
}

fn parse_progress(item: &Item) -> Result<Progress, InvalidItem> {
    let facts = Fact::ALL.iter().filter_map(|fact| {
        let map = item.get(fact.attribute())?;
        let happened = map.as_m().map_err(|_| InvalidItem(fact.attribute())).and_then(|map| {
            Ok(Happened {
                at: parse(map, "at")?,
                event_id: parse(map, "eventId")?,
                trace: parse_optional(map, "trace")?,
                detail: parse_optional(map, "detail")?,
            })
        });
        Some(happened.map(|happened| (*fact, happened)))
    });
    facts.collect()
}

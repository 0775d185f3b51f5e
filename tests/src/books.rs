use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use local::Attribute;

use crate::world::{World, table};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// What tables and topic say.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) orders: BTreeMap<String, Order>,
    pub(crate) payments: BTreeMap<String, Payment>,
    pub(crate) reservations: BTreeMap<String, Reservation>,
    /// Product and warehouse.
    pub(crate) stock: BTreeMap<(String, String), i64>,
    pub(crate) initial_stock: i64,
    /// The outcomes that the customer of an order was notified of.
    pub(crate) notifications: BTreeMap<String, Vec<String>>,
    /// The orders whose notification is recorded as sent.
    pub(crate) notified: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) customer: String,
    /// Whether it is in the index of the orders that have not ended.
    pub(crate) is_open: bool,
    /// Whether its history has the notification.
    pub(crate) is_notified: bool,
    /// The trace that it was placed in.
    pub(crate) trace: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Payment {
    pub(crate) decision: String,
    pub(crate) is_refunded: bool,
}

#[derive(Debug)]
pub(crate) struct Reservation {
    pub(crate) decision: String,
    pub(crate) is_released: bool,
    pub(crate) place: Option<(String, String)>,
    pub(crate) quantity: i64,
}

impl World {
    pub(crate) async fn books(&self) -> Books {
        let mut books = Books { initial_stock: self.initial_stock(), ..Books::default() };
        for item in self.scan("orders").await {
            let id = text(&item, "orderId").unwrap_or_default();
            if id.starts_with("ord_") && !item.contains_key("withdrawnAt") {
                books.orders.insert(id, Order::of(&item));
            }
        }
        for item in self.scan("payments").await {
            let payment = Payment {
                decision: text(&item, "decision").unwrap_or_default(),
                is_refunded: item.contains_key("refundedAt"),
            };
            books.payments.insert(text(&item, "orderId").unwrap_or_default(), payment);
        }
        for item in self.scan("inventory").await {
            let key = text(&item, "pk").unwrap_or_default();
            if let Some(product) = key.strip_prefix("product#") {
                let place = (product.to_owned(), text(&item, "sk").unwrap_or_default());
                books.stock.insert(place, whole(&item, "available"));
            } else if let Some(order) = key.strip_prefix("order#") {
                books.reservations.insert(order.to_owned(), Reservation::of(&item));
            }
        }
        let sent = self.scan("notifications").await;
        let sent = sent.iter().filter(|item| item.contains_key("sentAt"));
        books.notified = sent.filter_map(|item| text(item, "orderId")).collect();
        for notification in self.stack.notifications() {
            let attribute = |name: &str| notification.attributes.get(name).map(Attribute::shown);
            let order = attribute("orderId").unwrap_or_default();
            let outcomes = books.notifications.entry(order).or_default();
            outcomes.push(attribute("outcome").unwrap_or_default());
        }
        books
    }

    /// What each warehouse has of a product that was never seen.
    fn initial_stock(&self) -> i64 {
        let functions = self.stack.app().functions.iter();
        let setting = functions.filter_map(|function| function.environment.get("INITIAL_STOCK"));
        let mut setting = setting.filter_map(|text| text.parse().ok());
        setting.next().expect("the inventory service has the stock of a new product as a variable")
    }

    pub(crate) async fn scan(&self, name: &str) -> Vec<Item> {
        let scan = self.dynamodb.scan().table_name(table(name));
        let pages = scan.consistent_read(true).into_paginator().items().send();
        pages.collect::<Result<Vec<_>, _>>().await.expect("DynamoDB responds")
    }
}

impl Order {
    fn of(item: &Item) -> Self {
        let trace = text(item, "trace");
        let root = trace
            .as_deref()
            .and_then(|header| header.split(';').find_map(|field| field.strip_prefix("Root=")));
        Self {
            customer: text(item, "customerId").unwrap_or_default(),
            is_open: item.contains_key("open"),
            is_notified: item.contains_key("notificationSent"),
            trace: root.map(str::to_owned),
        }
    }
}

impl Payment {
    /// Whether the customer's money is kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.decision == "charged" && !self.is_refunded
    }
}

impl Reservation {
    fn of(item: &Item) -> Self {
        Self {
            decision: text(item, "decision").unwrap_or_default(),
            is_released: item.contains_key("releasedAt"),
            place: text(item, "productId").zip(text(item, "warehouse")),
            quantity: whole(item, "quantity"),
        }
    }

    /// Whether stock is set aside for the customer.
    pub(crate) fn is_kept(&self) -> bool {
        self.decision == "reserved" && !self.is_released
    }
}

pub(crate) fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}

fn whole(item: &Item, name: &str) -> i64 {
    let number = item.get(name).and_then(|value| value.as_n().ok());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

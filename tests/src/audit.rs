use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::world::World;

type Item = HashMap<String, AttributeValue>;

/// A law that the books break: tables, notifications and events say different things about an order or a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The order's id, or the product and warehouse.
    pub subject: String,
    /// The law that is broken.
    pub law: &'static str,
    /// What the books say.
    pub found: String,
}

/// What tables, topic and bus say.
#[derive(Debug, Default)]
struct Books {
    orders: BTreeSet<String>,
    payments: BTreeMap<String, Payment>,
    reservations: BTreeMap<String, Reservation>,
    /// Product and warehouse.
    stock: BTreeMap<(String, String), i64>,
    initial_stock: i64,
    /// The outcomes that the customer of an order was notified of.
    notifications: BTreeMap<String, Vec<String>>,
    /// The orders with `Notification Sent`.
    ended: BTreeSet<String>,
}

#[derive(Debug)]
struct Payment {
    decision: String,
    is_refunded: bool,
}

#[derive(Debug)]
struct Reservation {
    decision: String,
    is_released: bool,
    place: Option<(String, String)>,
    quantity: i64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.subject, self.law, self.found)
    }
}

impl World {
    /// Holds the books of all four services against each other. Every order has to have ended.
    pub async fn audit(&self) -> Vec<Violation> {
        let books = self.books().await;
        let mut violations = Vec::new();
        for order in &books.orders {
            books.audit_order(order, &mut violations);
        }
        books.audit_stock(&mut violations);
        violations
    }

    async fn books(&self) -> Books {
        let mut books = Books { initial_stock: self.initial_stock(), ..Books::default() };
        for item in self.scan("orders").await {
            let order = text(&item, "orderId").unwrap_or_default();
            if order.starts_with("ord_") && !item.contains_key("withdrawnAt") {
                books.orders.insert(order);
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
        for notification in self.stack.notifications() {
            let attribute = |name: &str| notification.attributes.get(name).cloned();
            let order = attribute("orderId").unwrap_or_default();
            let outcomes = books.notifications.entry(order).or_default();
            outcomes.push(attribute("outcome").unwrap_or_default());
        }
        for event in self.events_of("Notification Sent") {
            books.ended.extend(event["detail"]["orderId"].as_str().map(str::to_owned));
        }
        books
    }

    /// What each warehouse has of a product that was never seen.
    fn initial_stock(&self) -> i64 {
        let functions = self.stack.app().functions.iter();
        let setting = functions.filter_map(|function| function.environment.get("INITIAL_STOCK"));
        let mut setting = setting.filter_map(|text| text.parse().ok());
        setting.next().expect("the inventory service is told what a new product has")
    }

    async fn scan(&self, table: &str) -> Vec<Item> {
        let scan = self.dynamodb.scan().table_name(format!("distributed-tracing-demo-{table}"));
        let pages = scan.consistent_read(true).into_paginator().items().send();
        pages.collect::<Result<Vec<_>, _>>().await.expect("DynamoDB responds")
    }
}

impl Books {
    fn audit_order(&self, order: &str, violations: &mut Vec<Violation>) {
        let mut broken = |law, found: String| {
            violations.push(Violation { subject: order.to_owned(), law, found });
        };
        let payment = self.payments.get(order);
        let reservation = self.reservations.get(order);
        let is_paid = payment.is_some_and(Payment::is_kept);
        let is_set_aside = reservation.is_some_and(Reservation::is_kept);
        if is_paid != is_set_aside {
            broken(
                "what is paid is set aside, and nothing else is",
                format!("{payment:?}, {reservation:?}"),
            );
        }
        if payment.is_none_or(|payment| payment.decision == "intended") {
            broken("a payment is decided in the end", format!("{payment:?}"));
        }
        if reservation.is_none() {
            broken("a reservation is decided in the end", "nothing is recorded".to_owned());
        }
        let outcomes = self.notifications.get(order).map_or(&[][..], Vec::as_slice);
        match outcomes {
            [outcome] if (outcome == "confirmed") == is_paid => {}
            [outcome] => broken("the notification says how the order ended", outcome.clone()),
            other => broken("a customer is notified once", format!("{other:?}")),
        }
        if !self.ended.contains(order) {
            broken("an order ends", "`Notification Sent` was never published".to_owned());
        }
    }

    fn audit_stock(&self, violations: &mut Vec<Violation>) {
        for (place, available) in &self.stock {
            let here = |reservation: &&Reservation| {
                reservation.is_kept() && reservation.place.as_ref() == Some(place)
            };
            let set_aside: i64 =
                self.reservations.values().filter(here).map(|each| each.quantity).sum();
            if *available < 0 || available + set_aside != self.initial_stock {
                let found = format!(
                    "{available} are left and {set_aside} set aside of {}",
                    self.initial_stock
                );
                let (product, warehouse) = place;
                let subject = format!("{product} in {warehouse}");
                let law = "what is left and what is set aside is what there was";
                violations.push(Violation { subject, law, found });
            }
        }
    }
}

impl Payment {
    fn is_kept(&self) -> bool {
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

    fn is_kept(&self) -> bool {
        self.decision == "reserved" && !self.is_released
    }
}

fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}

fn whole(item: &Item, name: &str) -> i64 {
    let number = item.get(name).and_then(|value| value.as_n().ok());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

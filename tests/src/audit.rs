use std::fmt;

use crate::{
    books::{Books, Order, Payment, Reservation},
    world::World,
};

/// A law that the books break: tables and notifications say different things about an order or a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The order's id, or the product and warehouse.
    pub subject: String,
    /// The law that is broken.
    pub law: &'static str,
    /// What the books say.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.subject, self.law, self.found)
    }
}

impl World {
    /// Holds the books of all four services against each other. Every order has to have ended.
    pub async fn audit(&self) -> Vec<Violation> {
        self.books().await.audit()
    }
}

impl Books {
    /// The laws that are broken.
    pub(crate) fn audit(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (id, order) in &self.orders {
            self.audit_order(id, order, &mut violations);
        }
        self.audit_stock(&mut violations);
        violations
    }

    fn audit_order(&self, id: &str, order: &Order, violations: &mut Vec<Violation>) {
        let mut broken = |law, found: String| {
            violations.push(Violation { subject: id.to_owned(), law, found });
        };
        let payment = self.payments.get(id);
        let reservation = self.reservations.get(id);
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
        let outcomes = self.notifications.get(id).map_or(&[][..], Vec::as_slice);
        match outcomes {
            [outcome] if (outcome == "confirmed") == is_paid => {}
            [outcome] => broken("the notification says how the order ended", outcome.clone()),
            other => broken("a customer is notified once", format!("{other:?}")),
        }
        if order.is_open || !order.is_notified {
            broken("an order ends", format!("{order:?}"));
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

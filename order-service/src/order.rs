use chrono::{DateTime, Utc};
use shared::{Amount, OrderCreated};

/// What things cost. The price is ours, never the client's.
#[derive(Clone, Debug)]
pub(crate) struct PriceList {
    /// What one piece costs, in major units of the currency.
    pub(crate) unit_price: Amount,
    /// ISO 4217.
    pub(crate) currency: String,
}

/// An order as it is stored and published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// What is published.
    pub(crate) created: OrderCreated,
    /// When it was accepted.
    pub(crate) created_at: DateTime<Utc>,
}

impl Order {
    /// Whether `other` orders the same thing, as two requests with the same idempotency key must.
    pub(crate) fn is_same_request(&self, other: &Self) -> bool {
        let (a, b) = (&self.created, &other.created);
        (&a.product_id, a.quantity, &a.payment_method)
            == (&b.product_id, b.quantity, &b.payment_method)
    }
}

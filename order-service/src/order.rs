use chrono::{DateTime, Utc};
use shared::{Amount, OrderCreated};

use crate::progress::Progress;

/// What things cost. The price is ours, never the client's.
#[derive(Clone, Debug)]
pub(crate) struct PriceList {
    /// What one piece costs, in major units of the currency.
    pub(crate) unit_price: Amount,
    /// ISO 4217.
    pub(crate) currency: String,
}

/// An order as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// What is published.
    pub(crate) created: OrderCreated,
    /// When it was accepted.
    pub(crate) created_at: DateTime<Utc>,
    /// The trace header of the request that placed it, so that what is done for it later belongs to
    /// its trace.
    pub(crate) trace: Option<String>,
    /// Until it has ended: when it is to be published again.
    pub(crate) open: Option<Open>,
    pub(crate) progress: Progress,
}

/// An order that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    /// When it is published again if it has not ended by then.
    pub(crate) due_at: DateTime<Utc>,
    /// How often it was published again.
    pub(crate) attempts: u32,
}

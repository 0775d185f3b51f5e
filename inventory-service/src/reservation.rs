use chrono::{DateTime, Utc};
use shared::{
    CustomerId, Event, InventoryCancelled, InventoryInsufficient, InventoryReleased,
    InventoryUpdated, OrderCreated, OrderId, PaymentFailed, ProductId,
};

/// The warehouses, in the order in which they are used if they have equally much.
pub(crate) const WAREHOUSES: [&str; 3] = ["east-coast", "west-coast", "midwest"];

/// What one warehouse has of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) warehouse: String,
    /// What the table has; `None` if the product was never seen there.
    pub(crate) stored: Option<u32>,
    /// What there is: the stored stock, or the initial stock of a new product.
    pub(crate) available: u32,
}

/// The decision about an order's stock. It is made once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reservation {
    pub(crate) order_id: OrderId,
    pub(crate) customer_id: CustomerId,
    pub(crate) decided_at: DateTime<Utc>,
    pub(crate) decision: Decision,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Stock was reserved, and perhaps released.
    Reserved { goods: Goods, warehouse: String, remaining: u32, released_at: Option<DateTime<Utc>> },
    /// No warehouse had enough; the fullest one had `available`.
    Insufficient { goods: Goods, available: u32 },
    /// There is nothing to reserve: the payment failed before the stock was decided.
    Void,
}

/// A number of pieces of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Goods {
    pub(crate) product_id: ProductId,
    pub(crate) quantity: u32,
}

/// What each warehouse has, given the stored stock by warehouse.
pub(crate) fn levels(stored: &[(String, u32)], initial_stock: u32) -> Vec<Level> {
    let level = |warehouse: &str| {
        let stored = stored.iter().find(|(name, _)| name == warehouse);
        let stored = stored.map(|(_, available)| *available);
        let warehouse = warehouse.to_owned();
        Level { warehouse, stored, available: stored.unwrap_or(initial_stock) }
    };
    WAREHOUSES.into_iter().map(level).collect()
}

impl Reservation {
    /// Takes all pieces from the fullest warehouse: an order is never split.
    pub(crate) fn decide(order: &OrderCreated, levels: &[Level], now: DateTime<Utc>) -> Self {
        let goods = Goods { product_id: order.product_id.clone(), quantity: order.quantity };
        // `max_by_key` returns the last of equals, so the first warehouse has to come last.
        let fullest = levels.iter().rev().max_by_key(|level| level.available);
        let decision = match fullest.and_then(|level| Some((level, remaining(level, &goods)?))) {
            Some((level, remaining)) => Decision::Reserved {
                goods,
                warehouse: level.warehouse.clone(),
                remaining,
                released_at: None,
            },
            None => Decision::Insufficient {
                goods,
                available: fullest.map_or(0, |level| level.available),
            },
        };
        let (order_id, customer_id) = (order.order_id.clone(), order.customer_id.clone());
        Self { order_id, customer_id, decided_at: now, decision }
    }

    /// The decision that there is nothing to reserve.
    pub(crate) fn void(failure: &PaymentFailed, now: DateTime<Utc>) -> Self {
        let (order_id, customer_id) = (failure.order_id.clone(), failure.customer_id.clone());
        Self { order_id, customer_id, decided_at: now, decision: Decision::Void }
    }

    /// The event to publish about the decision.
    pub(crate) fn outcome(&self) -> Event {
        let order_id = self.order_id.clone();
        let customer_id = self.customer_id.clone();
        let reservation_id = order_id.reservation_id();
        match self.decision.clone() {
            Decision::Reserved { goods, warehouse, remaining, .. } => {
                let event = InventoryUpdated {
                    order_id,
                    customer_id,
                    product_id: goods.product_id,
                    reservation_id,
                    quantity: goods.quantity,
                    warehouse,
                    remaining_stock: remaining,
                };
                event.into()
            }
            Decision::Insufficient { goods, available } => {
                let event = InventoryInsufficient {
                    order_id,
                    customer_id,
                    product_id: goods.product_id,
                    reservation_id,
                    quantity: goods.quantity,
                    available_quantity: available,
                };
                event.into()
            }
            Decision::Void => InventoryCancelled { order_id, customer_id, reservation_id }.into(),
        }
    }

    /// The event to publish about the release, if there was one, and when that was.
    pub(crate) fn release(&self) -> Option<(DateTime<Utc>, Event)> {
        let Decision::Reserved { goods, warehouse, released_at: Some(at), .. } = &self.decision
        else {
            return None;
        };
        let event = InventoryReleased {
            order_id: self.order_id.clone(),
            customer_id: self.customer_id.clone(),
            product_id: goods.product_id.clone(),
            reservation_id: self.order_id.reservation_id(),
            quantity: goods.quantity,
            warehouse: warehouse.clone(),
        };
        Some((*at, event.into()))
    }

    /// The reserved goods and their warehouse, if there are any to release.
    pub(crate) fn releasable(&self) -> Option<(&Goods, &str)> {
        match &self.decision {
            Decision::Reserved { goods, warehouse, released_at: None, .. } => {
                Some((goods, warehouse))
            }
            _ => None,
        }
    }
}

/// What the warehouse has left without `goods`, or `None` if it has too few.
fn remaining(level: &Level, goods: &Goods) -> Option<u32> {
    level.available.checked_sub(goods.quantity)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(quantity: u32) -> OrderCreated {
        OrderCreated {
            order_id: "ord_1".parse().unwrap(),
            customer_id: "customer123".parse().unwrap(),
            product_id: "12345".parse().unwrap(),
            quantity,
            amount: "1".parse().unwrap(),
            currency: "USD".to_owned(),
            payment_method: None,
        }
    }

    fn decide(quantity: u32, stock: [u32; 3]) -> Decision {
        let seen: Vec<_> = WAREHOUSES.into_iter().map(str::to_owned).zip(stock).collect();
        Reservation::decide(&order(quantity), &levels(&seen, 100), DateTime::UNIX_EPOCH).decision
    }

    #[test]
    fn the_fullest_warehouse_reserves_all_of_it_or_none_does() {
        for (quantity, stock, from) in [
            (1, [5, 5, 5], Some(("east-coast", 4))),
            (1, [5, 9, 5], Some(("west-coast", 8))),
            (9, [5, 9, 5], Some(("west-coast", 0))),
            (10, [5, 9, 5], None),
            (1, [0, 0, 0], None),
        ] {
            match (decide(quantity, stock), from) {
                (Decision::Reserved { warehouse, remaining, .. }, Some(expected)) => {
                    assert_eq!((warehouse.as_str(), remaining), expected);
                }
                (Decision::Insufficient { available, .. }, None) => {
                    assert_eq!(Some(available), stock.into_iter().max());
                }
                (decision, _) => panic!("{quantity} of {stock:?} became {decision:?}"),
            }
        }
    }

    #[test]
    fn a_product_never_seen_starts_with_the_initial_stock() {
        let levels = levels(&[("midwest".to_owned(), 3)], 7);
        let found: Vec<_> = levels.iter().map(|level| (level.stored, level.available)).collect();
        assert_eq!(found, [(None, 7), (None, 7), (Some(3), 3)]);
    }

    #[test]
    fn each_outcome_has_an_event_of_its_own() {
        let published = |decision| {
            let (order_id, customer_id) =
                ("ord_1".parse().unwrap(), "customer123".parse().unwrap());
            let decided_at = DateTime::UNIX_EPOCH;
            let reservation = Reservation { order_id, customer_id, decided_at, decision };
            reservation.outcome().detail_type()
        };
        assert_eq!(published(decide(1, [1, 0, 0])), "Inventory Updated");
        assert_eq!(published(decide(2, [1, 0, 0])), "Inventory Insufficient");
        assert_eq!(published(Decision::Void), "Inventory Cancelled");
    }

    proptest! {
        #[test]
        fn stock_never_goes_below_zero(quantity in 1u32..50, stock in [0u32..40, 0u32..40, 0u32..40]) {
            match decide(quantity, stock) {
                Decision::Reserved { warehouse, remaining, .. } => {
                    let index = WAREHOUSES.iter().position(|name| *name == warehouse).unwrap();
                    prop_assert_eq!(remaining + quantity, stock[index]);
                }
                Decision::Insufficient { .. } => {
                    prop_assert!(stock.into_iter().all(|available| available < quantity));
                }
                Decision::Void => prop_assert!(false, "this order is not void"),
            }
        }
    }
}

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
    /// What there is: the stored stock, or the initial stock of a new product.
    pub(crate) available: u32,
}

/// Which of the warehouses that have enough reserves the goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The fullest one.
    Fullest,
    /// The one with this number, counted around. A random number spreads orders that compete for a
    /// product over all the warehouses that have enough of it.
    Nth(usize),
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
    Reserved {
        goods: Goods,
        warehouse: String,
        /// What the warehouse had when the decision was made, without these goods. Orders that were
        /// decided at the same time may have taken more: the stock itself is a counter that no
        /// decision reads back.
        remaining: u32,
        released_at: Option<DateTime<Utc>>,
    },
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
        let available = stored.map_or(initial_stock, |(_, available)| *available);
        Level { warehouse: warehouse.to_owned(), available }
    };
    WAREHOUSES.into_iter().map(level).collect()
}

impl Reservation {
    /// Takes all pieces from one warehouse: an order is never split.
    pub(crate) fn decide(
        order: &OrderCreated,
        levels: &[Level],
        choice: Choice,
        now: DateTime<Utc>,
    ) -> Self {
        let goods = Goods { product_id: order.product_id.clone(), quantity: order.quantity };
        let decision = match choice.of(levels, goods.quantity) {
            Some(level) => Decision::Reserved {
                warehouse: level.warehouse.clone(),
                remaining: level.available.saturating_sub(goods.quantity),
                goods,
                released_at: None,
            },
            None => Decision::Insufficient {
                goods,
                available: levels.iter().map(|level| level.available).max().unwrap_or_default(),
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

    /// The same, with its goods released at `now`.
    pub(crate) fn released(&self, now: DateTime<Utc>) -> Self {
        let mut released = self.clone();
        if let Decision::Reserved { released_at, .. } = &mut released.decision {
            *released_at = Some(now);
        }
        released
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

impl Choice {
    /// The chosen one of the warehouses that have `quantity` pieces.
    fn of(self, levels: &[Level], quantity: u32) -> Option<&Level> {
        let enough: Vec<_> = levels.iter().filter(|level| level.available >= quantity).collect();
        match self {
            // `max_by_key` returns the last of equals, so the first warehouse has to come last.
            Self::Fullest => enough.into_iter().rev().max_by_key(|level| level.available),
            Self::Nth(number) => enough.get(number.checked_rem(enough.len())?).copied(),
        }
    }
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

    fn decide(quantity: u32, stock: [u32; 3], choice: Choice) -> Decision {
        let seen: Vec<_> = WAREHOUSES.into_iter().map(str::to_owned).zip(stock).collect();
        let (order, levels) = (order(quantity), levels(&seen, 100));
        Reservation::decide(&order, &levels, choice, DateTime::UNIX_EPOCH).decision
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
            match (decide(quantity, stock, Choice::Fullest), from) {
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
    fn under_contention_the_warehouses_with_enough_share_the_orders() {
        let warehouse = |number| match decide(5, [9, 4, 5], Choice::Nth(number)) {
            Decision::Reserved { warehouse, remaining, .. } => (warehouse, remaining),
            decision => panic!("{decision:?}"),
        };
        let warehouses = [0, 1, 2, usize::MAX].map(warehouse);
        let (east, mid) = (("east-coast".to_owned(), 4), ("midwest".to_owned(), 0));
        assert_eq!(warehouses, [east.clone(), mid.clone(), east, mid]);
    }

    #[test]
    fn a_product_never_seen_starts_with_the_initial_stock() {
        let levels = levels(&[("midwest".to_owned(), 3)], 7);
        let found: Vec<_> = levels.iter().map(|level| level.available).collect();
        assert_eq!(found, [7, 7, 3]);
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
        assert_eq!(published(decide(1, [1, 0, 0], Choice::Fullest)), "Inventory Updated");
        assert_eq!(published(decide(2, [1, 0, 0], Choice::Fullest)), "Inventory Insufficient");
        assert_eq!(published(Decision::Void), "Inventory Cancelled");
    }

    proptest! {
        #[test]
        fn a_warehouse_that_has_enough_is_found(
            quantity in 1u32..50,
            stock in [0u32..40, 0u32..40, 0u32..40],
            choice in prop_oneof![Just(Choice::Fullest), any::<usize>().prop_map(Choice::Nth)],
        ) {
            match decide(quantity, stock, choice) {
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

use super::*;
use crate::{
    order::Open,
    progress::{Fact, Happened},
};

/// An order of which nothing is known yet.
pub(crate) fn order() -> Order {
    let created_at = DateTime::from_timestamp_millis(1_763_812_800_123).unwrap();
    Order {
        created: shared::OrderCreated {
            order_id: "ord_1".parse().unwrap(),
            customer_id: "customer123".parse().unwrap(),
            product_id: "12345".parse().unwrap(),
            quantity: 2,
            amount: "199.98".parse().unwrap(),
            currency: "USD".to_owned(),
            payment_method: None,
        },
        created_at,
        trace: None,
        open: Some(Open { due_at: created_at, attempts: 0 }),
        progress: crate::progress::Progress::default(),
    }
}

#[test]
fn orders_round_trip() {
    let mut ended = order();
    ended.created.payment_method = Some("card_ok".parse().unwrap());
    ended.trace = Some("Root=1-5759e988-bd862e3fe1be46a994272793".to_owned());
    ended.open = None;
    let happened = |detail: Option<&str>| Happened {
        at: ended.created_at,
        event_id: "ord_1:notification-sent".to_owned(),
        trace: ended.trace.clone(),
        detail: detail.map(str::to_owned),
    };
    ended.progress = [
        (Fact::NotificationSent, happened(Some("confirmed"))),
        (Fact::PaymentProcessed, happened(None)),
    ]
    .into_iter()
    .collect();
    for order in [order(), ended] {
        assert_eq!(item::parse_order(&item::to_item(&order)).unwrap(), order);
    }
}

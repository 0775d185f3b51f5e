use shared::item::{InvalidItem, Item, number, parse, parse_optional, text, time};

use super::{RESERVATION, order_key};
use crate::reservation::{Decision, Goods, Reservation};

pub(super) fn to_item(reservation: &Reservation) -> Item {
    let mut item = Item::from([
        ("pk".to_owned(), text(order_key(&reservation.order_id))),
        ("sk".to_owned(), text(RESERVATION)),
        ("orderId".to_owned(), text(&reservation.order_id)),
        ("customerId".to_owned(), text(&reservation.customer_id)),
        ("decidedAt".to_owned(), time(reservation.decided_at)),
    ]);
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    let goods = match &reservation.decision {
        Decision::Reserved { goods, warehouse, remaining, released_at } => {
            put("decision", text("reserved"));
            put("warehouse", text(warehouse));
            put("remaining", number(remaining));
            if let Some(at) = released_at {
                put("releasedAt", time(*at));
            }
            goods
        }
        Decision::Insufficient { goods, available } => {
            put("decision", text("insufficient"));
            put("available", number(available));
            goods
        }
        Decision::Void => {
            put("decision", text("void"));
            return item;
        }
    };
    put("productId", text(&goods.product_id));
    put("quantity", number(goods.quantity));
    item
}

pub(super) fn from_item(item: &Item) -> Result<Reservation, InvalidItem> {
    let goods = || -> Result<Goods, InvalidItem> {
        Ok(Goods { product_id: parse(item, "productId")?, quantity: parse(item, "quantity")? })
    };
    let decision = match parse::<String>(item, "decision")?.as_str() {
        "reserved" => Decision::Reserved {
            goods: goods()?,
            warehouse: parse(item, "warehouse")?,
            remaining: parse(item, "remaining")?,
            released_at: parse_optional(item, "releasedAt")?,
        },
        "insufficient" => {
            Decision::Insufficient { goods: goods()?, available: parse(item, "available")? }
        }
        "void" => Decision::Void,
        _ => return Err(InvalidItem("decision")),
    };
    Ok(Reservation {
        order_id: parse(item, "orderId")?,
        customer_id: parse(item, "customerId")?,
        decided_at: parse(item, "decidedAt")?,
        decision,
    })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn reservations_round_trip() {
        let goods = || Goods { product_id: "12345".parse().unwrap(), quantity: 2 };
        let noon = DateTime::from_timestamp_millis(1_763_812_800_123).unwrap();
        let reserved = |released_at| Decision::Reserved {
            goods: goods(),
            warehouse: "midwest".to_owned(),
            remaining: 0,
            released_at,
        };
        for decision in [
            reserved(None),
            reserved(Some(noon)),
            Decision::Insufficient { goods: goods(), available: 1 },
            Decision::Void,
        ] {
            let reservation = Reservation {
                order_id: "ord_1".parse().unwrap(),
                customer_id: "customer123".parse().unwrap(),
                decided_at: noon,
                decision,
            };
            assert_eq!(from_item(&to_item(&reservation)).unwrap(), reservation);
        }
    }
}

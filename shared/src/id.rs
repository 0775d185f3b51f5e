use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The longest id, in characters.
const MAX_LENGTH: usize = 64;
/// What every id must look like.
const IDENTIFIER: &str = "must have 1 to 64 letters, digits, `-`, `_` or `.`";
/// What an order's id starts with.
const ORDER_PREFIX: &str = "ord_";
/// What an order's id must look like.
const ORDER: &str = "must be `ord_` and 1 to 60 letters, digits, `-`, `_` or `.`";
/// What the id of an order of `infra/canary` goes on with.
const CANARY: &str = "canary-";

/// Why a text is not an id. The text itself is left out, because errors go to the logs and clients
/// choose ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {what} {rule}")]
pub struct InvalidId {
    /// The kind of id, `customer id`.
    what: &'static str,
    rule: &'static str,
}

impl InvalidId {
    /// What is required, as the rest of a sentence that starts with the field's name.
    pub fn rule(self) -> &'static str {
        self.rule
    }
}

/// Declares a text that is checked once, when it is parsed.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $is_valid:path, $rule:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.to_owned().try_into()
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                if $is_valid(&text) {
                    Ok(Self(text))
                } else {
                    Err(InvalidId { what: $what, rule: $rule })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// An order's id: `ord_` and, for orders of this system, 32 hexadecimal digits.
    ///
    /// The ids of an order's payment, reservation, notification and events are derived from it, so
    /// that they are deterministic:
    ///
    /// ```
    /// let order: shared::OrderId = "ord_0198".parse()?;
    /// assert_eq!(order.payment_id(), "pay_0198");
    /// assert_eq!(order.event_id("order-created"), "ord_0198:order-created");
    /// # Ok::<(), shared::InvalidId>(())
    /// ```
    OrderId, "order id", is_order_id, ORDER
}

id! {
    /// A customer's id.
    CustomerId, "customer id", is_identifier, IDENTIFIER
}

id! {
    /// A product's id.
    ProductId, "product id", is_identifier, IDENTIFIER
}

id! {
    /// How a customer wants to pay, by the name that the payment processor gives it.
    PaymentMethod, "payment method", is_identifier, IDENTIFIER
}

impl OrderId {
    /// The same id, marked as that of an order of `infra/canary`, which orders to see whether one can. Such orders are
    /// handled like any other, and are not part of the business' figures.
    #[must_use]
    pub fn of_canary(&self) -> Self {
        Self(format!("{ORDER_PREFIX}{CANARY}{}", self.own_part()))
    }

    /// Whether the order is one of `infra/canary`. Every service sees it, because every event has the order's id.
    pub fn is_canary(&self) -> bool {
        self.own_part().starts_with(CANARY)
    }

    /// The id of the order's payment.
    pub fn payment_id(&self) -> String {
        self.derived("pay")
    }

    /// The id of the order's reservation.
    pub fn reservation_id(&self) -> String {
        self.derived("res")
    }

    /// The id of the order's notification.
    pub fn notification_id(&self) -> String {
        self.derived("ntf")
    }

    /// The id of the event that says that `fact` became true of the order. It is deterministic, so
    /// consumers can recognise a redelivery.
    pub fn event_id(&self, fact: &str) -> String {
        format!("{self}:{fact}")
    }

    fn derived(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.own_part())
    }

    fn own_part(&self) -> &str {
        self.0.strip_prefix(ORDER_PREFIX).unwrap_or(&self.0)
    }
}

impl From<u128> for OrderId {
    /// The order whose UUID is `uuid`.
    fn from(uuid: u128) -> Self {
        Self(format!("{ORDER_PREFIX}{uuid:032x}"))
    }
}

fn is_order_id(text: &str) -> bool {
    text.len() <= MAX_LENGTH && text.strip_prefix(ORDER_PREFIX).is_some_and(is_identifier)
}

fn is_identifier(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    // Where an id becomes part of a path, `.` and `..` would mean a folder. This refuses the empty
    // text too.
    let is_only_dots = text.chars().all(|c| c == '.');
    !is_only_dots && text.len() <= MAX_LENGTH && text.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_ids_and_texts_that_are_not() {
        let (longest, too_long) = ("c".repeat(64), "c".repeat(65));
        for text in ["customer123", "a-b_c.d", "7", ".a", longest.as_str()] {
            assert_eq!(text.parse::<CustomerId>().unwrap().as_str(), text);
        }
        for text in ["", ".", "..", "a/b", "a b", "ü", "a\n", "\0", too_long.as_str()] {
            let error = text.parse::<CustomerId>().unwrap_err();
            assert_eq!(error.to_string(), format!("the customer id {IDENTIFIER}"), "{text}");
        }
    }

    #[test]
    fn order_ids_start_with_ord() {
        let (longest, too_long) =
            (format!("ord_{}", "1".repeat(60)), format!("ord_{}", "1".repeat(61)));
        for text in ["ord_1", "ord_payment_failed", longest.as_str()] {
            assert_eq!(text.parse::<OrderId>().unwrap().as_str(), text);
        }
        for text in ["", "ord_", "1", "pay_1", "ord_a/b", "ord_..", too_long.as_str()] {
            let error = text.parse::<OrderId>().unwrap_err();
            assert_eq!(error.to_string(), format!("the order id {ORDER}"), "{text}");
        }
    }

    #[test]
    fn an_order_id_made_from_a_uuid_is_one_that_parses() {
        for uuid in [0, 1, u128::MAX] {
            let id = OrderId::from(uuid);
            assert_eq!(id.as_str().parse::<OrderId>().unwrap(), id);
        }
    }

    #[test]
    fn ids_are_plain_json_strings() {
        let id: ProductId = serde_json::from_str(r#""12345""#).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""12345""#);
        let error = serde_json::from_str::<ProductId>(r#""a/b""#).unwrap_err();
        assert!(error.to_string().starts_with("the product id must have 1 to 64"), "{error}");
    }
}

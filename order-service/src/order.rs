use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use shared::{Amount, OrderCreated};
use uuid::Uuid;

/// What is ordered when the request names no product, as in the recipe.
const DEFAULT_PRODUCT: &str = "default-product";
/// The most pieces of a product that one order may ask for.
const MAX_QUANTITY: u64 = 1_000;
/// The longest id that a customer, a product or a payment method may have.
const MAX_ID: usize = 64;
/// The longest idempotency key.
const MAX_KEY: usize = 255;

/// What things cost. The price is ours, never the client's.
#[derive(Clone, Debug)]
pub(crate) struct PriceList {
    /// What one piece costs, in major units of the currency.
    pub(crate) unit_price: Amount,
    /// ISO 4217.
    pub(crate) currency: String,
}

/// A customer's wish that makes sense: each field was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    customer_id: String,
    product_id: String,
    quantity: u32,
    payment_method: Option<String>,
}

/// An order as it is kept and told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// What is told of it.
    pub(crate) created: OrderCreated,
    /// When it was accepted.
    pub(crate) created_at: DateTime<Utc>,
}

/// Why a request is not an order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The body is not a JSON object, in a sentence.
    Unreadable(String),
    /// Fields that make no sense, each with the reason in a sentence.
    Unacceptable(Vec<BadField>),
}

/// A field that makes no sense.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadField {
    /// Its name in the body, or `customerId` of the path.
    pub(crate) field: &'static str,
    /// What is wrong and what would be right.
    pub(crate) reason: String,
}

impl Wish {
    /// Reads the path's customer and the body. All that is wrong is named at once.
    pub(crate) fn read(customer_id: &str, body: &[u8]) -> Result<Self, Refusal> {
        let fields = object(body)?;
        let mut bad = Vec::new();
        let customer_id = keep(&mut bad, identifier("customerId", customer_id));
        let product_id = keep(&mut bad, product(&fields));
        let quantity = keep(&mut bad, quantity(&fields));
        let payment_method = keep(&mut bad, payment_method(&fields));
        match (customer_id, product_id, quantity, payment_method) {
            (Some(customer_id), Some(product_id), Some(quantity), Some(payment_method)) => {
                Ok(Self { customer_id, product_id, quantity, payment_method })
            }
            _ => Err(Refusal::Unacceptable(bad)),
        }
    }

    /// The order's id. Two requests with the same idempotency key are the same order.
    pub(crate) fn order_id(
        &self,
        idempotency_key: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<String, Refusal> {
        let id = match idempotency_key {
            Some(key) if key.is_empty() || key.len() > MAX_KEY => {
                let reason = format!("must have 1 to {MAX_KEY} characters");
                return Err(Refusal::Unacceptable(vec![BadField {
                    field: "Idempotency-Key",
                    reason,
                }]));
            }
            Some(key) => {
                let name = format!("{}\n{key}", self.customer_id);
                Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
            }
            None => {
                let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
                let time = uuid::Timestamp::from_unix(
                    uuid::NoContext,
                    seconds,
                    now.timestamp_subsec_nanos(),
                );
                Uuid::new_v7(time)
            }
        };
        Ok(format!("ord_{}", id.simple()))
    }

    /// The order that this wish becomes, at our price.
    pub(crate) fn place(
        self,
        order_id: String,
        prices: &PriceList,
        now: DateTime<Utc>,
    ) -> Result<Order, Refusal> {
        let amount = prices.unit_price.times(self.quantity).ok_or_else(|| {
            let reason = "is more than can be priced".to_owned();
            Refusal::Unacceptable(vec![BadField { field: "quantity", reason }])
        })?;
        Ok(Order {
            created: OrderCreated {
                order_id,
                customer_id: self.customer_id,
                product_id: self.product_id,
                quantity: self.quantity,
                amount,
                currency: prices.currency.clone(),
                payment_method: self.payment_method,
            },
            created_at: now,
        })
    }
}

impl Order {
    /// Whether `other` asks for the same thing: what a repeated idempotency key promises.
    pub(crate) fn is_same_wish(&self, other: &Self) -> bool {
        let (a, b) = (&self.created, &other.created);
        (&a.product_id, a.quantity, &a.payment_method)
            == (&b.product_id, b.quantity, &b.payment_method)
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        let hint = "The body is empty; `{}` orders one `default-product`.";
        return Err(Refusal::Unreadable(hint.to_owned()));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => {
            let kind = kind(&other);
            Err(Refusal::Unreadable(format!("The body is {kind}, not a JSON object.")))
        }
        Err(error) => Err(Refusal::Unreadable(format!("The body is not JSON: {error}."))),
    }
}

fn product(fields: &Map<String, Value>) -> Result<String, BadField> {
    match fields.get("productId") {
        None => Ok(DEFAULT_PRODUCT.to_owned()),
        Some(Value::String(text)) => identifier("productId", text),
        Some(other) => Err(wrong_type("productId", "a string", other)),
    }
}

fn quantity(fields: &Map<String, Value>) -> Result<u32, BadField> {
    let bad = |found: &Value| {
        let reason = format!("must be a whole number from 1 to {MAX_QUANTITY}, not {found}");
        BadField { field: "quantity", reason }
    };
    match fields.get("quantity") {
        None => Ok(1),
        Some(found @ Value::Number(number)) => number
            .as_u64()
            .filter(|pieces| (1..=MAX_QUANTITY).contains(pieces))
            .and_then(|pieces| u32::try_from(pieces).ok())
            .ok_or_else(|| bad(found)),
        Some(other) => Err(wrong_type("quantity", "a number", other)),
    }
}

fn payment_method(fields: &Map<String, Value>) -> Result<Option<String>, BadField> {
    match fields.get("paymentMethod") {
        None => Ok(None),
        Some(Value::String(text)) => identifier("paymentMethod", text).map(Some),
        Some(other) => Err(wrong_type("paymentMethod", "a string", other)),
    }
}

fn identifier(field: &'static str, text: &str) -> Result<String, BadField> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    // A name of dots alone means something else to whatever treats it as a path.
    let only_dots = text.chars().all(|c| c == '.');
    if only_dots || text.len() > MAX_ID || !text.chars().all(fits) {
        let reason = format!("must have 1 to {MAX_ID} letters, digits, `-`, `_` or `.`");
        return Err(BadField { field, reason });
    }
    Ok(text.to_owned())
}

fn wrong_type(field: &'static str, wanted: &str, found: &Value) -> BadField {
    BadField { field, reason: format!("must be {wanted}, not {}", kind(found)) }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Keeps a good value, or notes what is bad about it.
fn keep<T>(bad: &mut Vec<BadField>, field: Result<T, BadField>) -> Option<T> {
    field.map_err(|problem| bad.push(problem)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices() -> PriceList {
        PriceList { unit_price: "99.99".parse().unwrap(), currency: "USD".to_owned() }
    }

    fn placed(body: &str) -> Order {
        let wish = Wish::read("customer123", body.as_bytes()).unwrap();
        wish.place("ord_1".to_owned(), &prices(), DateTime::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn bodies_that_are_orders() {
        for (body, product, quantity, amount, method) in [
            ("{}", "default-product", 1, "99.99", None),
            (r#"{"productId":"12345","quantity":1}"#, "12345", 1, "99.99", None),
            (r#"{"quantity":1000}"#, "default-product", 1000, "99990.00", None),
            (r#"{"paymentMethod":"card_ok"}"#, "default-product", 1, "99.99", Some("card_ok")),
            // The client's own price is not ours.
            (r#"{"price":0.01,"amount":0.01}"#, "default-product", 1, "99.99", None),
        ] {
            let order = placed(body).created;
            assert_eq!(order.product_id, product, "{body}");
            assert_eq!(order.quantity, quantity, "{body}");
            assert_eq!(order.amount, amount.parse().unwrap(), "{body}");
            assert_eq!(order.payment_method.as_deref(), method, "{body}");
        }
    }

    #[test]
    fn bodies_that_cannot_be_read() {
        for (body, sentence) in [
            ("", "The body is empty; `{}` orders one `default-product`."),
            (" \n", "The body is empty; `{}` orders one `default-product`."),
            ("[]", "The body is an array, not a JSON object."),
            ("null", "The body is null, not a JSON object."),
            ("\"{}\"", "The body is a string, not a JSON object."),
            ("{", "The body is not JSON: EOF while parsing an object at line 1 column 1."),
        ] {
            let refusal = Wish::read("customer123", body.as_bytes()).unwrap_err();
            assert_eq!(refusal, Refusal::Unreadable(sentence.to_owned()), "{body}");
        }
        assert!(matches!(Wish::read("c", b"\xff{}"), Err(Refusal::Unreadable(_))));
    }

    #[test]
    fn values_that_make_no_sense_are_named_with_a_reason() {
        let ids = "must have 1 to 64 letters, digits, `-`, `_` or `.`";
        let whole = "must be a whole number from 1 to 1000, not";
        for (body, field, reason) in [
            (r#"{"quantity":0}"#, "quantity", format!("{whole} 0")),
            (r#"{"quantity":-3}"#, "quantity", format!("{whole} -3")),
            (r#"{"quantity":1.5}"#, "quantity", format!("{whole} 1.5")),
            (r#"{"quantity":1e30}"#, "quantity", format!("{whole} 1e+30")),
            (r#"{"quantity":1001}"#, "quantity", format!("{whole} 1001")),
            (r#"{"quantity":"1"}"#, "quantity", "must be a number, not a string".to_owned()),
            (r#"{"quantity":null}"#, "quantity", "must be a number, not null".to_owned()),
            (r#"{"productId":7}"#, "productId", "must be a string, not a number".to_owned()),
            (r#"{"productId":""}"#, "productId", ids.to_owned()),
            (r#"{"productId":"a/b"}"#, "productId", ids.to_owned()),
            (r#"{"productId":".."}"#, "productId", ids.to_owned()),
            (
                r#"{"paymentMethod":{}}"#,
                "paymentMethod",
                "must be a string, not an object".to_owned(),
            ),
        ] {
            let refusal = Wish::read("customer123", body.as_bytes()).unwrap_err();
            assert_eq!(refusal, Refusal::Unacceptable(vec![BadField { field, reason }]), "{body}");
        }
        let long = "c".repeat(65);
        for customer in ["", "../etc", "a b", "ü", long.as_str()] {
            let refusal = Wish::read(customer, b"{}").unwrap_err();
            let bad = BadField { field: "customerId", reason: ids.to_owned() };
            assert_eq!(refusal, Refusal::Unacceptable(vec![bad]), "{customer}");
        }
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let Err(Refusal::Unacceptable(bad)) =
            Wish::read("a/b", br#"{"productId":1,"quantity":0,"paymentMethod":[]}"#)
        else {
            panic!("four fields are wrong");
        };
        let fields: Vec<_> = bad.iter().map(|bad| bad.field).collect();
        assert_eq!(fields, ["customerId", "productId", "quantity", "paymentMethod"]);
    }

    #[test]
    fn orders_of_one_millisecond_have_different_ids_unless_they_share_a_key() {
        // The recipe's ids are equal within one second.
        let wish = Wish::read("customer123", b"{}").unwrap();
        let id = |key| wish.order_id(key, DateTime::UNIX_EPOCH).unwrap();
        assert_ne!(id(None), id(None));
        assert_eq!(id(Some("k")), id(Some("k")));
        assert_ne!(id(Some("k")), id(Some("l")));
        let other = Wish::read("customer124", b"{}").unwrap();
        assert_ne!(id(Some("k")), other.order_id(Some("k"), DateTime::UNIX_EPOCH).unwrap());
        assert!(wish.order_id(Some(""), DateTime::UNIX_EPOCH).is_err());
    }
}

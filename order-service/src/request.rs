use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use shared::{CustomerId, InvalidId, OrderCreated, OrderId, PaymentMethod, ProductId};
use uuid::Uuid;

use crate::order::PriceList;

/// The product of a request that names none, as in the original.
const DEFAULT_PRODUCT: &str = "default-product";
/// The most pieces of a product that one order may have.
const MAX_QUANTITY: u64 = 1_000;

/// What a client asks for. Each field is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderRequest {
    customer_id: CustomerId,
    product_id: ProductId,
    quantity: u32,
    payment_method: Option<PaymentMethod>,
}

/// Why a request is not an order. The sentences go to the client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidRequest {
    #[error("The body is empty; `{{}}` orders one `{DEFAULT_PRODUCT}`.")]
    EmptyBody,
    #[error("The body is not JSON: {0}.")]
    NotJson(serde_json::Error),
    #[error("The body is {0}, not a JSON object.")]
    NotAnObject(&'static str),
    /// All fields that are invalid.
    #[error("{}", InvalidField::sentences(.0))]
    Fields(Vec<InvalidField>),
}

/// A field that is invalid.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidField {
    /// Its name in the body, `customerId` of the path, or the header's name.
    pub(crate) field: &'static str,
    /// What is wrong and what would be right.
    pub(crate) reason: String,
}

impl OrderRequest {
    /// Parses the path's customer and the body. The error names every invalid field.
    pub(crate) fn parse(customer_id: &str, body: &[u8]) -> Result<Self, InvalidRequest> {
        let fields = object(body)?;
        let mut invalid = Vec::new();
        let customer_id = valid(&mut invalid, id("customerId", customer_id));
        let product_id = valid(&mut invalid, product(&fields));
        let quantity = valid(&mut invalid, quantity(&fields));
        let payment_method = valid(&mut invalid, payment_method(&fields));
        match (customer_id, product_id, quantity, payment_method) {
            (Some(customer_id), Some(product_id), Some(quantity), Some(payment_method)) => {
                Ok(Self { customer_id, product_id, quantity, payment_method })
            }
            _ => Err(InvalidRequest::Fields(invalid)),
        }
    }

    /// The order for this request, under a new id, at our price.
    pub(crate) fn place(
        self,
        prices: &PriceList,
        now: DateTime<Utc>,
    ) -> Result<OrderCreated, InvalidRequest> {
        let amount = prices.unit_price.times(self.quantity).ok_or_else(|| {
            let reason = "is more than can be priced".to_owned();
            InvalidField { field: "quantity", reason }
        })?;
        Ok(OrderCreated {
            order_id: new_id(now),
            customer_id: self.customer_id,
            product_id: self.product_id,
            quantity: self.quantity,
            amount,
            currency: prices.currency.clone(),
            payment_method: self.payment_method,
        })
    }
}

/// An id that nobody can guess, and that grows with time.
fn new_id(now: DateTime<Utc>) -> OrderId {
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let nanoseconds = now.timestamp_subsec_nanos();
    let time = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds);
    Uuid::new_v7(time).as_u128().into()
}

impl From<InvalidField> for InvalidRequest {
    fn from(field: InvalidField) -> Self {
        Self::Fields(vec![field])
    }
}

impl InvalidField {
    /// One sentence for each field.
    pub(crate) fn sentences(fields: &[Self]) -> String {
        let sentence = |Self { field, reason }: &_| format!("`{field}` {reason}.");
        fields.iter().map(sentence).collect::<Vec<_>>().join(" ")
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, InvalidRequest> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(InvalidRequest::EmptyBody);
    }
    match serde_json::from_slice(body).map_err(InvalidRequest::NotJson)? {
        Value::Object(fields) => Ok(fields),
        other => Err(InvalidRequest::NotAnObject(kind(&other))),
    }
}

fn product(fields: &Map<String, Value>) -> Result<ProductId, InvalidField> {
    match fields.get("productId") {
        None => id("productId", DEFAULT_PRODUCT),
        Some(Value::String(text)) => id("productId", text),
        Some(other) => Err(wrong_type("productId", "a string", other)),
    }
}

fn quantity(fields: &Map<String, Value>) -> Result<u32, InvalidField> {
    let invalid = |found: &Value| {
        let reason = format!("must be a whole number from 1 to {MAX_QUANTITY}, not {found}");
        InvalidField { field: "quantity", reason }
    };
    match fields.get("quantity") {
        None => Ok(1),
        Some(found @ Value::Number(number)) => number
            .as_u64()
            .filter(|pieces| (1..=MAX_QUANTITY).contains(pieces))
            .and_then(|pieces| u32::try_from(pieces).ok())
            .ok_or_else(|| invalid(found)),
        Some(other) => Err(wrong_type("quantity", "a number", other)),
    }
}

fn payment_method(fields: &Map<String, Value>) -> Result<Option<PaymentMethod>, InvalidField> {
    match fields.get("paymentMethod") {
        None => Ok(None),
        Some(Value::String(text)) => id("paymentMethod", text).map(Some),
        Some(other) => Err(wrong_type("paymentMethod", "a string", other)),
    }
}

fn id<T: std::str::FromStr<Err = InvalidId>>(
    field: &'static str,
    text: &str,
) -> Result<T, InvalidField> {
    text.parse().map_err(|error: InvalidId| {
        let reason = error.rule().to_owned();
        InvalidField { field, reason }
    })
}

fn wrong_type(field: &'static str, expected: &str, found: &Value) -> InvalidField {
    InvalidField { field, reason: format!("must be {expected}, not {}", kind(found)) }
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

/// The field's value, or `None` and an addition to `invalid`.
fn valid<T>(invalid: &mut Vec<InvalidField>, field: Result<T, InvalidField>) -> Option<T> {
    field.map_err(|field| invalid.push(field)).ok()
}

#[cfg(test)]
mod tests;

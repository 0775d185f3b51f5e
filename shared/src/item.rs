use std::{collections::HashMap, fmt::Display, str::FromStr};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use crate::clock::rfc3339;

/// A DynamoDB item: attributes by name.
pub type Item = HashMap<String, AttributeValue>;

/// An attribute that is missing, or is not what was written. Somebody else wrote to the table.
#[derive(Debug, thiserror::Error)]
#[error("the kept item has no usable `{0}`")]
pub struct BadItem(pub &'static str);

/// A text attribute (`S`).
pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute (`N`), exact to 38 digits.
pub fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A time as a text attribute, to the millisecond: it sorts as it passes.
pub fn time(value: DateTime<Utc>) -> AttributeValue {
    text(rfc3339(value))
}

/// Reads the attribute `name`, text or number, as a `T`.
pub fn read<T: FromStr>(item: &Item, name: &'static str) -> Result<T, BadItem> {
    read_optional(item, name)?.ok_or(BadItem(name))
}

/// Reads the attribute `name` if the item has it.
pub fn read_optional<T: FromStr>(item: &Item, name: &'static str) -> Result<Option<T>, BadItem> {
    match item.get(name) {
        Some(AttributeValue::S(value) | AttributeValue::N(value)) => {
            value.parse().map(Some).map_err(|_| BadItem(name))
        }
        Some(_) => Err(BadItem(name)),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Amount;

    #[test]
    fn attributes_are_read_back_as_they_were_written() {
        let amount: Amount = "299.97".parse().unwrap();
        let item = Item::from([
            ("orderId".to_owned(), text("ord_1")),
            ("amount".to_owned(), number(amount)),
            ("at".to_owned(), time(DateTime::UNIX_EPOCH)),
            ("odd".to_owned(), AttributeValue::Bool(true)),
        ]);
        assert_eq!(read::<String>(&item, "orderId").unwrap(), "ord_1");
        assert_eq!(read::<Amount>(&item, "amount").unwrap(), amount);
        assert_eq!(read::<DateTime<Utc>>(&item, "at").unwrap(), DateTime::UNIX_EPOCH);
        assert_eq!(read_optional::<String>(&item, "missing").unwrap(), None);
        let complaint = read::<String>(&item, "missing").unwrap_err().to_string();
        assert_eq!(complaint, "the kept item has no usable `missing`");
        assert!(read_optional::<String>(&item, "odd").is_err());
    }
}

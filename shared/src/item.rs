use std::{collections::HashMap, fmt::Display, str::FromStr};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use crate::clock::rfc3339;

/// A DynamoDB item: attributes by name.
pub type Item = HashMap<String, AttributeValue>;

/// An attribute that is missing or invalid: something else than this service wrote the item.
#[derive(Debug, thiserror::Error)]
#[error("the stored item has no valid `{0}`")]
pub struct InvalidItem(pub &'static str);

/// A text attribute (`S`).
pub fn text(value: impl Display) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// A number attribute (`N`), exact to 38 digits.
pub fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A time as a text attribute with milliseconds, which sorts by time.
pub fn time(value: DateTime<Utc>) -> AttributeValue {
    text(rfc3339(value))
}

/// Parses the attribute `name`, text or number, as a `T`.
pub fn parse<T: FromStr>(item: &Item, name: &'static str) -> Result<T, InvalidItem> {
    parse_optional(item, name)?.ok_or(InvalidItem(name))
}

/// Parses the attribute `name` if the item has it.
pub fn parse_optional<T: FromStr>(
    item: &Item,
    name: &'static str,
) -> Result<Option<T>, InvalidItem> {
    match item.get(name) {
        Some(AttributeValue::S(value) | AttributeValue::N(value)) => {
            value.parse().map(Some).map_err(|_| InvalidItem(name))
        }
        Some(_) => Err(InvalidItem(name)),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Amount;

    #[test]
    fn attributes_round_trip() {
        let amount: Amount = "299.97".parse().unwrap();
        let item = Item::from([
            ("orderId".to_owned(), text("ord_1")),
            ("amount".to_owned(), number(amount)),
            ("at".to_owned(), time(DateTime::UNIX_EPOCH)),
            ("odd".to_owned(), AttributeValue::Bool(true)),
        ]);
        assert_eq!(parse::<String>(&item, "orderId").unwrap(), "ord_1");
        assert_eq!(parse::<Amount>(&item, "amount").unwrap(), amount);
        assert_eq!(parse::<DateTime<Utc>>(&item, "at").unwrap(), DateTime::UNIX_EPOCH);
        assert_eq!(parse_optional::<String>(&item, "missing").unwrap(), None);
        let error = parse::<String>(&item, "missing").unwrap_err().to_string();
        assert_eq!(error, "the stored item has no valid `missing`");
        assert!(parse_optional::<String>(&item, "odd").is_err());
    }
}

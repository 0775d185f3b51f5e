use std::{fmt, str::FromStr};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

/// An amount of money in major units (`99.99` is ninety-nine dollars and ninety-nine cents): exact,
/// never negative, at most two decimals.
///
/// In JSON it is a number. Its digits are written and parsed as text and never pass through a
/// float.
///
/// ```
/// use shared::Amount;
///
/// let price: Amount = "99.99".parse()?;
/// let total = price.times(3).expect("fits");
/// assert_eq!(total.to_string(), "299.97");
/// assert_eq!(serde_json::to_string(&total)?, "299.97");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(Decimal);

/// Why a text is not an [`Amount`].
#[derive(Debug, thiserror::Error)]
pub enum InvalidAmount {
    /// The text is not a decimal number.
    #[error("`{0}` is not a decimal number such as `99.99`")]
    NotANumber(String),
    /// Amounts are never negative.
    #[error("`{0}` is negative")]
    Negative(String),
    /// More than two decimals.
    #[error("`{0}` has more than two decimals")]
    TooManyDecimals(String),
}

impl Amount {
    /// The price of `quantity` pieces at this unit price, or `None` if it has more digits than a
    /// [`Decimal`] holds (28).
    pub fn times(self, quantity: u32) -> Option<Self> {
        self.0.checked_mul(Decimal::from(quantity)).map(Self)
    }

    /// The amount as X-Ray's annotations and CloudWatch's metrics store it. Never calculate with
    /// it.
    pub fn as_float(self) -> f64 {
        // A decimal's text is always a number, so the default is never taken.
        self.to_string().parse().unwrap_or_default()
    }
}

impl FromStr for Amount {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let number = Decimal::from_str_exact(text)
            .map_err(|_| InvalidAmount::NotANumber(text.to_owned()))?;
        if number.is_sign_negative() && !number.is_zero() {
            return Err(InvalidAmount::Negative(text.to_owned()));
        }
        if number.normalize().scale() > 2 {
            return Err(InvalidAmount::TooManyDecimals(text.to_owned()));
        }
        Ok(Self(number.abs()))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer)?.get().parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_are_amounts_and_texts_that_are_not() {
        for (text, shown) in [("99.99", "99.99"), ("5", "5.00"), ("0", "0.00"), ("1.500", "1.50")] {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), shown);
        }
        for (text, error) in [
            ("-1", "`-1` is negative"),
            ("1.001", "`1.001` has more than two decimals"),
            ("ten", "`ten` is not a decimal number such as `99.99`"),
            ("", "`` is not a decimal number such as `99.99`"),
            ("\"5\"", "`\"5\"` is not a decimal number such as `99.99`"),
        ] {
            assert_eq!(text.parse::<Amount>().unwrap_err().to_string(), error);
        }
    }

    proptest! {
        #[test]
        fn money_never_loses_a_cent(cents in 0u64..10_000_000_000, quantity in 1u32..100_000) {
            let price: Amount = format!("{}.{:02}", cents / 100, cents % 100).parse().unwrap();
            let total = price.times(quantity).unwrap();
            let expected = u128::from(cents) * u128::from(quantity);
            prop_assert_eq!(total.to_string(), format!("{}.{:02}", expected / 100, expected % 100));
            let json = serde_json::to_string(&total).unwrap();
            prop_assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), total);
        }
    }
}

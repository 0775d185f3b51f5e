/// A number of a pattern: equal to every notation of the same decimal value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Number {
    pub(super) double: f64,
    decimal: Decimal,
}

/// The most that `numeric` and `anything-but` compare with, and the most decimals
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>).
const MAX_COMPARABLE: f64 = 5_000_000_000.0;
const MAX_DECIMALS: i64 = 6;

impl Number {
    /// Reads a JSON number.
    pub(super) fn parse(text: &str) -> Self {
        Self { double: double(text), decimal: Decimal::parse(text) }
    }

    /// Reads a JSON number that a field has to be equal to: one that a double holds exactly, however large. It
    /// was observed that EventBridge refuses others where they are operands; that it does so here too is
    /// not confirmed, and a rule that is refused is noticed, while one that matches other numbers is not.
    pub(super) fn parse_exact(text: &str) -> Result<Self, String> {
        let number = Self::parse(text);
        if number.is_exact() { Ok(number) } else { Err(format!("Cannot compare number : {text}")) }
    }

    /// Reads a JSON number that `numeric` or `anything-but` compares with: one that a double holds
    /// exactly, within their limits.
    pub(super) fn parse_comparable(text: &str) -> Result<Self, String> {
        let number = Self::parse_exact(text)?;
        if number.double.abs() > MAX_COMPARABLE {
            return Err("Value must be between -5.0E9 and 5.0E9, inclusive".to_owned());
        }
        if number.decimal.decimals() > MAX_DECIMALS {
            return Err(format!("Only values upto {MAX_DECIMALS} decimals are supported"));
        }
        Ok(number)
    }

    /// Whether a number of an event, as it is written there, is the same.
    pub(super) fn equals(&self, text: &str) -> bool {
        #[expect(clippy::float_cmp, reason = "the same decimals round to the same double")]
        let close = double(text) == self.double;
        close && Decimal::parse(text) == self.decimal
    }

    /// Whether the nearest double, in its shortest notation, is this very number.
    fn is_exact(&self) -> bool {
        self.double.is_finite() && Decimal::parse(&format!("{:e}", self.double)) == self.decimal
    }
}

/// The double nearest to a JSON number; beyond the largest one infinity.
pub(super) fn double(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// A decimal number in its one normal form: `0.digits × 10^exponent`, without zeros at either end of
/// the digits. Zero has no digits and no sign.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn parse(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        // An exponent beyond 64 bits is as good as the last one that they hold.
        let digits = exponent.trim_start_matches(['-', '+']);
        let size = digits.parse::<i64>().unwrap_or(i64::MAX / 2).min(i64::MAX / 2);
        let exponent = if exponent.starts_with('-') { -size } else { size };
        let unsigned = mantissa.trim_start_matches('-');
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        if significant.is_empty() {
            return Self { is_negative: false, digits: String::new(), exponent: 0 };
        }
        let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX / 4);
        Self {
            is_negative: mantissa.starts_with('-'),
            digits: significant.trim_end_matches('0').to_owned(),
            exponent: exponent + length(whole) - (length(&all) - length(significant)),
        }
    }

    /// How many digits stand behind the point.
    fn decimals(&self) -> i64 {
        let digits = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        digits.saturating_sub(self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_equal_by_value() {
        for (one, other, equal) in [
            ("3", "3.0", true),
            ("3", "0.3e1", true),
            ("3", "30E-1", true),
            ("-0", "0", true),
            ("0", "0e7", true),
            ("-3", "3", false),
            ("1700000000000", "1.7e12", true),
            ("9007199254740993", "9007199254740992", false),
            ("0.1", "0.1000000000000000055511151231257827", false),
            ("1e309", "10e308", true),
            ("1e309", "1e310", false),
            ("1e-400", "0", false),
            ("1e99999999999999999999", "1e99999999999999999999", true),
        ] {
            assert_eq!(Number::parse(one).equals(other), equal, "{one} {other}");
        }
    }

    #[test]
    fn numbers_that_can_be_compared_with() {
        for text in
            ["0", "-0.0", "5000000000", "-5e9", "0.000001", "1.50000000", "4999999999.123457"]
        {
            assert!(Number::parse_comparable(text).is_ok(), "{text}");
        }
        for text in ["1700000000000", "-1.7e12", "0.1234567"] {
            assert!(Number::parse_exact(text).is_ok(), "{text}");
        }
        for (text, reason) in [
            ("123456789.123456789", "Cannot compare number : 123456789.123456789"),
            ("9007199254740993", "Cannot compare number : 9007199254740993"),
            ("1e309", "Cannot compare number : 1e309"),
            ("1e-400", "Cannot compare number : 1e-400"),
            ("5000000000.1", "Value must be between -5.0E9 and 5.0E9, inclusive"),
            ("-1700000000000", "Value must be between -5.0E9 and 5.0E9, inclusive"),
            ("0.1234567", "Only values upto 6 decimals are supported"),
        ] {
            assert_eq!(Number::parse_comparable(text), Err(reason.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_notation_of_a_number_never_matters(
            digits in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,9})?",
            shift in 0_usize..12,
        ) {
            let zeros = "0".repeat(shift);
            let point = if digits.contains('.') { "" } else { "." };
            let number = Number::parse(&digits);
            let padded = format!("{digits}{point}0{zeros}");
            prop_assert!(number.equals(&padded));
            let scaled = format!("{digits}e+0{zeros}");
            prop_assert!(number.equals(&scaled));
            let is_zero = digits.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
            let tenfold = format!("{digits}e1");
            prop_assert_eq!(number.equals(&tenfold), is_zero);
        }
    }
}

use std::net::IpAddr;

use serde_json::Value;

use super::pattern::{Comparison, Field, Matcher, Text, Wildcard};

/// What an object has to have.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) all_of: Vec<(String, Field)>,
    /// Each `$or`: one of its branches has to match.
    pub(super) any_of: Vec<Vec<Self>>,
}

impl Fields {
    /// Whether an object has it. Of an array one element has to have all of it: two elements that have
    /// half each do not match.
    pub(super) fn match_value(&self, value: Option<&Value>) -> bool {
        if let Some(Value::Array(items)) = value
            && !items.is_empty()
        {
            return items.iter().any(|item| self.match_value(Some(item)));
        }
        let object = value.and_then(Value::as_object);
        let found = |name: &str| object.and_then(|object| object.get(name));
        self.all_of.iter().all(|(name, field)| match field {
            Field::Nested(fields) => fields.match_value(found(name)),
            Field::Leaf(matchers) => {
                matchers.iter().any(|matcher| matcher.match_field(found(name)))
            }
        }) && self.any_of.iter().all(|branches| branches.iter().any(|b| b.match_value(value)))
    }
}

impl Matcher {
    /// Patterns see an event's leaves only: an object, and an array without elements, is as good as
    /// absent.
    fn match_field(&self, value: Option<&Value>) -> bool {
        match value {
            None | Some(Value::Object(_)) => *self == Self::Exists(false),
            Some(Value::Array(items)) if items.is_empty() => *self == Self::Exists(false),
            Some(Value::Array(items)) => items.iter().any(|item| self.match_field(Some(item))),
            Some(leaf) => self.match_leaf(leaf),
        }
    }

    fn match_leaf(&self, leaf: &Value) -> bool {
        let text = leaf.as_str();
        match self {
            Self::Exact(Value::Number(number)) => {
                leaf.as_f64().is_some_and(|leaf| number.as_f64() == Some(leaf))
            }
            Self::Exact(value) => value == leaf,
            Self::Exists(wanted) => *wanted,
            Self::AnythingBut(others) => !others.iter().any(|other| other.match_leaf(leaf)),
            Self::Prefix(prefix) => text.is_some_and(|text| prefix.starts(text)),
            Self::Suffix(suffix) => text.is_some_and(|text| suffix.ends(text)),
            Self::EqualsIgnoreCase(wanted) => {
                text.is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())
            }
            Self::Wildcard(wildcard) => text.is_some_and(|text| wildcard.matches(text)),
            Self::Numeric(comparisons) => {
                leaf.as_f64().is_some_and(|leaf| comparisons.iter().all(|(c, n)| c.holds(leaf, *n)))
            }
            Self::Cidr(network, bits) => text
                .and_then(|text| text.parse().ok())
                .is_some_and(|address| in_network(address, *network, *bits)),
        }
    }
}

impl Text {
    fn starts(&self, text: &str) -> bool {
        if self.ignore_case {
            text.to_lowercase().starts_with(&self.text.to_lowercase())
        } else {
            text.starts_with(&self.text)
        }
    }

    fn ends(&self, text: &str) -> bool {
        if self.ignore_case {
            text.to_lowercase().ends_with(&self.text.to_lowercase())
        } else {
            text.ends_with(&self.text)
        }
    }
}

impl Wildcard {
    /// The parts in their order, each at its earliest place; no backtracking is needed when the last one
    /// is tied to the end.
    fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.0.split_first() else { return false };
        let Some((last, between)) = rest.split_last() else { return text == first };
        let Some(mut text) = text.strip_prefix(first.as_str()) else { return false };
        for part in between {
            let Some(at) = text.find(part.as_str()) else { return false };
            text = &text[at + part.len()..];
        }
        text.ends_with(last.as_str())
    }
}

impl Comparison {
    fn holds(self, leaf: f64, bound: f64) -> bool {
        match self {
            #[expect(clippy::float_cmp, reason = "EventBridge compares numbers exactly too")]
            Self::Equal => leaf == bound,
            Self::Less => leaf < bound,
            Self::LessOrEqual => leaf <= bound,
            Self::Greater => leaf > bound,
            Self::GreaterOrEqual => leaf >= bound,
        }
    }
}

fn in_network(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let shift = |bits: u8, width: u8| u32::from(width - bits);
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let shift = shift(bits, 32);
            address.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let shift = shift(bits, 128);
            address.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use crate::rules::Pattern;

    fn event() -> serde_json::Value {
        json!({
            "source": "order.service",
            "detail-type": "Order Created",
            "detail": {
                "amount": 99.99, "quantity": 3, "ip": "10.0.1.7", "gift": false, "note": null,
                "file": "Image.PNG", "tags": ["new", "vip"], "none": [],
                "lines": [{"sku": "a", "ok": true}, {"sku": "b", "ok": false}],
            },
        })
    }

    #[test]
    fn patterns_and_whether_they_match() {
        for (pattern, matches) in [
            (json!({"source": ["order.service"]}), true),
            (json!({"source": ["x", "order.service"]}), true),
            (json!({"source": ["Order.Service"]}), false),
            (json!({"source": ["order.service"], "detail-type": ["Payment Failed"]}), false),
            (json!({"detail": {"quantity": [3]}}), true),
            (json!({"detail": {"quantity": [3.0]}}), true),
            (json!({"detail": {"quantity": ["3"]}}), false),
            (json!({"detail": {"gift": [false], "note": [null]}}), true),
            (json!({"detail": {"gift": [null]}}), false),
            (json!({"source": [{"prefix": "order."}]}), true),
            (json!({"source": [{"prefix": {"equals-ignore-case": "ORDER."}}]}), true),
            (json!({"source": [{"suffix": "vice"}]}), true),
            (json!({"detail": {"file": [{"suffix": {"equals-ignore-case": ".png"}}]}}), true),
            (json!({"detail": {"file": [{"suffix": ".png"}]}}), false),
            (json!({"detail": {"file": [{"equals-ignore-case": "image.png"}]}}), true),
            (json!({"detail": {"file": [{"wildcard": "Im*.P*G"}]}}), true),
            (json!({"detail": {"file": [{"wildcard": "*"}]}}), true),
            (json!({"detail": {"file": [{"wildcard": "Im*x*G"}]}}), false),
            (json!({"detail": {"file": [{"wildcard": "Image.PNG*"}]}}), true),
            (json!({"detail": {"file": [{"wildcard": "Image.PNG.*G"}]}}), false),
            (json!({"detail": {"amount": [{"numeric": [">", 0, "<=", 99.99]}]}}), true),
            (json!({"detail": {"amount": [{"numeric": ["<", 99.99]}]}}), false),
            (json!({"detail": {"quantity": [{"numeric": ["=", 3]}]}}), true),
            (json!({"detail": {"file": [{"numeric": ["=", 3]}]}}), false),
            (json!({"detail": {"ip": [{"cidr": "10.0.0.0/16"}]}}), true),
            (json!({"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}), false),
            (json!({"detail": {"ip": [{"cidr": "0.0.0.0/0"}]}}), true),
            (json!({"detail": {"ip": [{"cidr": "::/0"}]}}), false),
            (json!({"detail": {"ip": [{"exists": true}]}}), true),
            (json!({"detail": {"missing": [{"exists": false}]}}), true),
            (json!({"detail": {"missing": [{"exists": true}]}}), false),
            (json!({"detail": {"missing": [null]}}), false),
            (json!({"detail": {"none": [{"exists": false}]}}), true),
            (json!({"detail": [{"exists": true}]}), false),
            (json!({"absent": {"deep": [{"exists": false}]}}), true),
            (json!({"source": [{"anything-but": "x"}]}), true),
            (json!({"source": [{"anything-but": ["x", "order.service"]}]}), false),
            (json!({"detail": {"quantity": [{"anything-but": 3}]}}), false),
            (json!({"detail": {"quantity": [{"anything-but": [1, 2]}]}}), true),
            (json!({"detail": {"missing": [{"anything-but": "x"}]}}), false),
            (json!({"source": [{"anything-but": {"prefix": "order"}}]}), false),
            (json!({"source": [{"anything-but": {"prefix": ["a", "b"]}}]}), true),
            (json!({"source": [{"anything-but": {"suffix": ".service"}}]}), false),
            (json!({"source": [{"anything-but": {"wildcard": "*.s*"}}]}), false),
            (
                json!({"source": [{"anything-but": {"equals-ignore-case": ["ORDER.SERVICE"]}}]}),
                false,
            ),
            (json!({"detail": {"tags": ["vip"]}}), true),
            (json!({"detail": {"tags": ["old"]}}), false),
            (json!({"detail": {"tags": [{"anything-but": "vip"}]}}), true),
            (json!({"detail": {"lines": {"sku": ["a"], "ok": [true]}}}), true),
            // Both are there, but not in the same element.
            (json!({"detail": {"lines": {"sku": ["a"], "ok": [false]}}}), false),
            (json!({"$or": [{"source": ["x"]}, {"detail": {"quantity": [3]}}]}), true),
            (json!({"$or": [{"source": ["x"]}, {"source": ["y"]}]}), false),
            (json!({"source": ["order.service"], "$or": [{"a": ["b"]}, {"c": ["d"]}]}), false),
            (json!({"detail": {"$or": [{"quantity": [1]}, {"gift": [false]}]}}), true),
        ] {
            let read = Pattern::from_value(&pattern).unwrap();
            assert_eq!(read.matches(&event()), matches, "{pattern}");
        }
    }

    #[test]
    fn patterns_that_are_refused() {
        for pattern in [
            "",
            "[]",
            "\"x\"",
            "{}",
            r#"{"source":[]}"#,
            r#"{"source":"x"}"#,
            r#"{"source":null}"#,
            r#"{"source":{}}"#,
            r#"{"source":[["x"]]}"#,
            r#"{"source":[{}]}"#,
            r#"{"source":[{"prefix":"a","suffix":"b"}]}"#,
            r#"{"source":[{"regex":"a"}]}"#,
            r#"{"source":[{"prefix":1}]}"#,
            r#"{"source":[{"prefix":""}]}"#,
            r#"{"source":[{"prefix":{"wildcard":"a"}}]}"#,
            r#"{"source":[{"exists":"yes"}]}"#,
            r#"{"source":[{"wildcard":"a**b"}]}"#,
            r#"{"source":[{"wildcard":"a\\b"}]}"#,
            r#"{"source":[{"numeric":[]}]}"#,
            r#"{"source":[{"numeric":["=="," 1"]}]}"#,
            r#"{"source":[{"numeric":["<",1,">",2]}]}"#,
            r#"{"source":[{"numeric":[">",2,"<",1]}]}"#,
            r#"{"source":[{"numeric":["="]}]}"#,
            r#"{"source":[{"numeric":["=",6000000000]}]}"#,
            r#"{"source":[{"cidr":"10.0.0.0"}]}"#,
            r#"{"source":[{"cidr":"10.0.0.0/33"}]}"#,
            r#"{"source":[{"anything-but":[]}]}"#,
            r#"{"source":[{"anything-but":["a",1]}]}"#,
            r#"{"source":[{"anything-but":true}]}"#,
            r#"{"source":[{"anything-but":{"cidr":"::/0"}}]}"#,
            r#"{"source":[{"anything-but":{"prefix":{"equals-ignore-case":"a"}}}]}"#,
            r#"{"$or":[{"source":["x"]}]}"#,
            r#"{"$or":[]}"#,
        ] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
        assert!(Pattern::parse(&format!(r#"{{"source":["{}"]}}"#, "x".repeat(2048))).is_err());
    }

    /// A naive reading: try every way to cut the text.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|cut| naive(rest, &text[cut..])),
            Some((first, rest)) => {
                text.split_first().is_some_and(|(head, tail)| head == first && naive(rest, tail))
            }
        }
    }

    proptest! {
        #[test]
        fn wildcards_agree_with_a_naive_reading(pattern in "[ab*]{0,6}", text in "[ab]{0,8}") {
            prop_assume!(!pattern.contains("**"));
            let read = Pattern::from_value(&json!({"t": [{"wildcard": pattern}]})).unwrap();
            prop_assert_eq!(
                read.matches(&json!({"t": text})),
                naive(pattern.as_bytes(), text.as_bytes())
            );
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            let _outcome = Pattern::parse(&text);
        }
    }
}

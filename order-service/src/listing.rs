use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lambda_http::aws_lambda_events::query_map::QueryMap;
use shared::OrderId;

use crate::request::{InvalidField, InvalidRequest};

/// How many orders a page has at most, and has by default.
const MAX_LIMIT: i32 = 100;
const DEFAULT_LIMIT: i32 = 20;

/// Which of a customer's orders are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) limit: i32,
    /// The last order of the page before.
    pub(crate) after: Option<OrderId>,
}

impl Listing {
    /// Parses `limit` and `next` of the query. The error names every invalid one.
    pub(crate) fn parse(query: &QueryMap) -> Result<Self, InvalidRequest> {
        let mut invalid = Vec::new();
        let limit = match query.first("limit").map(str::parse) {
            None => DEFAULT_LIMIT,
            Some(Ok(limit @ 1..=MAX_LIMIT)) => limit,
            Some(_) => {
                let reason = format!("must be a whole number from 1 to {MAX_LIMIT}");
                invalid.push(InvalidField { field: "limit", reason });
                DEFAULT_LIMIT
            }
        };
        let after = query.first("next").map(decode);
        if after == Some(None) {
            let reason = "must be the `next` of the page before".to_owned();
            invalid.push(InvalidField { field: "next", reason });
        }
        if !invalid.is_empty() {
            return Err(InvalidRequest::Fields(invalid));
        }
        Ok(Self { limit, after: after.flatten() })
    }
}

/// The cursor of the page that starts after `order_id`. Clients must not read anything into it.
pub(crate) fn encode(order_id: &OrderId) -> String {
    URL_SAFE_NO_PAD.encode(order_id.as_str())
}

fn decode(cursor: &str) -> Option<OrderId> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    String::from_utf8(bytes).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Listing, InvalidRequest> {
        Listing::parse(&query.parse().unwrap())
    }

    #[test]
    fn pages_have_a_size_and_a_beginning() {
        let order_id: OrderId = "ord_1".parse().unwrap();
        assert_eq!(parse("").unwrap(), Listing { limit: 20, after: None });
        let query = format!("limit=100&next={}", encode(&order_id));
        assert_eq!(parse(&query).unwrap(), Listing { limit: 100, after: Some(order_id) });
    }

    #[test]
    fn invalid_pages_are_refused() {
        for (query, names) in [
            ("limit=0", &["limit"][..]),
            ("limit=101", &["limit"]),
            ("limit=ten", &["limit"]),
            ("next=", &["next"]),
            ("next=b3Jk", &["next"]),
            ("limit=-1&next=%20", &["limit", "next"]),
        ] {
            let Err(InvalidRequest::Fields(fields)) = parse(query) else { panic!("{query}") };
            let invalid: Vec<_> = fields.iter().map(|invalid| invalid.field).collect();
            assert_eq!(invalid, names, "{query}");
        }
    }
}

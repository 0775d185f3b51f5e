use std::fmt::Write;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use shared::{OrderId, item::InvalidItem};

use crate::{order::Order, request::InvalidField};

/// The longest idempotency key, in characters.
const MAX_LENGTH: usize = 255;

/// A client's `Idempotency-Key`, and what it was sent with
/// (<https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The hash of the key.
    pub(crate) hash: String,
    /// The hash of what is ordered: a key is good for one request.
    pub(crate) fingerprint: String,
}

/// A key that a request was sent with before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsedKey {
    pub(crate) fingerprint: String,
    /// The order that was placed.
    pub(crate) order_id: OrderId,
    /// Until when that request may be under way.
    pub(crate) in_flight_until: DateTime<Utc>,
    /// How it was answered, once it was.
    pub(crate) answered: Option<Answered>,
}

/// How a request that placed an order was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// `201`: the order is stored and published.
    Created,
    /// `202`: it is stored, and will be published.
    Accepted,
}

impl Key {
    /// The key `bytes` of a request for `order`. Only the characters are allowed that the draft's strings
    /// may have: other bytes may be replaced on the way here, so that different keys become the same.
    pub(crate) fn new(bytes: &[u8], order: &Order) -> Result<Self, InvalidField> {
        let is_printable = bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
        if bytes.is_empty() || bytes.len() > MAX_LENGTH || !is_printable {
            let reason = format!("must have 1 to {MAX_LENGTH} printable ASCII characters");
            return Err(InvalidField { field: "Idempotency-Key", reason });
        }
        let created = &order.created;
        let method = created.payment_method.as_ref().map(ToString::to_string);
        // None of the three may contain a line end.
        let request =
            format!("{}\n{}\n{}", created.product_id, created.quantity, method.unwrap_or_default());
        Ok(Self { hash: sha256(bytes), fingerprint: sha256(request.as_bytes()) })
    }
}

impl UsedKey {
    /// Whether the request may still be under way at `now`.
    pub(crate) fn is_in_flight(&self, now: DateTime<Utc>) -> bool {
        self.answered.is_none() && self.in_flight_until >= now
    }
}

impl Answered {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Accepted => "accepted",
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, InvalidItem> {
        match text {
            "created" => Ok(Self::Created),
            "accepted" => Ok(Self::Accepted),
            _ => Err(InvalidItem("answered")),
        }
    }
}

/// The SHA-256 of `bytes` in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing into a string cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::store::tests::order;

    #[test]
    fn keys_differ_by_their_bytes_and_requests_by_what_is_ordered() {
        let first = order();
        let key = |bytes: &[u8]| Key::new(bytes, &first).unwrap();
        assert_eq!(key(b"k"), key(b"k"));
        assert_ne!(key(b"k").hash, key(b"K").hash);
        let mut other = first.clone();
        other.created.order_id = "ord_2".parse().unwrap();
        assert_eq!(Key::new(b"k", &other).unwrap(), key(b"k"), "the id is ours");
        other.created.quantity += 1;
        assert_ne!(Key::new(b"k", &other).unwrap().fingerprint, key(b"k").fingerprint);
        for bytes in [&b""[..], &[b'k'; 256], b"\xff", "\u{fffd}".as_bytes(), b"a\tb", b"\x7f"] {
            assert_eq!(Key::new(bytes, &first).unwrap_err().field, "Idempotency-Key");
        }
    }

    #[test]
    fn a_request_is_in_flight_until_it_is_answered_or_its_time_is_over() {
        let now = DateTime::UNIX_EPOCH;
        let used = |milliseconds, answered| UsedKey {
            fingerprint: String::new(),
            order_id: "ord_1".parse().unwrap(),
            in_flight_until: now + TimeDelta::milliseconds(milliseconds),
            answered,
        };
        assert!(used(1, None).is_in_flight(now));
        assert!(!used(-1, None).is_in_flight(now));
        assert!(!used(1, Some(Answered::Created)).is_in_flight(now));
    }

    #[test]
    fn the_hash_is_sha_256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
    }
}

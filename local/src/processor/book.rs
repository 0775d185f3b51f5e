use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

/// The charges by idempotency key.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<BTreeMap<String, Entry>>);

/// What is to be charged.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Charge {
    amount: String,
    currency: String,
    pub(super) method: Option<String>,
}

/// What is known of a key.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    key: String,
    status: Status,
    #[serde(flatten)]
    charge: Option<Charge>,
    /// How often the charge was asked for.
    requests: u32,
    is_refunded: bool,
    /// The trace header of the first request.
    trace: Option<String>,
}

/// A verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Approved,
    Declined,
    Cancelled,
}

/// What came of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Refund {
    Refunded,
    NothingCharged,
}

/// The verdict about a charge, and whether it was asked for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: Status,
    pub(super) is_first: bool,
}

/// The key is that of another charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyReused;

impl Book {
    /// Charges once a key; the key's verdict never changes.
    pub(super) fn charge(
        &self,
        key: &str,
        charge: Charge,
        trace: Option<String>,
    ) -> Result<Answer, KeyReused> {
        let mut entries = self.lock();
        let status = match charge.method.as_deref() {
            None | Some("card_ok" | "card_slow" | "card_timeout" | "card_twice") => {
                Status::Approved
            }
            Some(_) => Status::Declined,
        };
        let entry = entries.entry(key.to_owned()).or_insert_with(|| Entry::new(key, status));
        if entry.charge.as_ref().is_some_and(|known| *known != charge) {
            return Err(KeyReused);
        }
        entry.requests += 1;
        let is_first = entry.charge.is_none() && entry.status != Status::Cancelled;
        if is_first {
            entry.trace = trace;
        }
        entry.charge = Some(charge);
        Ok(Answer { status: entry.status, is_first })
    }

    /// Gives back what was charged. A key that was never charged never will be.
    pub(super) fn refund(&self, key: &str) -> Refund {
        let mut entries = self.lock();
        let void = || Entry::new(key, Status::Cancelled);
        let entry = entries.entry(key.to_owned()).or_insert_with(void);
        if entry.status == Status::Approved {
            entry.is_refunded = true;
            Refund::Refunded
        } else {
            Refund::NothingCharged
        }
    }

    /// Everything, by key.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn new(key: &str, status: Status) -> Self {
        let key = key.to_owned();
        Self { key, status, charge: None, requests: 0, is_refunded: false, trace: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(method: &str) -> Charge {
        let (amount, currency) = ("1.00".to_owned(), "USD".to_owned());
        Charge { amount, currency, method: Some(method.to_owned()) }
    }

    #[test]
    fn one_key_is_one_charge_and_one_refund() {
        let book = Book::default();
        for (key, method, status, refund) in [
            ("1", "card_ok", Status::Approved, Refund::Refunded),
            ("2", "card_declined", Status::Declined, Refund::NothingCharged),
        ] {
            for is_first in [true, false] {
                let answer = book.charge(key, charge(method), None);
                assert_eq!(answer, Ok(Answer { status, is_first }), "{method}");
            }
            assert_eq!([book.refund(key), book.refund(key)], [refund; 2], "{method}");
            // The verdict stays, refunded or not.
            let again = book.charge(key, charge(method), None);
            assert_eq!(again, Ok(Answer { status, is_first: false }), "{method}");
            assert_eq!(book.charge(key, charge("card_slow"), None), Err(KeyReused));
        }
    }

    #[test]
    fn a_refund_of_nothing_voids_the_key() {
        let book = Book::default();
        assert_eq!(book.refund("1"), Refund::NothingCharged);
        let answer = book.charge("1", charge("card_timeout"), None);
        assert_eq!(answer, Ok(Answer { status: Status::Cancelled, is_first: false }));
        assert_eq!(book.refund("1"), Refund::NothingCharged);
    }
}

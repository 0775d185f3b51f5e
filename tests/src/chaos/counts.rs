use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use local::Line;

use crate::books::Books;

/// What the functions count and log.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// How often a fact of an order was counted, by metric.
    facts: BTreeMap<(&'static str, String), usize>,
    failed_invocations: usize,
    /// Why, with the function and without the order.
    reasons: BTreeMap<String, usize>,
    panics: usize,
    met_claims: usize,
}

/// How far the metrics are from the facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Facts that were counted more often than they are.
    pub(super) over: usize,
    /// Facts that nobody counted.
    pub(super) lost: usize,
    /// All facts.
    pub(super) facts: usize,
}

/// How many reasons are shown.
const REASONS: usize = 5;

/// The metrics that count facts.
const METRICS: [&str; 8] = [
    "OrdersCreated",
    "PaymentsProcessed",
    "PaymentsFailed",
    "PaymentsRefunded",
    "Reservations",
    "StockOuts",
    "ReservationsReleased",
    "NotificationsSent",
];

impl Counts {
    /// Reads a log line.
    pub(super) fn add(&self, line: &Line) {
        let mut inner = self.inner();
        if line.is_metrics() {
            let fields = || line.fields.split(' ').filter_map(|field| field.split_once('='));
            let order = fields().find(|(name, _)| *name == "order_id").map(|(_, order)| order);
            for (name, value) in fields() {
                let metric = METRICS.iter().find(|metric| **metric == name);
                if let (Some(metric), Some(order)) = (metric, order) {
                    let count = inner.facts.entry((metric, order.to_owned())).or_default();
                    *count += value.parse::<usize>().unwrap_or_default();
                }
            }
        } else if line.message == "the invocation failed" {
            inner.failed_invocations += 1;
            let reason = format!("{}: {}", line.function, without_ids(&line.fields));
            *inner.reasons.entry(reason).or_default() += 1;
        } else if line.message.contains("panicked") {
            inner.panics += 1;
        } else if line.message.starts_with("another ") {
            inner.met_claims += 1;
        }
    }

    pub(super) fn failed_invocations(&self) -> usize {
        self.inner().failed_invocations
    }

    /// The most frequent reasons why invocations failed.
    pub(super) fn reasons(&self) -> Vec<(String, usize)> {
        let mut reasons: Vec<_> = self.inner().reasons.clone().into_iter().collect();
        reasons.sort_by_key(|(_, count)| Reverse(*count));
        reasons.truncate(REASONS);
        reasons
    }

    pub(super) fn panics(&self) -> usize {
        self.inner().panics
    }

    pub(super) fn met_claims(&self) -> usize {
        self.inner().met_claims
    }

    /// Compares what was counted with what the tables say.
    pub(super) fn compare(&self, books: &Books) -> Difference {
        let facts = facts(books);
        let inner = self.inner();
        let over = inner
            .facts
            .iter()
            .map(|(fact, count)| count.saturating_sub(usize::from(facts.contains(fact))));
        let lost = facts.iter().filter(|fact| !inner.facts.contains_key(*fact));
        Difference { over: over.sum(), lost: lost.count(), facts: facts.len() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error that a log line has, without what differs from order to order.
fn without_ids(fields: &str) -> String {
    let error = fields.split_once("error=").map_or(fields, |(_, error)| error);
    let words = error.split(' ').filter(|word| !word.contains("ord_") && !word.contains('='));
    words.collect::<Vec<_>>().join(" ")
}

/// Everything that became true, by the metric that counts it.
fn facts(books: &Books) -> BTreeSet<(&'static str, String)> {
    let mut facts = BTreeSet::new();
    facts.extend(books.orders.keys().map(|order| ("OrdersCreated", order.clone())));
    for (order, payment) in &books.payments {
        match payment.decision.as_str() {
            "charged" => facts.insert(("PaymentsProcessed", order.clone())),
            "declined" | "limit_exceeded" => facts.insert(("PaymentsFailed", order.clone())),
            _ => continue,
        };
        if payment.is_refunded {
            facts.insert(("PaymentsRefunded", order.clone()));
        }
    }
    for (order, reservation) in &books.reservations {
        match reservation.decision.as_str() {
            "reserved" => facts.insert(("Reservations", order.clone())),
            "insufficient" => facts.insert(("StockOuts", order.clone())),
            _ => continue,
        };
        if reservation.is_released {
            facts.insert(("ReservationsReleased", order.clone()));
        }
    }
    facts.extend(books.notified.iter().map(|order| ("NotificationsSent", order.clone())));
    facts
}

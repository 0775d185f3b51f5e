use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use super::{
    Chaos,
    charges::{audit_charges, charges},
    client::{Answer, Experience},
    counts::{Counts, Difference},
    healing::Healed,
};
use crate::{audit::Violation, books::Books, seen::Seen, world::World};

/// How long log lines may take that a function wrote before it responded.
const READING: Duration = Duration::from_secs(2);
/// How many broken laws are shown with the order's trace.
const SHOWN: usize = 3;

/// What came of many orders while everything failed.
#[derive(Debug)]
pub struct Report {
    chaos: Chaos,
    rows: Vec<Row>,
    injected: BTreeMap<&'static str, u64>,
    violations: Vec<Violation>,
    waterfalls: Vec<String>,
    /// Why invocations failed, the most frequent reasons.
    reasons: Vec<(String, usize)>,
    ordered: Duration,
    took: Duration,
}

/// How often something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    what: &'static str,
    count: usize,
    allowed: Allowed,
}

/// When something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    Never,
    /// Only if there are faults.
    WithFaults,
    /// It is only reported.
    Always,
}

impl Report {
    pub(super) async fn new(
        chaos: Chaos,
        world: &World,
        experiences: &[Experience],
        counts: &Counts,
        injected: BTreeMap<&'static str, u64>,
        healed: Healed,
    ) -> Self {
        let books = world.books().await;
        let charges = charges(world).await;
        let counted = counted(counts, &books).await;
        let mut violations = books.audit();
        violations.extend(audit_charges(&books, &charges));
        let mut clients = Clients::default();
        for experience in experiences {
            clients.add(experience, &books, &mut violations);
        }
        let waterfalls = waterfalls(world, &books, &violations).await;
        let notified = books.notifications.values().filter(|sent| sent.len() > 1).count();
        let asked = charges.values().filter(|charge| charge.requests > 1).count();
        let rows = [
            ("clients", experiences.len(), Allowed::Always),
            ("orders", books.orders.len(), Allowed::Always),
            ("accepted orders that are lost", clients.lost, Allowed::Never),
            ("kept orders that are never published", unpublished(&books), Allowed::Never),
            ("published again by the sweep", healed.never_published, Allowed::WithFaults),
            (
                "refused with `503`, ordered anew without a key, both real",
                clients.twice,
                Allowed::Never,
            ),
            ("refused at every try, and real all the same", clients.refused, Allowed::Never),
            ("one key, more than one order", clients.keys, Allowed::Never),
            ("responses that no client expects", clients.unexpected, Allowed::Never),
            ("customers notified more than once", notified, Allowed::Never),
            ("facts counted more than once", counted.over, Allowed::Never),
            ("facts", counted.facts, Allowed::Always),
            ("facts not counted", counted.lost, Allowed::WithFaults),
            ("charges asked for more than once", asked, Allowed::WithFaults),
            ("deliveries that met a claim", counts.met_claims(), Allowed::Always),
            ("invocations that failed", counts.failed_invocations(), Allowed::WithFaults),
            ("panics", counts.panics(), Allowed::Never),
            ("dead letters redriven", healed.redriven, Allowed::WithFaults),
            ("dead letters left", healed.dead_letters, Allowed::Never),
            ("open orders when the faults were over", healed.open, Allowed::WithFaults),
            (
                "broken laws of money, stock, notifications and ends",
                violations.len(),
                Allowed::Never,
            ),
        ];
        let rows = rows.map(|(what, count, allowed)| Row { what, count, allowed }).into();
        let (ordered, took) = Default::default();
        let reasons = counts.reasons();
        Self { chaos, rows, injected, violations, waterfalls, reasons, ordered, took }
    }

    pub(super) fn with_times(self, ordered: Duration, took: Duration) -> Self {
        Self { ordered, took, ..self }
    }

    /// Whether everything that may not happen did not happen.
    pub fn is_clean(&self) -> bool {
        self.broken().next().is_none()
    }

    /// Adds what came of other orders.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.chaos.orders += other.chaos.orders;
        for (row, more) in self.rows.iter_mut().zip(&other.rows) {
            row.count += more.count;
        }
        for (kind, count) in other.injected {
            *self.injected.entry(kind).or_default() += count;
        }
        self.violations.extend(other.violations);
        self.waterfalls.extend(other.waterfalls);
        self.reasons.extend(other.reasons);
        self.ordered += other.ordered;
        self.took += other.took;
        self
    }

    fn broken(&self) -> impl Iterator<Item = &Row> {
        let has_faults = self.chaos.percent > 0.0;
        self.rows.iter().filter(move |row| {
            let is_allowed = match row.allowed {
                Allowed::Never => false,
                Allowed::WithFaults => has_faults,
                Allowed::Always => true,
            };
            row.count > 0 && !is_allowed
        })
    }
}

/// Everything, with the laws that are broken.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Chaos { orders, percent, seed, .. } = self.chaos;
        writeln!(
            f,
            "{orders} orders, {percent} % faults, seed {seed}, {:.1?} until all were placed, {:.1?} in all",
            self.ordered, self.took
        )?;
        f.write_str(&table(&[self]))?;
        for row in self.broken() {
            writeln!(f, "broken: {}: {} (seed {seed})", row.what, row.count)?;
        }
        for (reason, count) in &self.reasons {
            writeln!(f, "failed {count} times: {reason}")?;
        }
        for violation in &self.violations {
            writeln!(f, "broken: {violation}")?;
        }
        self.waterfalls.iter().try_for_each(|waterfall| writeln!(f, "\n{waterfall}"))
    }
}

/// What came of several runs, as a table in Markdown.
pub fn table(reports: &[&Report]) -> String {
    let line = |name: &str, cells: Vec<String>| format!("| {name} | {} |\n", cells.join(" | "));
    let cells =
        |cell: &dyn Fn(&Report) -> String| reports.iter().map(|report| cell(report)).collect();
    let mut text = line("at", cells(&|report| format!("{} %", report.chaos.percent)));
    text += &line("---", cells(&|_| "---".to_owned()));
    for (number, row) in reports.first().map_or(&[][..], |first| &first.rows).iter().enumerate() {
        text += &line(row.what, cells(&|report| report.rows[number].count.to_string()));
    }
    let kinds: BTreeSet<_> = reports.iter().flat_map(|report| report.injected.keys()).collect();
    let injected = |report: &Report, kind| report.injected.get(kind).copied().unwrap_or_default();
    for kind in kinds {
        text +=
            &line(&format!("faults: {kind}"), cells(&|report| injected(report, kind).to_string()));
    }
    text
}

fn unpublished(books: &Books) -> usize {
    let is_unknown = |order: &&String| {
        !books.payments.contains_key(*order) && !books.reservations.contains_key(*order)
    };
    books.orders.keys().filter(is_unknown).count()
}

/// Reads what the functions counted. They write it before they respond, and it is read a little later.
async fn counted(counts: &Counts, books: &Books) -> Difference {
    let complete = async {
        loop {
            let difference = counts.compare(books);
            if difference.lost == 0 {
                return difference;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(READING, complete).await.unwrap_or_else(|_| counts.compare(books))
}

/// Answers to clients that are not true.
#[derive(Debug, Default)]
struct Clients {
    lost: usize,
    twice: usize,
    refused: usize,
    keys: usize,
    unexpected: usize,
}

impl Clients {
    fn add(&mut self, experience: &Experience, books: &Books, violations: &mut Vec<Violation>) {
        let Experience { customer, has_key, answers } = experience;
        let of_customer =
            |(_, order): &(&String, &crate::books::Order)| order.customer == *customer;
        let real: BTreeSet<_> = books.orders.iter().filter(of_customer).map(|(id, _)| id).collect();
        let placed: BTreeSet<_> = answers
            .iter()
            .filter_map(
                |answer| if let Answer::Placed(order) = answer { Some(order) } else { None },
            )
            .collect();
        let mut broken = |count: &mut usize, law| {
            *count += 1;
            let subject = real.first().map_or(customer.clone(), |order| (*order).clone());
            let found = format!("{real:?}, {answers:?}");
            violations.push(Violation { subject, law, found });
        };
        if !placed.is_subset(&real) {
            broken(&mut self.lost, "an accepted order is kept");
        }
        if answers.iter().any(|answer| matches!(answer, Answer::Unexpected(_))) {
            broken(&mut self.unexpected, "a client is answered what it can do something with");
        }
        let extra = real.difference(&placed).count();
        // A client that does not know may have ordered.
        let is_sure =
            answers.iter().all(|answer| matches!(answer, Answer::Placed(_) | Answer::Refused(_)));
        if *has_key && real.len() > 1 {
            broken(&mut self.keys, "one key is one order");
        } else if extra > 0 && is_sure {
            let count = if placed.is_empty() { &mut self.refused } else { &mut self.twice };
            broken(count, "a refused order is none");
        }
    }
}

/// The traces of the first orders that break a law.
async fn waterfalls(world: &World, books: &Books, violations: &[Violation]) -> Vec<String> {
    let subjects: BTreeSet<_> = violations.iter().map(|violation| &violation.subject).collect();
    let orders = subjects
        .into_iter()
        .filter_map(|subject| Some((subject, books.orders.get(subject)?.trace.as_ref()?)));
    let mut waterfalls = Vec::new();
    for (order, trace) in orders.take(SHOWN) {
        let response = world.xray.batch_get_traces().trace_ids(trace).send().await;
        let response = response.expect("X-Ray responds");
        let shown = response.traces().first().map(|trace| Seen::of(trace).waterfall());
        let shown = shown.unwrap_or_else(|| "its trace is not kept any more\n".to_owned());
        waterfalls.push(format!("order {order}, {shown}"));
    }
    waterfalls
}

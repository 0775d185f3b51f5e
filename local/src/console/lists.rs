use serde::Serialize;

use super::{Console, query::Query};
use crate::{
    events::EventRecord,
    lambda::RunRecord,
    logs::Line,
    ring_buffer::{Cut, Page},
    sns::Notification,
    sqs::Message,
};

/// What was published, logged and run in the time that is asked for, newest first, as far as the page shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lists {
    #[serde(skip_serializing_if = "Option::is_none")]
    notifications: Option<List<Notification>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_letters: Option<List<Message>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<List<EventRecord>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logs: Option<List<Line>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invocations: Option<List<RunRecord>>,
}

/// A page of a list.
#[derive(Serialize)]
struct List<T> {
    rows: Vec<Row<T>>,
    /// How many there are on all pages.
    count: usize,
    /// How many are kept, of any time.
    kept: usize,
    /// How many are on the pages before.
    offset: usize,
    /// After which entry the page before begins.
    newer: Option<String>,
}

/// An entry of a list.
#[derive(Serialize)]
struct Row<T> {
    /// What distinguishes it from the others of its list.
    key: String,
    /// Whether its trace can be looked at.
    traced: bool,
    #[serde(flatten)]
    entry: T,
}

impl Console {
    pub(super) fn lists(&self, query: &Query) -> Lists {
        let services = &self.services;
        let cut = query.cut();
        Lists {
            notifications: query.shows("notifications").then(|| {
                let sent = services.sns.page(&cut);
                self.list(sent, |notification| notification.trace_id.as_deref())
            }),
            dead_letters: query.shows("dead-letters").then(|| {
                // They wait until somebody handles them, however long ago they came.
                let always = Cut { range: 0.0..f64::INFINITY, ..cut.clone() };
                let letters = services.queues.page(&always);
                self.list(letters, |letter| letter.trace_id.as_deref())
            }),
            events: query
                .shows("events")
                .then(|| self.list(services.buses.page(&cut), |event| event.trace_id.as_deref())),
            logs: query
                .shows("logs")
                .then(|| self.list(services.logs.page(&cut), |line| line.trace_id.as_deref())),
            invocations: query
                .shows("invocations")
                .then(|| self.list(services.lambda.history.page(&cut), |run| Some(&run.trace_id))),
        }
    }

    fn list<T>(&self, page: Page<T>, trace: impl Fn(&T) -> Option<&str>) -> List<T> {
        let Page { rows, count, kept, offset, newer } = page;
        let row = |(key, entry)| Row { key, traced: self.is_traced(trace(&entry)), entry };
        List { rows: rows.into_iter().map(row).collect(), count, kept, offset, newer }
    }
}

use serde::Serialize;

use super::{Console, query::Query};
use crate::{events::EventRecord, lambda::RunRecord, logs::Line, sns::Notification, sqs::Message};

/// What was published, logged and run, newest first, as far as the page shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lists {
    #[serde(skip_serializing_if = "Option::is_none")]
    notifications: Option<Vec<Row<Notification>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_letters: Option<Vec<Row<Message>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<Row<EventRecord>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logs: Option<Vec<Row<Line>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invocations: Option<Vec<Row<RunRecord>>>,
}

/// An entry of a list.
#[derive(Serialize)]
struct Row<T> {
    /// Whether its trace can be looked at.
    traced: bool,
    #[serde(flatten)]
    entry: T,
}

impl Console {
    pub(super) fn lists(&self, query: &Query) -> Lists {
        let services = &self.services;
        let rows = query.rows;
        Lists {
            notifications: query.shows("notifications").then(|| {
                let sent = services.sns.published(rows);
                self.rows(sent, |notification| notification.trace_id.as_deref())
            }),
            dead_letters: query.shows("dead-letters").then(|| {
                let letters = services.queues.dead_letters(rows);
                self.rows(letters, |letter| letter.trace_id.as_deref())
            }),
            events: query
                .shows("events")
                .then(|| self.rows(services.buses.latest(rows), |event| event.trace_id.as_deref())),
            logs: query.shows("logs").then(|| {
                let lines = services.logs.latest(rows, |line| !line.is_metrics());
                self.rows(lines, |line| line.trace_id.as_deref())
            }),
            invocations: query.shows("invocations").then(|| {
                self.rows(services.lambda.history.latest(rows), |run| Some(&run.trace_id))
            }),
        }
    }

    fn rows<T>(&self, entries: Vec<T>, trace: impl Fn(&T) -> Option<&str>) -> Vec<Row<T>> {
        let row = |entry| Row { traced: self.is_traced(trace(&entry)), entry };
        entries.into_iter().map(row).collect()
    }
}

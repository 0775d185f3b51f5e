//! The page that shows it all, and the data behind it. The page has no build step and needs nothing from the
//! network.

/// Faults on purpose.
mod faults;
/// The page's files.
mod files;
/// What was logged, published and run, traced or not.
mod lists;
/// What a request asks for.
mod query;
/// JSON and entity tags.
mod response;
/// A node or an edge of the map.
mod subject;
/// One trace.
mod trace;
/// The list of traces and the map.
mod traces;

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, Uri};
use serde::Serialize;
use serde_json::{Value, json};

use self::{
    query::Query,
    response::{Tagged, json_response},
};
use crate::{services::Services, wire::HttpResponse};

/// The page, and the data behind it.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    /// The services that it shows.
    pub(crate) services: Arc<Services>,
    /// The URL of the REST API.
    pub(crate) api: String,
    /// A command to try the template with.
    pub(crate) test_command: Option<String>,
}

impl Console {
    /// Handles a request of a browser.
    pub(crate) async fn handle(&self, uri: &Uri, headers: &HeaderMap) -> HttpResponse {
        if let Some(file) = files::find(uri.path()) {
            return file;
        }
        if uri.path() == "/console/faults" {
            return json_response(StatusCode::OK, &self.faults());
        }
        let (console, uri, headers) = (self.clone(), uri.clone(), headers.clone());
        // Putting thousands of traces together is no work for an async worker.
        let data = tokio::task::spawn_blocking(move || console.data(&uri, &headers)).await;
        data.unwrap_or_else(|_panic| {
            let message = json!({ "message": "the answer could not be made; this is an error of `cargo local`" });
            json_response(StatusCode::INTERNAL_SERVER_ERROR, &message)
        })
    }

    fn data(&self, uri: &Uri, headers: &HeaderMap) -> HttpResponse {
        let query = Query::parse(uri.query().unwrap_or_default());
        let tagged =
            Tagged::new(headers, &format!("{uri} {} {}", self.revision(), query.range.start));
        if let Some(response) = tagged.unchanged() {
            return response;
        }
        match uri.path() {
            "/console/state" => tagged.respond(&self.state(&query)),
            "/console/subject" => match query.subject() {
                Some(subject) => tagged.respond(&self.subject(&query, &subject)),
                None => not_found("the query names no node: `name`, and `type` if it has one"),
            },
            path => {
                let id = path.strip_prefix("/console/traces/");
                match id.and_then(|id| self.services.traces.trace(id)) {
                    Some(trace) => tagged.respond(&self.trace(&trace)),
                    None => not_found("there is nothing here"),
                }
            }
        }
    }

    /// Changes whenever something of what is shown may have changed.
    fn revision(&self) -> String {
        let Services { traces, logs, buses, sns, lambda, queues, schedules, .. } = &*self.services;
        let traces = *traces.watch().borrow();
        let letters = (
            queues.dead_letter_count(),
            queues.dead_letters(1, |_| true).pop().map(|letter| letter.id),
        );
        let fired: u64 = schedules.states().iter().map(|schedule| schedule.count).sum();
        let revisions = [
            traces,
            logs.revision(),
            buses.revision(),
            sns.revision(),
            lambda.history.revision(),
            fired,
        ];
        format!("{revisions:?} {letters:?}")
    }

    fn state(&self, query: &Query) -> impl Serialize + use<> {
        let functions = self.services.lambda.functions();
        let mut rest = json!({
            "api": self.api,
            "testCommand": self.test_command,
            "functions": functions.map(|function| &function.name).collect::<Vec<_>>(),
            "notificationCount": self.services.sns.count(),
            "deadLetterCount": self.services.queues.dead_letter_count(),
            "schedules": self.services.schedules.states(),
            "lostDatagrams": self.services.traces.lost_datagrams(),
        });
        self.add_traces(query, &mut rest);
        State { lists: self.lists(query), rest }
    }

    /// Whether there is such a trace: one that was not sampled has an id, and no more.
    fn is_traced(&self, id: Option<&str>) -> bool {
        id.is_some_and(|id| self.services.traces.contains(id))
    }
}

/// What the page shows of everything. Bodies are shown as they were sent, so they do not pass through a tree of
/// values.
#[derive(Serialize)]
struct State {
    #[serde(flatten)]
    lists: lists::Lists,
    #[serde(flatten)]
    rest: Value,
}

fn not_found(message: &str) -> HttpResponse {
    json_response(StatusCode::NOT_FOUND, &json!({ "message": message }))
}

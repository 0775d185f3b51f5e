use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_eventbridge::{
    Client,
    config::Builder,
    error::SdkError,
    operation::put_events::PutEventsError,
    types::{PutEventsRequestEntry, PutEventsResultEntry},
};

use crate::{Producer, Told, aws::traced, lambda::trace_header, metrics};

/// How often entries that were not accepted are sent again.
const RETRIES: u32 = 3;
/// The pause before the first retry; it doubles each time, and a random part of it is waited.
const BACKOFF: Duration = Duration::from_millis(50);

/// What an entry without an answer is taken for: not accepted, as far as anybody knows.
const NO_ANSWER: &str = "InternalFailure";

/// Tells events on the bus.
#[derive(Clone, Debug)]
pub struct Publisher {
    client: Client,
    bus: String,
    producer: Producer,
}

/// Why an event was not told. Tell it again later: the same fact keeps its id.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The event has no wire form.
    #[error("could not write `{0}` as JSON")]
    Unwritable(&'static str, #[source] serde_json::Error),
    /// The call failed.
    #[error("could not reach event bus `{bus}`")]
    Unreachable {
        /// The bus.
        bus: String,
        /// What the SDK says.
        source: Box<SdkError<PutEventsError>>,
    },
    /// The call succeeded, the entry did not.
    #[error("event bus `{bus}` did not accept `{detail_type}`: {code}: {message}")]
    Rejected {
        /// The bus.
        bus: String,
        /// What was to be told.
        detail_type: String,
        /// EventBridge's error code.
        code: String,
        /// EventBridge's explanation.
        message: String,
    },
}

impl Publisher {
    /// Publishes to `bus` in the name of `producer`.
    pub fn new(config: &SdkConfig, bus: String, producer: Producer) -> Self {
        let client = Client::from_conf(Builder::from(config).interceptor(traced(config)).build());
        Self { client, bus, producer }
    }

    /// Tells `told`.
    ///
    /// # Errors
    ///
    /// Fails unless EventBridge took the entry: `PutEvents` answers 200 when it did not, so the answer's
    /// entries are read, and those that may succeed later are sent again.
    pub async fn tell(&self, told: &Told) -> Result<(), PublishError> {
        self.tell_all(std::slice::from_ref(told)).await
    }

    /// Tells up to ten events in one call.
    pub async fn tell_all(&self, told: &[Told]) -> Result<(), PublishError> {
        told.iter().for_each(metrics::told);
        let mut pending =
            told.iter().map(|told| self.entry(told)).collect::<Result<Vec<_>, _>>()?;
        for attempt in 0.. {
            let answer =
                self.client.put_events().set_entries(Some(pending.clone())).send().await.map_err(
                    |source| PublishError::Unreachable {
                        bus: self.bus.clone(),
                        source: Box::new(source),
                    },
                )?;
            match verdict(pending, answer.entries()) {
                Verdict::AllAccepted => return Ok(()),
                Verdict::TryAgain(rest) if attempt < RETRIES => {
                    tracing::warn!(entries = rest.len(), attempt, "entries are sent again");
                    pending = rest;
                    tokio::time::sleep(pause(attempt, fastrand::f64())).await;
                }
                Verdict::TryAgain(rest) => {
                    let code = answer.entries().iter().find_map(PutEventsResultEntry::error_code);
                    let why = format!("gave up after {RETRIES} retries");
                    return Err(self.rejected(rest.first(), code.unwrap_or(NO_ANSWER), &why));
                }
                Verdict::Refused { entry, code, message } => {
                    return Err(self.rejected(Some(&entry), &code, &message));
                }
            }
        }
        Ok(())
    }

    fn entry(&self, told: &Told) -> Result<PutEventsRequestEntry, PublishError> {
        let event = told.event();
        let detail = told
            .detail(&self.producer, trace_header().as_ref())
            .map_err(|source| PublishError::Unwritable(event.detail_type(), source))?;
        Ok(PutEventsRequestEntry::builder()
            .source(event.source())
            .detail_type(event.detail_type())
            .detail(detail)
            .event_bus_name(&self.bus)
            .build())
    }

    fn rejected(
        &self,
        entry: Option<&PutEventsRequestEntry>,
        code: &str,
        message: &str,
    ) -> PublishError {
        PublishError::Rejected {
            bus: self.bus.clone(),
            detail_type: entry
                .and_then(PutEventsRequestEntry::detail_type)
                .unwrap_or("?")
                .to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// What an answer means for the entries that were sent.
#[derive(Debug, PartialEq)]
enum Verdict {
    AllAccepted,
    TryAgain(Vec<PutEventsRequestEntry>),
    Refused { entry: PutEventsRequestEntry, code: String, message: String },
}

/// Answers stand in the order of the entries. One refusal that no retry helps decides for all.
fn verdict(sent: Vec<PutEventsRequestEntry>, answers: &[PutEventsResultEntry]) -> Verdict {
    let mut again = Vec::new();
    for (index, entry) in sent.into_iter().enumerate() {
        let answer = answers.get(index);
        if answer.is_some_and(|answer| answer.event_id().is_some()) {
            continue;
        }
        let code = answer.and_then(PutEventsResultEntry::error_code).unwrap_or(NO_ANSWER);
        if matches!(code, "InternalFailure" | "InternalException" | "ThrottlingException") {
            again.push(entry);
        } else {
            let message = answer.and_then(PutEventsResultEntry::error_message).unwrap_or_default();
            return Verdict::Refused { entry, code: code.to_owned(), message: message.to_owned() };
        }
    }
    if again.is_empty() { Verdict::AllAccepted } else { Verdict::TryAgain(again) }
}

/// "Full jitter": a random share of a pause that doubles, so that producers that failed together do
/// not come back together.
fn pause(attempt: u32, share: f64) -> Duration {
    BACKOFF.saturating_mul(2u32.saturating_pow(attempt)).mul_f64(share)
}

#[cfg(test)]
mod tests;

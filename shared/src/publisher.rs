use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_eventbridge::{
    Client,
    config::Builder,
    error::SdkError,
    operation::put_events::PutEventsError,
    types::{PutEventsRequestEntry, PutEventsResultEntry},
};

use crate::{
    aws::traced,
    budget,
    envelope::{OutboundEvent, Producer},
    metrics,
    trace_header::TraceHeader,
};

/// How often failed entries are sent again.
const RETRIES: u32 = 3;
/// The longest pause before the first retry. It doubles with each retry, and the actual pause is a
/// random share of it.
const BACKOFF: Duration = Duration::from_millis(50);

/// The error code of an entry that is missing in the response.
const NO_RESULT: &str = "InternalFailure";

/// Publishes events to an event bus.
#[derive(Clone, Debug)]
pub struct Publisher {
    client: Client,
    bus: String,
    producer: Producer,
}

/// Why an event was not published. It may be published again, because event ids are deterministic.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The event cannot be serialized.
    #[error("could not serialize `{0}`")]
    Serialize(&'static str, #[source] serde_json::Error),
    /// The call failed.
    #[error("could not reach event bus `{bus}`")]
    Unreachable {
        /// The bus.
        bus: String,
        /// The SDK's error.
        source: Box<SdkError<PutEventsError>>,
    },
    /// The call succeeded, the entry did not.
    #[error("event bus `{bus}` did not accept `{detail_type}`: {code}: {message}")]
    Rejected {
        /// The bus.
        bus: String,
        /// The event's `detail-type`.
        detail_type: String,
        /// EventBridge's error code.
        code: String,
        /// EventBridge's explanation.
        message: String,
    },
}

impl Publisher {
    /// Publishes to `bus` as `producer`.
    pub fn new(config: &SdkConfig, bus: String, producer: Producer) -> Self {
        let client = Client::from_conf(Builder::from(config).interceptor(traced(config)).build());
        Self { client, bus, producer }
    }

    /// Publishes `event`, and counts it in the metrics if it is newly recorded.
    ///
    /// # Errors
    ///
    /// Fails unless EventBridge accepted the entry. `PutEvents` responds with 200 even if it did
    /// not, so the response's entries are checked, and those that may succeed later are sent again.
    pub async fn publish(&self, event: &OutboundEvent) -> Result<(), PublishError> {
        self.publish_batch(std::slice::from_ref(event)).await
    }

    /// Publishes up to ten events in one call.
    pub async fn publish_batch(&self, events: &[OutboundEvent]) -> Result<(), PublishError> {
        metrics::count(events);
        let mut pending =
            events.iter().map(|event| self.entry(event)).collect::<Result<Vec<_>, _>>()?;
        for attempt in 0.. {
            let response =
                self.client.put_events().set_entries(Some(pending.clone())).send().await.map_err(
                    |source| PublishError::Unreachable {
                        bus: self.bus.clone(),
                        source: Box::new(source),
                    },
                )?;
            match Outcome::of(pending, response.entries()) {
                Outcome::AllAccepted => return Ok(()),
                Outcome::Retry(rest) if attempt < RETRIES && has_time(attempt) => {
                    tracing::warn!(entries = rest.len(), attempt, "sending failed entries again");
                    pending = rest;
                    tokio::time::sleep(pause(attempt, fastrand::f64())).await;
                }
                Outcome::Retry(rest) => {
                    let code = response.entries().iter().find_map(PutEventsResultEntry::error_code);
                    let why = format!("gave up after {attempt} retries");
                    return Err(self.rejected(rest.first(), code.unwrap_or(NO_RESULT), &why));
                }
                Outcome::Refused { entry, code, message } => {
                    return Err(self.rejected(Some(&entry), &code, &message));
                }
            }
        }
        Ok(())
    }

    fn entry(&self, outbound: &OutboundEvent) -> Result<PutEventsRequestEntry, PublishError> {
        let event = outbound.event();
        let detail = outbound
            .detail(&self.producer, TraceHeader::current().as_ref())
            .map_err(|source| PublishError::Serialize(event.detail_type(), source))?;
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

/// What a response means for the entries that were sent.
#[derive(Debug, PartialEq)]
enum Outcome {
    AllAccepted,
    Retry(Vec<PutEventsRequestEntry>),
    Refused { entry: PutEventsRequestEntry, code: String, message: String },
}

impl Outcome {
    /// Results are in the order of the entries. One entry that no retry can help fails all of them.
    fn of(sent: Vec<PutEventsRequestEntry>, results: &[PutEventsResultEntry]) -> Self {
        let mut failed = Vec::new();
        for (index, entry) in sent.into_iter().enumerate() {
            let result = results.get(index);
            if result.is_some_and(|result| result.event_id().is_some()) {
                continue;
            }
            let code = result.and_then(PutEventsResultEntry::error_code).unwrap_or(NO_RESULT);
            if matches!(code, "InternalFailure" | "InternalException" | "ThrottlingException") {
                failed.push(entry);
            } else {
                let message = result.and_then(PutEventsResultEntry::error_message);
                let message = message.unwrap_or_default().to_owned();
                return Self::Refused { entry, code: code.to_owned(), message };
            }
        }
        if failed.is_empty() { Self::AllAccepted } else { Self::Retry(failed) }
    }
}

/// Whether the invocation has time for another attempt after the longest pause.
fn has_time(attempt: u32) -> bool {
    budget::remaining() > pause(attempt, 1.0)
}

/// "Full jitter": a random share of a pause that doubles, so that producers that failed at the same
/// time do not retry at the same time.
fn pause(attempt: u32, share: f64) -> Duration {
    BACKOFF.saturating_mul(2u32.saturating_pow(attempt)).mul_f64(share)
}

#[cfg(test)]
mod tests;

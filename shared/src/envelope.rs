use aws_lambda_events::eventbridge::EventBridgeEvent;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{clock::rfc3339, event::Event, recorded::Recorded, trace_header::TraceHeader};

/// The major version of the payloads' shape that this code writes and accepts.
const EVENT_VERSION: &str = "1";

/// An event to publish.
#[derive(Clone, Debug)]
pub struct OutboundEvent {
    event: Recorded<Event>,
    occurred_at: DateTime<Utc>,
    cause: Cause,
}

/// An event as it arrives at a function.
#[derive(Clone, Debug)]
pub struct InboundEvent {
    /// What happened.
    pub event: Event,
    /// When, why, and in which trace.
    pub metadata: Metadata,
}

/// What every event carries besides its payload, in `detail.metadata`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// See [`Event::event_id`].
    pub event_id: String,
    /// The major version of the payload's shape, `1`.
    pub event_version: String,
    /// When the fact became true, not when it was published. Always with milliseconds.
    #[serde(serialize_with = "milliseconds")]
    pub occurred_at: DateTime<Utc>,
    /// The order's id, which all events of an order share.
    pub correlation_id: String,
    /// The `eventId` of the event that caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<String>,
    /// Who publishes the event.
    pub producer: Producer,
    /// The `X-Amzn-Trace-Id` header. It is repeated here because an archive's replay drops the
    /// header itself
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html>).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// The service that publishes an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Producer {
    /// The service's name, `payment-service`.
    pub service: String,
    /// Its version.
    pub version: String,
}

/// What caused an event.
#[derive(Clone, Debug, Default)]
pub struct Cause {
    event_id: Option<String>,
}

/// Why an arriving payload cannot be handled. Retrying does not help.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The payload is not what EventBridge sends to a function.
    #[error("the payload is not an EventBridge event with `source`, `detail-type` and `detail`")]
    NotAnEvent(#[source] serde_json::Error),
    /// No service publishes such an event.
    #[error("`{detail_type}` from `{event_source}` is not a known event")]
    Unknown {
        /// The event's `source`.
        event_source: String,
        /// The event's `detail-type`.
        detail_type: String,
    },
    /// The event is known, and this service does not handle it: a rule is too wide.
    #[error("this service does not handle `{0}`; check the rule that sent it here")]
    NotHandled(&'static str),
    /// The payload's shape is newer than this code.
    #[error(
        "`{detail_type}` has version `{version}`; this service accepts version {EVENT_VERSION}"
    )]
    Version {
        /// The event's `detail-type`.
        detail_type: String,
        /// Its `metadata.eventVersion`.
        version: String,
    },
    /// A field of the payload is missing or has a wrong value.
    #[error("the detail of `{detail_type}` is invalid")]
    Detail {
        /// The event's `detail-type`.
        detail_type: String,
        /// What is wrong, and where.
        source: serde_json::Error,
    },
}

// === impl OutboundEvent ===

impl OutboundEvent {
    /// `event` became true at `occurred_at` because of `cause`. Only an event that this invocation
    /// recorded is counted in the metrics.
    pub fn new(event: Recorded<Event>, occurred_at: DateTime<Utc>, cause: Cause) -> Self {
        Self { event, occurred_at, cause }
    }

    /// What happened.
    pub fn event(&self) -> &Event {
        self.event.get()
    }

    /// What happened, if this invocation recorded it.
    pub(crate) fn newly_recorded(&self) -> Option<&Event> {
        match &self.event {
            Recorded::New(event) => Some(event),
            Recorded::Existing(_) => None,
        }
    }

    /// The entry's `Detail`: the payload's fields at the top, everything else under `metadata`.
    pub fn detail(
        &self,
        producer: &Producer,
        trace: Option<&TraceHeader>,
    ) -> Result<String, serde_json::Error> {
        #[derive(Serialize)]
        struct Detail<'a> {
            #[serde(flatten)]
            payload: &'a Event,
            status: &'static str,
            timestamp: String,
            metadata: Metadata,
        }
        let event = self.event();
        serde_json::to_string(&Detail {
            payload: event,
            status: event.status(),
            timestamp: rfc3339(self.occurred_at),
            metadata: Metadata {
                event_id: event.event_id(),
                event_version: EVENT_VERSION.to_owned(),
                occurred_at: self.occurred_at,
                correlation_id: event.order_id().to_string(),
                causation_id: self.cause.event_id.clone(),
                producer: producer.clone(),
                trace: trace.map(ToString::to_string),
            },
        })
    }
}

// === impl InboundEvent ===

impl InboundEvent {
    /// Parses what EventBridge passes to a function. Unknown fields are ignored, an unknown major
    /// version is refused.
    pub fn parse(payload: &RawValue) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        struct Versioned {
            metadata: Version,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            event_version: String,
        }
        #[derive(Deserialize)]
        struct Enveloped {
            metadata: Metadata,
        }

        let event: EventBridgeEvent<Box<RawValue>> =
            serde_json::from_str(payload.get()).map_err(EventError::NotAnEvent)?;
        let (detail, detail_type) = (event.detail.get(), event.detail_type);
        let invalid = |source| EventError::Detail { detail_type: detail_type.clone(), source };

        // The version comes first: a newer shape may have other fields in `metadata` too.
        let Versioned { metadata: Version { event_version } } =
            serde_json::from_str(detail).map_err(invalid)?;
        if event_version.split('.').next() != Some(EVENT_VERSION) {
            return Err(EventError::Version { detail_type, version: event_version });
        }
        let Enveloped { metadata } = serde_json::from_str(detail).map_err(invalid)?;
        match Event::parse(&event.source, &detail_type, detail) {
            Some(parsed) => Ok(Self { event: parsed.map_err(invalid)?, metadata }),
            None => Err(EventError::Unknown { event_source: event.source, detail_type }),
        }
    }

    /// This event as the cause of other events.
    pub fn cause(&self) -> Cause {
        Cause { event_id: Some(self.metadata.event_id.clone()) }
    }

    /// The error for an event that the service does not handle.
    pub fn not_handled(&self) -> EventError {
        EventError::NotHandled(self.event.detail_type())
    }
}

impl Producer {
    /// `service` in `version`: a crate's `CARGO_PKG_NAME` and `CARGO_PKG_VERSION`.
    pub fn new(service: &str, version: &str) -> Self {
        Self { service: service.to_owned(), version: version.to_owned() }
    }
}

impl Cause {
    /// A customer's request, and not an event.
    pub fn request() -> Self {
        Self::default()
    }
}

fn milliseconds<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*time))
}

#[cfg(test)]
mod tests;

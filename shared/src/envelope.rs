use aws_lambda_events::eventbridge::EventBridgeEvent;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Event, Metadata, TraceHeader, clock::rfc3339};

/// The major version of the payloads' shape that this code writes and understands.
const EVENT_VERSION: &str = "1";

/// An event as it is put on the bus.
#[derive(Clone, Debug)]
pub struct Told {
    event: Event,
    occurred_at: DateTime<Utc>,
    cause: Cause,
    /// Whether this invocation made it true; otherwise it is told again.
    is_news: bool,
}

/// What made an event happen.
#[derive(Clone, Debug, Default)]
pub struct Cause {
    event_id: Option<String>,
}

/// Who tells an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Producer {
    /// The service, `payment-service`.
    pub service: String,
    /// Its version.
    pub version: String,
}

/// An event as it arrives at a function.
#[derive(Clone, Debug)]
pub struct Heard {
    /// What happened.
    pub event: Event,
    /// When, why, and in which trace.
    pub metadata: Metadata,
}

/// Why an arriving payload is not an event of ours. Retrying does not help.
#[derive(Debug, thiserror::Error)]
pub enum NotUnderstood {
    /// The payload is not what EventBridge sends to a function.
    #[error("the payload is not an EventBridge event with `source`, `detail-type` and `detail`")]
    NotAnEvent(#[source] serde_json::Error),
    /// Nobody in this system tells such an event.
    #[error("`{detail_type}` from `{event_source}` is not an event that this service knows")]
    Unknown {
        /// The event's `source`.
        event_source: String,
        /// The event's `detail-type`.
        detail_type: String,
    },
    /// The event is known, but this service has nothing to do with it: a rule is too wide.
    #[error("`{0}` is not for this service; check the rule that sent it here")]
    NotForUs(&'static str),
    /// The payload's shape is newer than this code.
    #[error(
        "`{detail_type}` has version `{version}`; this service understands version {EVENT_VERSION}"
    )]
    Version {
        /// The event's `detail-type`.
        detail_type: String,
        /// Its `metadata.eventVersion`.
        version: String,
    },
    /// The payload lacks a field or has it in another type.
    #[error("the detail of `{detail_type}` cannot be read")]
    Detail {
        /// The event's `detail-type`.
        detail_type: String,
        /// What is wrong, and where.
        source: serde_json::Error,
    },
}

impl Producer {
    /// `service` in `version`: a crate's `CARGO_PKG_NAME` and `CARGO_PKG_VERSION`.
    pub fn new(service: &str, version: &str) -> Self {
        Self { service: service.to_owned(), version: version.to_owned() }
    }
}

impl Told {
    /// `event` became true at `occurred_at` because of `cause`.
    pub fn new(event: impl Into<Event>, occurred_at: DateTime<Utc>, cause: Cause) -> Self {
        Self { event: event.into(), occurred_at, cause, is_news: false }
    }

    /// `now` is when this invocation decided. If that is when the event became true, it is news, and counted in
    /// the metrics; otherwise an earlier invocation decided, or one at the same time, and this one tells it again.
    #[must_use]
    pub fn news_of(mut self, now: DateTime<Utc>) -> Self {
        self.is_news = self.occurred_at == now;
        self
    }

    /// What is told.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Whether this invocation made it true.
    pub(crate) fn is_news(&self) -> bool {
        self.is_news
    }

    /// The entry's `Detail`: the payload's fields where the recipe's consumers read them, everything
    /// new under `metadata`.
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
        serde_json::to_string(&Detail {
            payload: &self.event,
            status: self.event.status(),
            timestamp: rfc3339(self.occurred_at),
            metadata: Metadata {
                event_id: self.event.event_id(),
                event_version: EVENT_VERSION.to_owned(),
                occurred_at: self.occurred_at,
                correlation_id: self.event.order_id().to_owned(),
                causation_id: self.cause.event_id.clone(),
                producer: producer.clone(),
                trace: trace.map(ToString::to_string),
            },
        })
    }
}

impl Cause {
    /// Nothing on the bus: a customer's request.
    pub fn request() -> Self {
        Self::default()
    }
}

impl Heard {
    /// Reads what EventBridge hands to a function. Unknown fields are ignored, an unknown major version
    /// is refused.
    pub fn read(payload: &RawValue) -> Result<Self, NotUnderstood> {
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

        let arrived: EventBridgeEvent<Box<RawValue>> =
            serde_json::from_str(payload.get()).map_err(NotUnderstood::NotAnEvent)?;
        let (detail, detail_type) = (arrived.detail.get(), arrived.detail_type);
        let unreadable =
            |source| NotUnderstood::Detail { detail_type: detail_type.clone(), source };

        // The version comes first: a newer shape may have other fields in `metadata` too.
        let Versioned { metadata: Version { event_version } } =
            serde_json::from_str(detail).map_err(unreadable)?;
        if event_version.split('.').next() != Some(EVENT_VERSION) {
            return Err(NotUnderstood::Version { detail_type, version: event_version });
        }
        let Enveloped { metadata } = serde_json::from_str(detail).map_err(unreadable)?;
        match Event::read(&arrived.source, &detail_type, detail) {
            Some(event) => Ok(Self { event: event.map_err(unreadable)?, metadata }),
            None => Err(NotUnderstood::Unknown { event_source: arrived.source, detail_type }),
        }
    }

    /// This event as the cause of the events that answer it.
    pub fn cause(&self) -> Cause {
        Cause { event_id: Some(self.metadata.event_id.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{OrderCreated, PaymentFailed, PaymentFailure};

    fn order() -> OrderCreated {
        OrderCreated {
            order_id: "ord_0198".to_owned(),
            customer_id: "customer123".to_owned(),
            product_id: "12345".to_owned(),
            quantity: 3,
            amount: "299.97".parse().unwrap(),
            currency: "USD".to_owned(),
            payment_method: None,
        }
    }

    fn detail_of(told: &Told) -> String {
        let producer = Producer::new("order-service", "0.1.0");
        let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".parse().unwrap();
        told.detail(&producer, Some(&trace)).unwrap()
    }

    fn arriving(event: &Event, detail: &str) -> Box<RawValue> {
        RawValue::from_string(format!(
            r#"{{"version":"0","id":"x","detail-type":"{}","source":"{}","detail":{detail}}}"#,
            event.detail_type(),
            event.source(),
        ))
        .unwrap()
    }

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_763_812_800_123).unwrap()
    }

    #[test]
    fn payload_fields_stand_where_the_recipes_consumers_read_them() {
        let told = Told::new(order(), noon(), Cause::request());
        let detail: Value = serde_json::from_str(&detail_of(&told)).unwrap();
        insta::assert_json_snapshot!(detail);
    }

    #[test]
    fn a_refusal_names_its_reason_and_its_cause() {
        let heard = Heard::read(&arriving(
            &order().into(),
            &detail_of(&Told::new(order(), noon(), Cause::request())),
        ))
        .unwrap();
        let failed = PaymentFailed {
            order_id: "ord_0198".to_owned(),
            customer_id: "customer123".to_owned(),
            payment_id: "pay_0198".to_owned(),
            amount: "299.97".parse().unwrap(),
            currency: "USD".to_owned(),
            processor: "sandbox".to_owned(),
            reason: PaymentFailure::LimitExceeded,
        };
        let told = Told::new(failed, noon(), heard.cause());
        let detail: Value = serde_json::from_str(&detail_of(&told)).unwrap();
        insta::assert_json_snapshot!(detail);
    }

    #[test]
    fn what_is_told_is_heard() {
        let told = Told::new(order(), noon(), Cause::request());
        let heard = Heard::read(&arriving(told.event(), &detail_of(&told))).unwrap();
        assert_eq!(heard.event, Event::OrderCreated(order()));
        assert_eq!(heard.metadata.occurred_at, noon());
        assert_eq!(heard.metadata.event_id, "ord_0198:order-created");
    }

    #[test]
    fn times_have_milliseconds_even_when_these_are_zero() {
        let told = Told::new(order(), DateTime::UNIX_EPOCH, Cause::request());
        let detail: Value = serde_json::from_str(&detail_of(&told)).unwrap();
        assert_eq!(detail["timestamp"], "1970-01-01T00:00:00.000Z");
        assert_eq!(detail["metadata"]["occurredAt"], "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn the_same_fact_has_the_same_id_however_often_it_is_told() {
        let first = Told::new(order(), noon(), Cause::request());
        let again = Told::new(order(), noon() + chrono::TimeDelta::hours(1), Cause::request());
        assert_eq!(first.event().event_id(), again.event().event_id());
    }

    #[test]
    fn unknown_fields_are_ignored_and_unknown_versions_refused() {
        let told = Told::new(order(), noon(), Cause::request());
        let mut detail: Value = serde_json::from_str(&detail_of(&told)).unwrap();
        detail["loyaltyPoints"] = json!(12);
        detail["metadata"]["shard"] = json!("b");
        assert!(Heard::read(&arriving(told.event(), &detail.to_string())).is_ok());

        detail["metadata"]["eventVersion"] = json!("1.4");
        assert!(Heard::read(&arriving(told.event(), &detail.to_string())).is_ok());

        detail["metadata"] = json!({ "eventVersion": "2" });
        let refusal = Heard::read(&arriving(told.event(), &detail.to_string())).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "`Order Created` has version `2`; this service understands version 1"
        );
    }

    #[test]
    fn payloads_that_eventbridge_never_sends_are_errors_and_not_silence() {
        // The recipe's consumers loop over `Records`, which EventBridge does not send, and answer 200.
        for payload in [r#"{"Records":[]}"#, "[]", "null", "{}", r#"{"source":"order.service"}"#] {
            let payload = RawValue::from_string(payload.to_owned()).unwrap();
            assert!(
                matches!(Heard::read(&payload), Err(NotUnderstood::NotAnEvent(_))),
                "{payload}"
            );
        }
    }

    #[test]
    fn details_that_cannot_be_read_say_which_field() {
        let told = Told::new(order(), noon(), Cause::request());
        let mut detail: Value = serde_json::from_str(&detail_of(&told)).unwrap();
        detail["quantity"] = json!(-1);
        let refusal = Heard::read(&arriving(told.event(), &detail.to_string())).unwrap_err();
        assert!(matches!(refusal, NotUnderstood::Detail { .. }), "{refusal}");
    }

    proptest! {
        #[test]
        fn whatever_is_told_is_heard_as_it_was_told(
            (order_id, customer_id, product_id) in ("ord_[0-9a-f]{32}", "[a-z0-9]{1,64}", ".{0,40}"),
            quantity in 1u32..=1_000,
            cents in 0u32..1_000_000,
            payment_method in proptest::option::of(".{0,20}"),
            millis in 0i64..4_102_444_800_000,
        ) {
            let amount = format!("{}.{:02}", cents / 100, cents % 100).parse().unwrap();
            let currency = "USD".to_owned();
            let order = OrderCreated {
                order_id, customer_id, product_id, quantity, amount, currency, payment_method,
            };
            let at = DateTime::from_timestamp_millis(millis).unwrap();
            let told = Told::new(order.clone(), at, Cause::request());
            let heard = Heard::read(&arriving(told.event(), &detail_of(&told))).unwrap();
            prop_assert_eq!(heard.event, Event::OrderCreated(order));
            prop_assert_eq!(heard.metadata.occurred_at, at);
        }

        #[test]
        fn no_payload_makes_it_panic(payload in "\\PC{0,60}") {
            let payload = serde_json::to_string(&payload).unwrap();
            let _outcome = Heard::read(&RawValue::from_string(payload).unwrap());
        }
    }
}

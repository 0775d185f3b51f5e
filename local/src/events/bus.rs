use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::{
    identity::arn,
    lambda::Lambda,
    ring_buffer::RingBuffer,
    sqs::{Attribute, NewMessage, Queues},
    template::{Rule, Target},
    trace_header::TraceHeader,
};

/// How many events are kept for the console; the oldest are dropped first.
const CAPACITY: usize = 500;
/// The bus that every account has.
pub(super) const DEFAULT: &str = "default";

/// The buses of a template and their rules.
#[derive(Debug)]
pub(crate) struct Buses {
    /// Those of the buses, without `default`.
    names: Vec<String>,
    rules: Vec<Rule>,
    lambda: Arc<Lambda>,
    queues: Arc<Queues>,
    records: RingBuffer<EventRecord>,
}

/// An event that was put on a bus.
#[derive(Clone, Debug, Serialize)]
pub struct EventRecord {
    /// The event as targets receive it.
    pub event: Value,
    /// The bus.
    pub bus: String,
    /// The rules that matched.
    pub rules: Vec<String>,
    /// The trace that it belongs to.
    pub trace_id: Option<String>,
}

impl Buses {
    /// The buses, by name, and rules of a template.
    pub(crate) fn new(
        names: Vec<String>,
        rules: Vec<Rule>,
        lambda: Arc<Lambda>,
        queues: Arc<Queues>,
    ) -> Self {
        Self { names, rules, lambda, queues, records: RingBuffer::new(CAPACITY) }
    }

    /// The events that are `wanted`, oldest first.
    pub(crate) fn events(&self, wanted: impl Fn(&EventRecord) -> bool) -> Vec<EventRecord> {
        self.records.matching(wanted)
    }

    /// The name of the bus that `name`, a name or an ARN, stands for, if there is such a bus.
    pub(super) fn find<'a>(&self, name: &'a str) -> Result<&'a str, UnknownBus> {
        let name = name.strip_prefix(arn("events", "event-bus/").as_str()).unwrap_or(name);
        if name == DEFAULT || self.names.iter().any(|bus| bus == name) {
            Ok(name)
        } else {
            Err(UnknownBus(name.to_owned()))
        }
    }

    /// The rules of a bus.
    pub(super) fn rules(&self, bus: &str) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.bus == bus)
    }

    /// Sends an event to each target of each rule that matches.
    pub(super) fn dispatch(&self, bus: &str, event: Value, header: Option<&TraceHeader>) {
        let rules = self.rules(bus).filter(|rule| rule.enabled && rule.pattern.matches(&event));
        let rules: Vec<_> = rules.collect();
        let payload = Bytes::from(event.to_string());
        for rule in &rules {
            for target in &rule.targets {
                let invoked = self.lambda.invoke_asynchronously(
                    &target.function,
                    payload.clone(),
                    header.cloned(),
                );
                if let Err(error) = invoked {
                    self.dead_letter(rule, target, &event, &error.to_string(), header);
                }
            }
        }
        self.records.push(EventRecord {
            event,
            bus: bus.to_owned(),
            rules: rules.iter().map(|rule| rule.name.clone()).collect(),
            trace_id: header.map(|header| header.root.clone()),
        });
    }

    /// What cannot be delivered goes to the rule's dead-letter queue, with attributes that say why
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>).
    fn dead_letter(
        &self,
        rule: &Rule,
        target: &Target,
        event: &Value,
        reason: &str,
        header: Option<&TraceHeader>,
    ) {
        let Some(queue) = &target.dead_letters else { return };
        let attributes = [
            ("RULE_ARN", rule.arn.as_str()),
            ("TARGET_ARN", &target.function),
            ("ERROR_CODE", "NO_RESOURCE"),
            ("ERROR_MESSAGE", reason),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), Attribute::text(value)));
        self.queues.deliver(
            queue,
            NewMessage {
                body: event.to_string(),
                attributes: attributes.into(),
                reason: reason.to_owned(),
                trace_header: header.map(ToString::to_string),
                ..NewMessage::default()
            },
        );
    }
}

/// There is no such bus.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("Event bus {0} does not exist.")]
pub(super) struct UnknownBus(String);

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{archive::Archives, log::BusLogs, replay::Replays, target::Targets};
use crate::{
    clock,
    identity::arn,
    payload::Payload,
    ring_buffer::{Cut, Page, RingBuffer},
    rules::Leaves,
    template::Rule,
    trace_header::TraceHeader,
};

/// How many events are kept for the console; the oldest are dropped first.
const CAPACITY: usize = 500;
/// The bus that every account has.
pub(super) const DEFAULT: &str = "default";

/// The buses of a template, their rules and archives.
#[derive(Debug)]
pub(crate) struct Buses {
    /// Those of the buses, without `default`.
    names: Vec<String>,
    rules: Vec<Rule>,
    pub(super) archives: Archives,
    pub(super) replays: Replays,
    targets: Targets,
    logs: BusLogs,
    records: RingBuffer<EventRecord>,
}

/// An event that was put on a bus.
#[derive(Clone, Debug, Serialize)]
pub struct EventRecord {
    /// The event as targets receive it.
    pub event: Payload,
    /// When the bus took it, RFC 3339.
    pub time: String,
    /// The bus.
    pub bus: String,
    /// The rules that matched.
    pub rules: Vec<String>,
    /// The trace that it belongs to.
    pub trace_id: Option<String>,
    /// The subsegment that published it.
    pub parent_id: Option<String>,
}

impl Buses {
    /// The buses, by name, and rules of a template.
    pub(crate) fn new(
        names: Vec<String>,
        rules: Vec<Rule>,
        archives: Archives,
        targets: Targets,
        logs: BusLogs,
    ) -> Self {
        let records = RingBuffer::new(CAPACITY);
        Self { names, rules, archives, replays: Replays::default(), targets, logs, records }
    }

    /// Whether any replay has not ended.
    pub(crate) fn is_replaying(&self) -> bool {
        self.replays.is_any_running()
    }

    /// The events that are `wanted`, oldest first.
    pub(crate) fn events(&self, wanted: impl Fn(&EventRecord) -> bool) -> Vec<EventRecord> {
        self.records.matching(wanted)
    }

    /// A page of the events.
    pub(crate) fn page(&self, cut: &Cut<'_>) -> Page<EventRecord> {
        self.records.page(cut, |_| true, |event| clock::parse_millis(&event.time))
    }

    /// Counts the events.
    pub(crate) fn revision(&self) -> u64 {
        self.records.revision()
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

    /// The names of all buses.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(DEFAULT).chain(self.names.iter().map(String::as_str))
    }

    /// The rules of a bus.
    pub(super) fn rules(&self, bus: &str) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.bus == bus)
    }

    /// Archives an event, and sends it to each target of each rule that matches. On a bus that does not
    /// exist it is dropped.
    pub(super) fn dispatch(
        &self,
        bus: &str,
        event: Box<RawValue>,
        time: DateTime<Utc>,
        header: Option<&TraceHeader>,
    ) {
        let Ok(bus) = self.find(bus) else { return };
        let taken = clock::rfc3339();
        // An event is always an object that can be read.
        let leaves = Leaves::parse(event.get()).unwrap_or_default();
        self.archives.keep(bus, &leaves, event.get(), time);
        let rules = self.send(bus, event.get(), &leaves, header, |_| true);
        self.record(bus, event, taken, rules, header);
    }

    /// Sends an event of an archive to each target of each rule that matches and is one of `wanted`, which
    /// are all if there is none.
    pub(super) fn replay(&self, bus: &str, event: Box<RawValue>, wanted: &[String]) {
        let taken = clock::rfc3339();
        let leaves = Leaves::parse(event.get()).unwrap_or_default();
        let is_wanted = |rule: &Rule| wanted.is_empty() || wanted.contains(&rule.arn);
        let rules = self.send(bus, event.get(), &leaves, None, is_wanted);
        self.record(bus, event, taken, rules, None);
    }

    /// Returns the names of the rules that matched.
    fn send(
        &self,
        bus: &str,
        event: &str,
        leaves: &Leaves<'_>,
        header: Option<&TraceHeader>,
        is_wanted: impl Fn(&Rule) -> bool,
    ) -> Vec<String> {
        let matching =
            |rule: &&Rule| rule.enabled && is_wanted(rule) && rule.pattern.matches_leaves(leaves);
        let rules: Vec<_> = self.rules(bus).filter(matching).collect();
        let log = self.logs.of(bus, event, header.map(|header| header.root.clone()));
        if let Some(log) = &log {
            log.ingested();
            log.matched(&rules);
        }
        for rule in &rules {
            for target in &rule.targets {
                let sent = self.targets.send(&rule.arn, target, event, header);
                if let Some(log) = &log {
                    log.invoked(rule, target, sent.as_ref().err().map(String::as_str));
                }
            }
        }
        rules.iter().map(|rule| rule.name.clone()).collect()
    }

    fn record(
        &self,
        bus: &str,
        event: Box<RawValue>,
        time: String,
        rules: Vec<String>,
        header: Option<&TraceHeader>,
    ) {
        let trace_id = header.map(|header| header.root.clone());
        let parent_id = header.and_then(|header| header.parent.clone());
        self.records.push(EventRecord {
            event: event.into(),
            time,
            bus: bus.to_owned(),
            rules,
            trace_id,
            parent_id,
        });
    }
}

/// There is no such bus.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("Event bus {0} does not exist.")]
pub(super) struct UnknownBus(String);

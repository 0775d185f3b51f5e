use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::constraint::{
    Constraints, is_word, listed, not_found, paged, required, text_of, type_error,
};
use crate::{
    clock,
    identity::{arn, managed_rule},
    logs::Logs,
    rules::{Leaves, Pattern},
    template,
    wire::AwsError,
};

/// The most that an archive keeps, in bytes; the oldest events are dropped first, and that is reported.
const CAPACITY: usize = 64 * 1024 * 1024;
/// The longest name and description
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateArchive.html>).
const MAX_NAME: usize = 48;
const MAX_DESCRIPTION: usize = 512;

/// The archives of all buses. An archive keeps what its pattern matches and no replay has brought.
#[derive(Debug)]
pub(crate) struct Archives {
    all: Mutex<Vec<Archive>>,
    logs: Arc<Logs>,
}

#[derive(Debug)]
struct Archive {
    declared: template::Archive,
    description: Option<String>,
    created: f64,
    events: VecDeque<Archived>,
    bytes: usize,
    /// Whether it was reported that events were dropped.
    is_full: bool,
}

/// An event as it was published.
#[derive(Clone, Debug)]
pub(super) struct Archived {
    /// Its own time, in seconds since the epoch: what a replay goes by.
    pub(super) time: i64,
    pub(super) event: Arc<str>,
}

impl Archives {
    /// Those that a template declares.
    pub(crate) fn new(declared: Vec<template::Archive>, logs: Arc<Logs>) -> Self {
        let created = clock::seconds();
        let all = declared.into_iter().map(|declared| Archive::new(declared, None, created));
        Self { all: Mutex::new(all.collect()), logs }
    }

    /// Keeps an event that was published on a bus, in each archive of that bus that wants it.
    pub(super) fn keep(&self, bus: &str, leaves: &Leaves<'_>, event: &str, time: DateTime<Utc>) {
        let mut all = self.all();
        let wants = |archive: &&mut Archive| archive.wants(bus, leaves);
        let mut shared = None;
        for archive in all.iter_mut().filter(wants) {
            let event = Arc::clone(shared.get_or_insert_with(|| Arc::from(event)));
            if archive.push(Archived { time: time.timestamp(), event }) {
                let name = &archive.declared.name;
                self.logs
                    .report(&format!("the archive `{name}` is full: it drops its oldest events"));
            }
        }
    }

    /// The events of an archive whose time is from `start` to `end`, oldest first, and its bus; `None`
    /// where there is no such archive.
    pub(super) fn between(
        &self,
        arn: &str,
        start: f64,
        end: f64,
    ) -> Option<(String, Vec<Archived>)> {
        let all = self.all();
        let archive = all.iter().find(|archive| archive.arn() == arn)?;
        let (start, end) = (clock::at(start).timestamp(), clock::at(end).timestamp());
        let kept = archive.kept();
        let mut events: Vec<_> =
            kept.filter(|event| (start..=end).contains(&event.time)).cloned().collect();
        events.sort_by_key(|event| event.time);
        Some((archive.declared.bus.clone(), events))
    }

    /// The rules that EventBridge makes on a bus to fill its archives: name and pattern.
    pub(super) fn managed_rules(&self, bus: &str) -> Vec<(String, Value)> {
        let all = self.all();
        let of_bus = all.iter().filter(|archive| archive.declared.bus == bus);
        let rule = |archive: &Archive| {
            let pattern = archive.declared.pattern.as_ref().map(Pattern::source);
            let mut pattern = pattern.cloned().unwrap_or_else(|| json!({}));
            pattern["replay-name"] = json!([{ "exists": false }]);
            (managed_rule(&archive.declared.name), pattern)
        };
        of_bus.map(rule).collect()
    }

    /// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateArchive.html>.
    pub(super) fn create(
        &self,
        request: &Value,
        bus_of: impl Fn(&str) -> Option<String>,
    ) -> Result<Value, AwsError> {
        let name = required(request, "ArchiveName")?;
        let source = required(request, "EventSourceArn")?;
        let (pattern, description) =
            (text_of(&request["EventPattern"])?, text_of(&request["Description"])?);
        let retention_days = match &request["RetentionDays"] {
            Value::Null => 0,
            days => days
                .as_u64()
                .and_then(|days| days.try_into().ok())
                .ok_or_else(|| type_error("RetentionDays cannot be converted to Integer"))?,
        };
        let mut constraints = Constraints::default();
        constraints.length(Some(name), "archiveName", 1, MAX_NAME);
        constraints.pattern(Some(name), "archiveName", is_word, r"[\.\-_A-Za-z0-9]+");
        constraints.length(description, "description", 0, MAX_DESCRIPTION);
        constraints.finish()?;
        let bus = bus_of(source).ok_or_else(|| {
            let name = source.rsplit('/').next().unwrap_or(source);
            not_found(&format!("Event bus {name} does not exist."))
        })?;
        let pattern = pattern.map(parse_pattern).transpose()?;
        let mut all = self.all();
        if all.iter().any(|archive| archive.declared.name == name) {
            let message = format!("Archive {name} already exists.");
            return Err(AwsError::bad_request("ResourceAlreadyExistsException", message));
        }
        let (name, logical_id) = (name.to_owned(), String::new());
        let declared = template::Archive { logical_id, name, bus, pattern, retention_days };
        let archive = Archive::new(declared, description.map(str::to_owned), clock::seconds());
        let answer = json!({
            "ArchiveArn": archive.arn(),
            "State": "ENABLED",
            "CreationTime": archive.created,
        });
        all.push(archive);
        Ok(answer)
    }

    /// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeArchive.html>.
    pub(super) fn describe(&self, request: &Value) -> Result<Value, AwsError> {
        let name = required(request, "ArchiveName")?;
        let all = self.all();
        let archive = all.iter().find(|archive| archive.declared.name == name);
        let archive =
            archive.ok_or_else(|| not_found(&format!("Archive {name} does not exist.")))?;
        let mut json = archive.to_json();
        json["ArchiveArn"] = archive.arn().into();
        if let Some(pattern) = &archive.declared.pattern {
            json["EventPattern"] = pattern.source().to_string().into();
        }
        if let Some(description) = &archive.description {
            json["Description"] = description.as_str().into();
        }
        Ok(json)
    }

    /// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListArchives.html>.
    pub(super) fn list(&self, request: &Value) -> Result<Value, AwsError> {
        let archives = listed(request, "ArchiveName", self.all().iter().map(Archive::to_json))?;
        paged("Archives", archives, request)
    }

    fn all(&self) -> MutexGuard<'_, Vec<Archive>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Archive {
    fn new(declared: template::Archive, description: Option<String>, created: f64) -> Self {
        Self { declared, description, created, events: VecDeque::new(), bytes: 0, is_full: false }
    }

    fn arn(&self) -> String {
        arn("events", &format!("archive/{}", self.declared.name))
    }

    fn wants(&self, bus: &str, leaves: &Leaves<'_>) -> bool {
        let pattern = &self.declared.pattern;
        self.declared.bus == bus
            && pattern.as_ref().is_none_or(|pattern| pattern.matches_leaves(leaves))
    }

    /// Adds an event. Returns whether the first ones were dropped for it.
    fn push(&mut self, event: Archived) -> bool {
        self.bytes += event.event.len();
        self.events.push_back(event);
        let was_full = self.is_full;
        while self.bytes > CAPACITY
            && let Some(oldest) = self.events.pop_front()
        {
            self.bytes -= oldest.event.len();
            self.is_full = true;
        }
        self.is_full && !was_full
    }

    /// What its retention has left of its events.
    fn kept(&self) -> impl Iterator<Item = &Archived> {
        let days = self.declared.retention_days;
        let retention = (days > 0).then(|| TimeDelta::days(days.into()));
        let oldest = retention.map_or(i64::MIN, |all| (clock::date_time() - all).timestamp());
        self.events.iter().filter(move |event| event.time >= oldest)
    }

    /// What a list shows of it.
    fn to_json(&self) -> Value {
        json!({
            "ArchiveName": self.declared.name,
            "EventSourceArn": arn("events", &format!("event-bus/{}", self.declared.bus)),
            "State": "ENABLED",
            "RetentionDays": self.declared.retention_days,
            "SizeBytes": self.kept().map(|event| event.event.len()).sum::<usize>(),
            "EventCount": self.kept().count(),
            "CreationTime": self.created,
        })
    }
}

/// A pattern of the API, whose source is kept for descriptions.
fn parse_pattern(text: &str) -> Result<Pattern, AwsError> {
    let refuse = |reason: String| AwsError::bad_request("InvalidEventPatternException", reason);
    Pattern::parse(text).map_err(|error| refuse(error.to_string()))?;
    let value: Value = serde_json::from_str(text).map_err(|error| refuse(error.to_string()))?;
    Pattern::from_value(&value).map_err(|error| refuse(error.to_string()))
}

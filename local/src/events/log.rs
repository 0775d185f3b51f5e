use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    clock,
    identity::{ACCOUNT, arn},
    logs::{Logs, Source},
    template::{BusLog, BusLogLevel, Rule, Target},
};

/// What buses with a `LogConfig` log of each event, a record for each step. Targets are invoked once here, so the steps of
/// single attempts are left out. Which level `RULE_MATCH` and the ends of an invocation have is unconfirmed.
/// See <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-logs-schema.html>.
#[derive(Debug)]
pub(crate) struct BusLogs {
    buses: BTreeMap<String, BusLog>,
    logs: Arc<Logs>,
}

/// An event on its way through a bus that logs.
pub(super) struct EventLog<'a> {
    bus: &'a str,
    config: &'a BusLog,
    logs: &'a Logs,
    event: Head<'a>,
    trace_id: Option<String>,
}

/// What a record says of an event.
#[derive(Default, Deserialize)]
struct Head<'a> {
    #[serde(default, borrow)]
    id: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    source: std::borrow::Cow<'a, str>,
    #[serde(default, borrow, rename = "detail-type")]
    detail_type: std::borrow::Cow<'a, str>,
    #[serde(default)]
    resources: Vec<Value>,
    #[serde(default, borrow)]
    detail: Option<&'a serde_json::value::RawValue>,
}

impl BusLogs {
    /// The logs of the buses that have one.
    pub(crate) fn new(buses: BTreeMap<String, BusLog>, logs: Arc<Logs>) -> Self {
        Self { buses, logs }
    }

    /// The log of an event, if its bus has one.
    pub(super) fn of<'a>(
        &'a self,
        bus: &'a str,
        event: &'a str,
        trace_id: Option<String>,
    ) -> Option<EventLog<'a>> {
        let config = self.buses.get(bus)?;
        let event = serde_json::from_str(event).unwrap_or_default();
        Some(EventLog { bus, config, logs: &self.logs, event, trace_id })
    }
}

impl EventLog<'_> {
    /// The bus has it.
    pub(super) fn ingested(&self) {
        self.write("EVENT_INGEST_SUCCESS", BusLogLevel::Info, &self.described(), None);
        self.write("RULE_MATCH_START", BusLogLevel::Trace, &self.described(), None);
    }

    /// These rules match it.
    pub(super) fn matched(&self, rules: &[&Rule]) {
        for rule in rules {
            let targets: Vec<_> = rule.targets.iter().map(|target| &target.function).collect();
            let details = json!({ "rule_arn": rule.arn, "target_arns": targets });
            self.write("RULE_MATCH", BusLogLevel::Info, &details, None);
        }
        if rules.is_empty() {
            self.write("NO_STANDARD_RULES_MATCHED", BusLogLevel::Info, &json!({}), None);
        }
    }

    /// What came of invoking a target: nothing, or why it failed.
    pub(super) fn invoked(&self, rule: &Rule, target: &Target, failure: Option<&str>) {
        let status = if failure.is_none() { "SUCCESS" } else { "NO_RESOURCE" };
        let details = json!({
            "rule_arn": rule.arn,
            "target_arn": target.function,
            "total_attempts": 1,
            "final_invocation_status": status,
        });
        let Some(reason) = failure else {
            self.write("INVOCATION_SUCCESS", BusLogLevel::Info, &details, None);
            return;
        };
        self.write("INVOCATION_FAILURE", BusLogLevel::Error, &details, Some(reason));
        if target.dead_letters.is_some() {
            self.write("INVOCATION_DLQ", BusLogLevel::Error, &details, None);
        }
    }

    fn described(&self) -> Value {
        let mut details = json!({
            "caller_account_id": ACCOUNT,
            "source": self.event.source,
            "detail_type": self.event.detail_type,
            "resources": self.event.resources,
        });
        if self.config.includes_detail
            && let Some(detail) = self.event.detail
        {
            details["event_detail"] = detail.get().into();
        }
        details
    }

    fn write(&self, step: &str, level: BusLogLevel, details: &Value, failure: Option<&str>) {
        if level > self.config.level {
            return;
        }
        let mut record = json!({
            "resource_arn": arn("events", &format!("event-bus/{}", self.bus)),
            "event_bus_name": self.bus,
            "event_id": self.event.id,
            "message_timestamp_ms": clock::millis(),
            "message_type": step,
            "log_level": level.as_str(),
            "details": details,
        });
        if let Some(reason) = failure {
            record["error"] = json!({ "error_message": reason, "aws_service": "AWSLambda" });
        }
        let source = Source {
            function: self.bus.to_owned(),
            trace_id: self.trace_id.clone(),
            ..Source::default()
        };
        self.logs.add(&source, &record.to_string());
    }
}

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{
    bus::{Buses, DEFAULT},
    constraint::{not_found, paged, required},
};
use crate::{
    identity::arn,
    template::{Rule, Schedule, Scheduler, Target},
    wire::AwsError,
};

/// What exists: buses, rules with patterns, and rules with schedules, which are on the default bus.
pub(super) struct Directory<'a> {
    pub(super) buses: &'a Buses,
    pub(super) schedules: &'a [Schedule],
}

/// A rule as the API shows it, and its targets.
struct Entry<'a> {
    name: Cow<'a, str>,
    json: Value,
    targets: &'a [Target],
}

impl Directory<'_> {
    /// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListEventBuses.html>.
    pub(super) fn list_buses(&self, request: &Value) -> Result<Value, AwsError> {
        let prefix = prefix(request);
        let names = self.buses.names().filter(|name| name.starts_with(prefix));
        paged("EventBuses", names.map(bus).collect(), request)
    }

    /// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeEventBus.html>.
    pub(super) fn describe_bus(&self, request: &Value) -> Result<Value, AwsError> {
        let name = request["Name"].as_str().unwrap_or(DEFAULT);
        let found = self.buses.find(name);
        found.map(bus).map_err(|error| not_found(&error.to_string()))
    }

    /// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html>.
    pub(super) fn list_rules(&self, request: &Value) -> Result<Value, AwsError> {
        let prefix = prefix(request);
        let rules = self.entries(request)?;
        let rules = rules.into_iter().filter(|rule| rule.name.starts_with(prefix));
        paged("Rules", rules.map(|rule| rule.json).collect(), request)
    }

    /// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeRule.html>.
    pub(super) fn describe_rule(&self, request: &Value) -> Result<Value, AwsError> {
        self.entry(request, "Name").map(|rule| rule.json)
    }

    /// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListTargetsByRule.html>.
    pub(super) fn list_targets(&self, request: &Value) -> Result<Value, AwsError> {
        let rule = self.entry(request, "Rule")?;
        let targets = rule.targets.iter().enumerate().map(|(number, target)| {
            let mut json = json!({ "Id": number.to_string(), "Arn": target.function });
            if let Some(input) = &target.input {
                json["Input"] = input.clone().into();
            }
            if let Some(queue) = &target.dead_letters {
                json["DeadLetterConfig"] = json!({ "Arn": queue });
            }
            json
        });
        paged("Targets", targets.collect(), request)
    }

    /// The rule that `request` names in `member`.
    fn entry<'a>(&'a self, request: &'a Value, member: &str) -> Result<Entry<'a>, AwsError> {
        let name = required(request, member)?;
        let bus = request["EventBusName"].as_str().unwrap_or(DEFAULT);
        let found = self.entries(request)?.into_iter().find(|rule| rule.name == name);
        found.ok_or_else(|| not_found(&format!("Rule {name} does not exist on EventBus {bus}.")))
    }

    /// The rules of the bus that `request` names.
    fn entries<'a>(&'a self, request: &'a Value) -> Result<Vec<Entry<'a>>, AwsError> {
        let bus = self
            .buses
            .find(request["EventBusName"].as_str().unwrap_or(DEFAULT))
            .map_err(|error| not_found(&error.to_string()))?;
        let mut entries: Vec<_> = self.buses.rules(bus).map(with_pattern).collect();
        let managed = self.buses.archives.managed_rules(bus).into_iter();
        entries.extend(managed.map(|(name, pattern)| of_archive(name, bus, &pattern)));
        if bus == DEFAULT {
            let rules =
                self.schedules.iter().filter(|schedule| schedule.scheduler == Scheduler::Rule);
            entries.extend(rules.map(with_schedule));
        }
        Ok(entries)
    }
}

fn with_pattern(rule: &Rule) -> Entry<'_> {
    let json = json!({
        "Name": rule.name,
        "Arn": rule.arn,
        "EventBusName": rule.bus,
        "EventPattern": rule.pattern.source().to_string(),
        "State": state(rule.enabled),
    });
    Entry { name: rule.name.as_str().into(), json, targets: &rule.targets }
}

/// What EventBridge itself made to fill an archive. Its target is no function.
fn of_archive(name: String, bus: &str, pattern: &Value) -> Entry<'static> {
    let path = if bus == DEFAULT { name.clone() } else { format!("{bus}/{name}") };
    let json = json!({
        "Name": name,
        "Arn": arn("events", &format!("rule/{path}")),
        "EventBusName": bus,
        "EventPattern": pattern.to_string(),
        "State": state(true),
        "ManagedBy": "prod.vhs.events.aws.internal",
    });
    Entry { name: name.into(), json, targets: &[] }
}

fn with_schedule(schedule: &Schedule) -> Entry<'_> {
    let json = json!({
        "Name": schedule.name,
        "Arn": schedule.arn,
        "EventBusName": DEFAULT,
        "ScheduleExpression": schedule.expression.to_string(),
        "State": state(schedule.enabled),
    });
    Entry { name: schedule.name.as_str().into(), json, targets: &schedule.targets }
}

fn bus(name: &str) -> Value {
    json!({ "Name": name, "Arn": arn("events", &format!("event-bus/{name}")) })
}

fn prefix(request: &Value) -> &str {
    request["NamePrefix"].as_str().unwrap_or_default()
}

fn state(enabled: bool) -> &'static str {
    if enabled { "ENABLED" } else { "DISABLED" }
}

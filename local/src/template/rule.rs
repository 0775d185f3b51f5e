use serde_json::Value;

use super::{
    app::{App, Rule, Target},
    error::{LineError, Problem},
    resource::Resource,
    schedule,
    yaml::Node,
};
use crate::{identity::arn, rules::Pattern};

/// Adds the rule of an `AWS::Events::Rule`: one with a pattern, one with a schedule, or both.
pub(super) fn add(resource: &Resource<'_>, app: &mut App) -> Result<(), LineError> {
    let mut targets = Vec::new();
    for target in resource.properties["Targets"].as_array().into_iter().flatten() {
        let target_arn = target["Arn"].as_str().unwrap_or_default();
        if target_arn.contains(":lambda:") {
            targets.push(parse_target(target_arn, target));
        } else {
            let kind = format!("rule target {target_arn}");
            app.not_emulated.push((resource.logical_id.to_owned(), kind));
        }
    }
    if !resource.properties["ScheduleExpression"].is_null() {
        app.schedules.push(schedule::of_rule(resource, targets.clone())?);
        if resource.properties["EventPattern"].is_null() {
            return Ok(());
        }
    }
    let source = Source {
        resource,
        name: resource.name.clone(),
        properties: &resource.properties,
        pattern: "EventPattern",
        node: resource.property("EventPattern"),
    };
    app.rules.push(source.rule(targets)?);
    Ok(())
}

/// The rule of a function's `EventBridgeRule` event.
pub(super) fn of_event(
    resource: &Resource<'_>,
    event: &str,
    node: &Node,
    properties: &Value,
    function_arn: &str,
) -> Result<Rule, LineError> {
    // SAM gives a rule without a name one with an unpredictable suffix.
    let name = properties["RuleName"].as_str().map(str::to_owned);
    let source = Source {
        resource,
        name: name.unwrap_or_else(|| format!("{}-{event}", resource.logical_id)),
        properties,
        pattern: "Pattern",
        node: node.get("Properties").and_then(|node| node.get("Pattern")),
    };
    source.rule(vec![parse_target(function_arn, properties)])
}

/// Where a template declares a rule.
struct Source<'a> {
    resource: &'a Resource<'a>,
    name: String,
    properties: &'a Value,
    /// The key of the pattern among the properties.
    pattern: &'static str,
    /// The pattern as it is written.
    node: Option<&'a Node>,
}

impl Source<'_> {
    fn rule(self, targets: Vec<Target>) -> Result<Rule, LineError> {
        let Self { resource, name, properties, .. } = self;
        let pattern = Pattern::from_value(&properties[self.pattern]).map_err(|problem| {
            let line = self.node.unwrap_or(resource.node).line;
            LineError::new(line, Problem::Pattern { rule: name.clone(), problem })
        })?;
        // A bus may be named by its ARN.
        let bus = properties["EventBusName"].as_str().unwrap_or("default");
        let bus = bus.rsplit('/').next().unwrap_or(bus).to_owned();
        let path = if bus == "default" { name.clone() } else { format!("{bus}/{name}") };
        Ok(Rule {
            logical_id: resource.logical_id.to_owned(),
            name,
            arn: arn("events", &format!("rule/{path}")),
            bus,
            pattern,
            enabled: properties["State"] != "DISABLED",
            targets,
        })
    }
}

/// A function as a target with `properties`.
pub(super) fn parse_target(function_arn: &str, properties: &Value) -> Target {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Target {
        function: function_arn.to_owned(),
        input: text(&properties["Input"]),
        dead_letters: text(&properties["DeadLetterConfig"]["Arn"]),
    }
}

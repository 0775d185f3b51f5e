use serde_json::Value;

use super::{
    app::{App, Schedule, Scheduler, Target},
    error::{LineError, Problem},
    messaging::is_true,
    resource::Resource,
    rule::parse_target,
    yaml::Node,
};
use crate::{identity::arn, rules::Expression};

/// The schedule of an `AWS::Events::Rule` with `targets`.
pub(super) fn of_rule(
    resource: &Resource<'_>,
    targets: Vec<Target>,
) -> Result<Schedule, LineError> {
    let expression = parse(
        &resource.properties["ScheduleExpression"],
        &resource.name,
        resource.property("ScheduleExpression").unwrap_or(resource.node),
    )?;
    Ok(Schedule {
        logical_id: resource.logical_id.to_owned(),
        arn: arn("events", &format!("rule/{}", resource.name)),
        name: resource.name.clone(),
        scheduler: Scheduler::Rule,
        expression,
        enabled: resource.properties["State"] != "DISABLED",
        targets,
    })
}

/// The schedule of a function's event `Schedule`, which SAM makes a rule of the default bus
/// (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-schedule.html>).
pub(super) fn of_event(
    resource: &Resource<'_>,
    event: &str,
    node: &Node,
    properties: &Value,
    function_arn: &str,
) -> Result<Schedule, LineError> {
    let name = name(resource, event, properties);
    let enabled = match &properties["Enabled"] {
        Value::Null => properties["State"] != "DISABLED",
        enabled => is_true(enabled),
    };
    Ok(Schedule {
        logical_id: resource.logical_id.to_owned(),
        expression: parse(&properties["Schedule"], &name, node)?,
        arn: arn("events", &format!("rule/{name}")),
        name,
        scheduler: Scheduler::Rule,
        enabled,
        targets: vec![parse_target(function_arn, properties)],
    })
}

/// Adds the schedule of a function's event `ScheduleV2`, which SAM makes one of EventBridge Scheduler
/// (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-schedulev2.html>).
/// What happens once only, or by the clock of a place, is named instead.
pub(super) fn add_event_v2(
    resource: &Resource<'_>,
    event: &str,
    node: &Node,
    properties: &Value,
    function_arn: &str,
    app: &mut App,
) -> Result<(), LineError> {
    let text = |key: &str| properties[key].as_str().unwrap_or_default();
    let zone = text("ScheduleExpressionTimezone");
    let what = if text("ScheduleExpression").starts_with("at(") {
        text("ScheduleExpression")
    } else if !["", "UTC"].contains(&zone) {
        zone
    } else {
        let name = name(resource, event, properties);
        let group = properties["GroupName"].as_str().unwrap_or("default");
        app.schedules.push(Schedule {
            logical_id: resource.logical_id.to_owned(),
            expression: parse(&properties["ScheduleExpression"], &name, node)?,
            arn: arn("scheduler", &format!("schedule/{group}/{name}")),
            name,
            scheduler: Scheduler::EventBridgeScheduler,
            enabled: properties["State"] != "DISABLED",
            targets: vec![parse_target(function_arn, properties)],
        });
        return Ok(());
    };
    let logical_id = format!("{}.Events.{event}", resource.logical_id);
    app.not_emulated.push((logical_id, format!("schedule with {what}")));
    Ok(())
}

/// SAM gives a schedule without a name one with an unpredictable suffix.
fn name(resource: &Resource<'_>, event: &str, properties: &Value) -> String {
    let name = properties["Name"].as_str().map(str::to_owned);
    name.unwrap_or_else(|| format!("{}{event}", resource.logical_id))
}

fn parse(expression: &Value, schedule: &str, node: &Node) -> Result<Expression, LineError> {
    expression.as_str().unwrap_or_default().parse().map_err(|problem| {
        let schedule = schedule.to_owned();
        LineError::new(node.line, Problem::Schedule { schedule, problem })
    })
}

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::{app::App, messaging::is_true, resource::Resource};

/// The numbers of a sampling rule.
const NUMBERS: [&str; 4] = ["FixedRate", "Priority", "ReservoirSize", "Version"];
/// The switches of a group's insights.
const SWITCHES: [&str; 2] = ["InsightsEnabled", "NotificationsEnabled"];

/// Adds the group of an `AWS::XRay::Group`. Its properties are the parameters of `CreateGroup`.
pub(super) fn add_group(resource: &Resource<'_>, app: &mut App) {
    let mut request = resource.properties.clone();
    if let Some(insights) = request["InsightsConfiguration"].as_object_mut() {
        for (_, switch) in insights.iter_mut().filter(|(key, _)| SWITCHES.contains(&key.as_str())) {
            *switch = is_true(switch).into();
        }
    }
    app.trace_groups.push(request);
}

/// Adds the rule of an `AWS::XRay::SamplingRule`. Its properties are the parameters of `CreateSamplingRule`,
/// except that the name may be left out.
pub(super) fn add_sampling_rule(resource: &Resource<'_>, app: &mut App) {
    let mut request = json!({ "SamplingRule": resource.properties["SamplingRule"] });
    if !resource.properties["Tags"].is_null() {
        request["Tags"] = resource.properties["Tags"].clone();
    }
    if let Some(rule) = request["SamplingRule"].as_object_mut() {
        if !rule.contains_key("RuleARN") {
            rule.entry("RuleName").or_insert_with(|| resource.logical_id.into());
        }
        // CloudFormation takes numbers as texts too.
        for (_, value) in rule.iter_mut().filter(|(key, _)| NUMBERS.contains(&key.as_str())) {
            if let Some(number) = number(value) {
                *value = number;
            }
        }
    }
    app.sampling_rules.push(request);
}

fn number(value: &Value) -> Option<Value> {
    let text = value.as_str()?;
    serde_json::from_str(text).ok().filter(Value::is_number)
}

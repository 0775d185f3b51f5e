use serde_json::Value;

use super::{
    app::Archive,
    error::{LineError, Problem},
    messaging,
    resource::Resource,
};
use crate::{identity::managed_rule, rules::Pattern};

/// The archive of an `AWS::Events::Archive`.
pub(super) fn parse(resource: &Resource<'_>) -> Result<Archive, LineError> {
    let properties = &resource.properties;
    let pattern = match &properties["EventPattern"] {
        Value::Null => None,
        pattern => Some(Pattern::from_value(pattern).map_err(|problem| {
            let line = resource.property("EventPattern").unwrap_or(resource.node).line;
            LineError::new(line, Problem::Pattern { rule: managed_rule(&resource.name), problem })
        })?),
    };
    // A bus is named by its ARN here.
    let bus = properties["SourceArn"].as_str().unwrap_or("default");
    Ok(Archive {
        logical_id: resource.logical_id.to_owned(),
        name: resource.name.clone(),
        bus: bus.rsplit('/').next().unwrap_or(bus).to_owned(),
        pattern,
        retention_days: messaging::count(&properties["RetentionDays"]).unwrap_or_default(),
    })
}

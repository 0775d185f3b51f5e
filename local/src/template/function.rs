use std::{collections::BTreeMap, path::Path, time::Duration};

use serde_json::Value;

use super::{
    app::{App, Function, Route, Security},
    error::{LineError, Problem},
    globals::Globals,
    resource::Resource,
    roles::{RoleError, role},
    rule, schedule,
    yaml::Node,
};
use crate::{identity::arn, rules::Role};

/// Lambda's own defaults: megabytes and seconds
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html>).
const DEFAULT_MEMORY: u32 = 128;
const DEFAULT_TIMEOUT: u64 = 3;
/// Attempts and seconds
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html>).
const DEFAULT_RETRIES: u32 = 2;
const DEFAULT_MAX_AGE: u64 = 6 * 60 * 60;

/// What is wrong with a function.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FunctionError {
    /// A runtime that Lambda brings along and this program does not.
    #[error("the runtime {0} does not run here, only `provided.al2023` does")]
    Runtime(Value),
    /// A role of its own.
    #[error("`Role` is not supported here; list the permissions in `Policies`")]
    Role,
    /// Its policies.
    #[error(transparent)]
    Policies(#[from] RoleError),
}

/// The function of an `AWS::Serverless::Function`. `managed` are the template's own managed
/// policies, ARN and document.
pub(super) fn parse(
    resource: &Resource<'_>,
    globals: &Globals,
    folder: &Path,
    managed: &[(String, Value)],
) -> Result<Function, LineError> {
    let settings = Settings { own: &resource.properties, globals: &globals.function };
    settings.check_runtime().map_err(|error| at(resource, resource.node, error))?;
    let name = resource.name.clone();
    let invoke = settings.get("EventInvokeConfig");
    let on_failure = &invoke["DestinationConfig"]["OnFailure"]["Destination"];
    let log_group = settings.get("LoggingConfig")["LogGroup"].as_str();
    Ok(Function {
        logical_id: resource.logical_id.to_owned(),
        arn: arn("lambda", &format!("function:{name}")),
        memory: count(settings.get("MemorySize"), DEFAULT_MEMORY),
        timeout: seconds(settings.get("Timeout"), DEFAULT_TIMEOUT),
        traced: *settings.get("Tracing") == "Active",
        role: parse_role(resource, &settings, managed)?,
        environment: settings.environment(),
        handler: settings.get("Handler").as_str().unwrap_or("bootstrap").to_owned(),
        log_group: log_group.map_or_else(|| format!("/aws/lambda/{name}"), str::to_owned),
        retries: count(&invoke["MaximumRetryAttempts"], DEFAULT_RETRIES),
        max_age: seconds(&invoke["MaximumEventAgeInSeconds"], DEFAULT_MAX_AGE),
        on_failure: on_failure.as_str().map(str::to_owned),
        package: folder.join(settings.get("CodeUri").as_str().unwrap_or(".")),
        binary: parse_binary(resource.node),
        name,
    })
}

/// Adds the routes and rules of a function's `Events`.
pub(super) fn add_events(
    resource: &Resource<'_>,
    function: &Function,
    app: &mut App,
) -> Result<(), LineError> {
    for (event, node) in resource.property("Events").map(Node::entries).unwrap_or_default() {
        let value = resource.scope.resolve(node)?.unwrap_or_default();
        let properties = &value["Properties"];
        match value["Type"].as_str() {
            Some("Api") => app.routes.push(Route {
                method: properties["Method"].as_str().unwrap_or("ANY").to_uppercase(),
                path: properties["Path"].as_str().unwrap_or("/").to_owned(),
                function: function.logical_id.clone(),
                security: Security::Open,
            }),
            Some("EventBridgeRule" | "CloudWatchEvent") => {
                let rule = rule::of_event(resource, event, node, properties, &function.arn)?;
                app.rules.push(rule);
            }
            Some("Schedule") => {
                let arn = &function.arn;
                app.schedules.push(schedule::of_event(resource, event, node, properties, arn)?);
            }
            Some("ScheduleV2") => {
                schedule::add_event_v2(resource, event, node, properties, &function.arn, app)?;
            }
            kind => app.not_emulated.push((
                format!("{}.Events.{event}", function.logical_id),
                format!("event source {}", kind.unwrap_or("without a type")),
            )),
        }
    }
    Ok(())
}

/// A function's properties, and the template's defaults for those that it does not have.
struct Settings<'a> {
    own: &'a Value,
    globals: &'a Value,
}

impl<'a> Settings<'a> {
    fn get(&self, name: &str) -> &'a Value {
        match &self.own[name] {
            Value::Null => &self.globals[name],
            own => own,
        }
    }

    fn check_runtime(&self) -> Result<(), FunctionError> {
        let runtime = self.get("Runtime");
        if !runtime.as_str().is_some_and(|runtime| runtime.starts_with("provided")) {
            return Err(FunctionError::Runtime(runtime.clone()));
        }
        if self.get("Role").is_null() { Ok(()) } else { Err(FunctionError::Role) }
    }

    /// The environment variables, those of the function over those of the template.
    fn environment(&self) -> BTreeMap<String, String> {
        let layers = [self.globals, self.own].into_iter();
        let variables = layers.filter_map(|layer| layer["Environment"]["Variables"].as_object());
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        variables.flatten().map(|(name, value)| (name.clone(), text(value))).collect()
    }
}

fn parse_role(
    resource: &Resource<'_>,
    settings: &Settings<'_>,
    managed: &[(String, Value)],
) -> Result<Role, LineError> {
    let name = format!("local-{}Role", resource.logical_id);
    let traced = !matches!(settings.get("Tracing").as_str(), None | Some("Disabled"));
    role(name, &resource.properties["Policies"], traced, managed).map_err(|error| {
        at(resource, resource.property("Policies").unwrap_or(resource.node), error)
    })
}

/// cargo-lambda's setting for a package with several binaries.
fn parse_binary(node: &Node) -> Option<String> {
    let binary = node.get("Metadata")?.get("BuildProperties")?.get("Binary")?;
    binary.text().map(str::to_owned)
}

fn at(resource: &Resource<'_>, node: &Node, error: impl Into<FunctionError>) -> LineError {
    let (function, problem) = (resource.logical_id.to_owned(), error.into());
    LineError::new(node.line, Problem::Function { function, problem })
}

fn count(value: &Value, default: u32) -> u32 {
    value.as_u64().map_or(default, |number| u32::try_from(number).unwrap_or(u32::MAX))
}

fn seconds(value: &Value, default: u64) -> Duration {
    Duration::from_secs(value.as_u64().unwrap_or(default))
}

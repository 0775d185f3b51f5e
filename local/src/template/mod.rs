//! Reads a SAM template, the single source of what exists.

/// The content of a template in the terms of this program.
mod app;
/// Archives of event buses.
mod archive;
/// From the resources of a template to an [`App`].
mod build;
/// What event buses log.
mod bus_log;
/// `Condition`, `Equals`, `Not`, `And`, `Or`.
mod condition;
/// What is wrong with a template, and where.
mod error;
/// `AWS::Serverless::Function`: its settings and its events.
mod function;
/// What the API answers by itself.
mod gateway_response;
/// The defaults in a template's `Globals`.
mod globals;
/// Intrinsic functions and their values.
mod intrinsics;
/// Queues, topics and subscriptions.
mod messaging;
/// The templates of nested stacks.
mod nested;
/// Compares the API's `OpenAPI` document with the functions' events.
mod openapi;
/// The stack's outputs.
mod outputs;
/// The template's parameters and their values.
mod parameters;
/// `Ref` and `GetAtt`: names, ARNs and ids of resources.
mod reference;
/// One resource of a template.
mod resource;
/// The REST API: the template's own, or the one that SAM creates implicitly.
mod rest_api;
/// From a function's policies to its role.
mod roles;
/// EventBridge rules.
mod rule;
/// Schedules of rules and of EventBridge Scheduler.
mod schedule;
/// Whom the methods of the API let in.
mod security;
/// `Sub`.
mod substitution;
/// Groups and sampling rules of X-Ray.
mod tracing;
/// YAML with tags and lines.
mod yaml;

pub use app::{
    Api, App, Archive, BusLog, BusLogLevel, Function, GatewayResponse, Queue, Route, Rule,
    Schedule, Scheduler, Security, Subscription, Target, Topic,
};
pub use error::{LineError, Problem, TemplateError};

use std::{fs, path::Path};

/// Loads the template at `path`; `overrides` are values of parameters by name.
pub fn load(path: &Path, overrides: &[(String, String)]) -> Result<App, TemplateError> {
    let text = fs::read_to_string(path)
        .map_err(|source| TemplateError::Unreadable { path: path.display().to_string(), source })?;
    let folder = path.parent().unwrap_or(Path::new("."));
    parse(&text, folder, overrides).map_err(|error| error.in_file(path))
}

fn parse(text: &str, folder: &Path, overrides: &[(String, String)]) -> Result<App, TemplateError> {
    let root = yaml::parse(text)?;
    let parameters = parameters::values(&root, overrides)?;
    let scope = intrinsics::Scope::new(&root, parameters)?;
    Ok(build::build(&root, &scope, folder)?)
}

#[cfg(test)]
mod tests;

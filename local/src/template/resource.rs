use std::{collections::BTreeMap, path::Path, time::Duration};

use serde_json::Value;

use super::{
    TemplateError,
    app::{Api, App, Function, Route, Rule, Target},
    intrinsics::Scope,
    roles::role,
    yaml::Node,
};
use crate::{
    identity::{arn, iam_arn},
    rules::{Pattern, PatternError},
};

/// Lambda's own defaults
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html>).
const DEFAULT_MEMORY: u64 = 128;
const DEFAULT_TIMEOUT: u64 = 3;
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html>).
const DEFAULT_RETRIES: u64 = 2;
const DEFAULT_MAX_AGE: u64 = 6 * 60 * 60;

/// One entry of `Resources`, its properties resolved.
pub(super) struct Resource<'a> {
    pub(super) logical_id: &'a str,
    pub(super) kind: &'a str,
    pub(super) line: usize,
    pub(super) name: String,
    node: &'a Node,
    pub(super) properties: Value,
    scope: &'a Scope<'a>,
}

impl<'a> Resource<'a> {
    pub(super) fn new(
        logical_id: &'a str,
        node: &'a Node,
        scope: &'a Scope<'a>,
    ) -> Result<Self, TemplateError> {
        let kind = node.get("Type").and_then(Node::text).ok_or_else(|| {
            TemplateError::at(node.line, format!("resource `{logical_id}` has no `Type`"))
        })?;
        let properties = match node.get("Properties") {
            Some(properties) => scope.resolve(properties)?.unwrap_or_default(),
            None => Value::Null,
        };
        let name = scope.physical_name(logical_id, kind, node)?;
        Ok(Self { logical_id, kind, line: node.line, name, node, properties, scope })
    }

    pub(super) fn function(
        &self,
        app: &mut App,
        globals: Option<&Node>,
        folder: &Path,
        managed: &[(String, Value)],
    ) -> Result<(), TemplateError> {
        let globals = match globals {
            Some(globals) => self.scope.resolve(globals)?.unwrap_or_default(),
            None => Value::Null,
        };
        let property = |name: &str| match &self.properties[name] {
            Value::Null => globals[name].clone(),
            own => own.clone(),
        };
        let runtime = property("Runtime");
        if !runtime.as_str().is_some_and(|runtime| runtime.starts_with("provided")) {
            let problem = format!(
                "function `{}` has the runtime {runtime}; only `provided.al2023` runs here",
                self.logical_id
            );
            return Err(TemplateError::at(self.line, problem));
        }
        if !property("Role").is_null() {
            let problem = format!(
                "function `{}` has a `Role`, which is not understood here; say what it may do in `Policies`",
                self.logical_id
            );
            return Err(TemplateError::at(self.line, problem));
        }
        let policies = self.node.get("Properties").and_then(|node| node.get("Policies"));
        let traced = !matches!(property("Tracing").as_str(), None | Some("Disabled"));
        let role = role(
            format!("local-{}Role", self.logical_id),
            &self.properties["Policies"],
            traced,
            managed,
        )
        .map_err(|problem| {
            let line = policies.map_or(self.line, |node| node.line);
            TemplateError::at(line, format!("function `{}`: {problem}", self.logical_id))
        })?;
        let mut environment = BTreeMap::new();
        for layer in [&globals, &self.properties] {
            let variables = layer["Environment"]["Variables"].as_object().into_iter().flatten();
            environment.extend(variables.map(|(name, value)| {
                (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            }));
        }
        let number = |value: Value, default| value.as_u64().unwrap_or(default);
        let invoke = property("EventInvokeConfig");
        let failure = &invoke["DestinationConfig"]["OnFailure"];
        let function = Function {
            logical_id: self.logical_id.to_owned(),
            arn: arn("lambda", &format!("function:{}", self.name)),
            memory: u32::try_from(number(property("MemorySize"), DEFAULT_MEMORY))
                .unwrap_or(u32::MAX),
            timeout: Duration::from_secs(number(property("Timeout"), DEFAULT_TIMEOUT)),
            traced: property("Tracing") == "Active",
            role,
            environment,
            handler: property("Handler").as_str().unwrap_or("bootstrap").to_owned(),
            log_group: property("LoggingConfig")["LogGroup"]
                .as_str()
                .map_or_else(|| format!("/aws/lambda/{}", self.name), str::to_owned),
            retries: u32::try_from(number(invoke["MaximumRetryAttempts"].clone(), DEFAULT_RETRIES))
                .unwrap_or(u32::MAX),
            max_age: Duration::from_secs(number(
                invoke["MaximumEventAgeInSeconds"].clone(),
                DEFAULT_MAX_AGE,
            )),
            on_failure: failure["Destination"].as_str().map(str::to_owned),
            package: folder.join(property("CodeUri").as_str().unwrap_or(".")),
            binary: self
                .node
                .get("Metadata")
                .and_then(|metadata| metadata.get("BuildProperties")?.get("Binary")?.text())
                .map(str::to_owned),
            name: self.name.clone(),
        };
        let events = self.node.get("Properties").and_then(|properties| properties.get("Events"));
        for (event, node) in events.map(Node::entries).unwrap_or_default() {
            self.event(app, &function, event, node)?;
        }
        app.functions.push(function);
        Ok(())
    }

    /// What sets a function off.
    fn event(
        &self,
        app: &mut App,
        function: &Function,
        event: &str,
        node: &Node,
    ) -> Result<(), TemplateError> {
        let value = self.scope.resolve(node)?.unwrap_or_default();
        let properties = &value["Properties"];
        match value["Type"].as_str() {
            Some("Api") => app.routes.push(Route {
                method: properties["Method"].as_str().unwrap_or("ANY").to_uppercase(),
                path: properties["Path"].as_str().unwrap_or("/").to_owned(),
                function: self.logical_id.to_owned(),
            }),
            Some("EventBridgeRule" | "CloudWatchEvent") => {
                // SAM makes a name for a rule that has none, of which nobody knows the end.
                let name = properties["RuleName"].as_str().map(str::to_owned);
                let name = name.unwrap_or_else(|| format!("{}-{event}", self.logical_id));
                let target = Target {
                    function: function.arn.clone(),
                    dead_letters: properties["DeadLetterConfig"]["Arn"].as_str().map(str::to_owned),
                };
                let pattern = node.get("Properties").and_then(|node| node.get("Pattern"));
                app.rules.push(self.make_rule(
                    name,
                    properties,
                    "Pattern",
                    pattern,
                    vec![target],
                )?);
            }
            kind => app.not_emulated.push((
                format!("{}.Events.{event}", self.logical_id),
                format!("event source {}", kind.unwrap_or("without a type")),
            )),
        }
        Ok(())
    }

    pub(super) fn rule(&self, app: &mut App) -> Result<(), TemplateError> {
        let mut targets = Vec::new();
        for target in self.properties["Targets"].as_array().into_iter().flatten() {
            let target_arn = target["Arn"].as_str().unwrap_or_default();
            if target_arn.contains(":lambda:") {
                targets.push(Target {
                    function: target_arn.to_owned(),
                    dead_letters: target["DeadLetterConfig"]["Arn"].as_str().map(str::to_owned),
                });
            } else {
                let kind = format!("rule target {target_arn}");
                app.not_emulated.push((self.logical_id.to_owned(), kind));
            }
        }
        let pattern = self.node.get("Properties").and_then(|node| node.get("EventPattern"));
        let rule =
            self.make_rule(self.name.clone(), &self.properties, "EventPattern", pattern, targets)?;
        app.rules.push(rule);
        Ok(())
    }

    fn make_rule(
        &self,
        name: String,
        properties: &Value,
        key: &str,
        node: Option<&Node>,
        targets: Vec<Target>,
    ) -> Result<Rule, TemplateError> {
        let line = node.map_or(self.line, |node| node.line);
        let at = |error: PatternError| TemplateError::at(line, format!("rule `{name}`: {error}"));
        let bus = properties["EventBusName"].as_str().unwrap_or("default");
        let bus = bus.rsplit('/').next().unwrap_or(bus).to_owned();
        let pattern = Pattern::from_value(&properties[key]).map_err(at)?;
        let path = if bus == "default" { name.clone() } else { format!("{bus}/{name}") };
        let enabled = properties["State"] != "DISABLED";
        let arn = arn("events", &format!("rule/{path}"));
        let logical_id = self.logical_id.to_owned();
        Ok(Rule { logical_id, name, arn, bus, pattern, enabled, targets })
    }

    /// The ARN and the document of a managed policy.
    pub(super) fn managed_policy(&self) -> (String, Value) {
        (iam_arn(&format!("policy/{}", self.name)), self.properties["PolicyDocument"].clone())
    }

    pub(super) fn api(&self, app: &mut App) -> Result<(), TemplateError> {
        if app.api.is_some() {
            return Err(TemplateError::at(self.line, "only one AWS::Serverless::Api runs here"));
        }
        let text = |name: &str, default: &str| {
            self.properties[name].as_str().unwrap_or(default).to_owned()
        };
        app.api = Some(Api {
            name: text("Name", self.logical_id),
            stage: text("StageName", "Prod"),
            traced: self.properties["TracingEnabled"] == true,
        });
        Ok(())
    }

    /// The `CreateTable` request that makes the table, without what only CloudFormation knows.
    pub(super) fn table(&self) -> Value {
        let mut request = self.properties.clone();
        request["TableName"] = self.name.clone().into();
        if let Some(request) = request.as_object_mut() {
            let known = [
                "TableName",
                "AttributeDefinitions",
                "KeySchema",
                "BillingMode",
                "ProvisionedThroughput",
                "GlobalSecondaryIndexes",
                "LocalSecondaryIndexes",
            ];
            request.retain(|name, _| known.contains(&name.as_str()));
        }
        request
    }
}

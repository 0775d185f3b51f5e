use std::path::Path;

use serde_json::Value;

use super::{
    TemplateError,
    app::{App, Queue, Topic},
    intrinsics::Scope,
    openapi::mismatch,
    resource::Resource,
    yaml::Node,
};
use crate::identity::arn;

/// What has an effect on AWS only and hinders nobody here: permissions, log groups.
const WITHOUT_EFFECT: [&str; 7] = [
    "AWS::ApiGateway::Account",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::SQS::QueuePolicy",
    "AWS::SNS::TopicPolicy",
    // The functions' own policies hold here, those of other roles have nobody to hold for.
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
];

pub(super) fn build(root: &Node, scope: &Scope<'_>, folder: &Path) -> Result<App, TemplateError> {
    let mut app = App::default();
    let globals = root.get("Globals").and_then(|globals| globals.get("Function"));
    let mut resources = Vec::new();
    for (logical_id, node) in root.get("Resources").map(Node::entries).unwrap_or_default() {
        if exists(node, scope)? {
            resources.push(Resource::new(logical_id, node, scope)?);
        }
    }
    let managed = resources.iter().filter(|resource| resource.kind == "AWS::IAM::ManagedPolicy");
    let managed: Vec<_> = managed.map(Resource::managed_policy).collect();
    for resource in &resources {
        let logical_id = resource.logical_id.to_owned();
        match resource.kind {
            "AWS::Serverless::Function" => {
                resource.function(&mut app, globals, folder, &managed)?;
            }
            "AWS::Serverless::Api" => resource.api(&mut app)?,
            "AWS::Events::EventBus" => app.buses.push(resource.name.clone()),
            "AWS::Events::Rule" => resource.rule(&mut app)?,
            "AWS::DynamoDB::Table" => app.tables.push(resource.table()),
            "AWS::SNS::Topic" => app.topics.push(Topic { arn: arn("sns", &resource.name) }),
            "AWS::SQS::Queue" => {
                let (name, arn) = (resource.name.clone(), arn("sqs", &resource.name));
                app.queues.push(Queue { name, arn });
            }
            // One that attaches itself to roles is not read, so it must not go unsaid.
            "AWS::IAM::ManagedPolicy" if !resource.properties["Roles"].is_null() => {
                app.not_emulated.push((logical_id, format!("{} with Roles", resource.kind)));
            }
            kind if WITHOUT_EFFECT.contains(&kind) => {}
            kind => app.not_emulated.push((logical_id, kind.to_owned())),
        }
    }
    for (name, output) in root.get("Outputs").map(Node::entries).unwrap_or_default() {
        if let Some(value) = output.get("Value")
            && exists(output, scope)?
            && let Some(Value::String(value)) = scope.resolve(value)?
        {
            app.outputs.insert(name.clone(), value);
        }
    }
    for api in resources.iter().filter(|resource| resource.kind == "AWS::Serverless::Api") {
        let document = &api.properties["DefinitionBody"];
        let mismatch = if document.is_null() { None } else { mismatch(document, &app.routes) };
        if let Some(problem) = mismatch {
            return Err(TemplateError::at(api.line, problem));
        }
    }
    check(&app, root)?;
    Ok(app)
}

/// Whether the condition of a resource or an output holds.
fn exists(node: &Node, scope: &Scope<'_>) -> Result<bool, TemplateError> {
    match node.get("Condition").and_then(Node::text) {
        Some(condition) => scope.condition(condition, node.line),
        None => Ok(true),
    }
}

/// What would fail on AWS at deployment or, worse, silently later.
fn check(app: &App, root: &Node) -> Result<(), TemplateError> {
    let line = |logical_id: &str| {
        let resources = root.get("Resources");
        resources.and_then(|resources| resources.get(logical_id)).map_or(0, |node| node.line)
    };
    for function in &app.functions {
        if let Some(queue) = &function.on_failure
            && !app.queues.iter().any(|known| known.arn == *queue)
        {
            let problem =
                format!("the on-failure destination `{queue}` is no queue of this template");
            return Err(TemplateError::at(line(&function.logical_id), problem));
        }
    }
    for rule in &app.rules {
        let logical_id = &rule.logical_id;
        if rule.bus != "default" && !app.buses.contains(&rule.bus) {
            let problem = format!(
                "rule `{}` listens to `{}`, which is no bus of this template",
                rule.name, rule.bus
            );
            return Err(TemplateError::at(line(logical_id), problem));
        }
        for target in &rule.targets {
            if let Some(queue) = &target.dead_letters
                && !app.queues.iter().any(|known| known.arn == *queue)
            {
                let problem = format!(
                    "rule `{}` has `{queue}` for dead letters, which is no queue of this template",
                    rule.name
                );
                return Err(TemplateError::at(line(logical_id), problem));
            }
        }
    }
    Ok(())
}

use std::path::Path;

use super::{
    app::App, archive, bus_log, error::LineError, function, globals::Globals, intrinsics::Scope,
    messaging, nested, openapi, outputs, resource::Resource, rest_api, rule, security, tracing,
    yaml::Node,
};
use crate::identity::iam_arn;

/// What has an effect on AWS only, and whose absence changes nothing here: permissions, log groups.
pub(super) const WITHOUT_EFFECT: [&str; 6] = [
    "AWS::ApiGateway::Account",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::SQS::QueuePolicy",
    "AWS::SNS::TopicPolicy",
    // Only the functions' own policies are enforced.
    "AWS::IAM::ManagedPolicy",
];

/// What is wrong with a resource, or with a reference from one to another.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A template without resources.
    #[error("the template has no `Resources`")]
    NoResources,
    /// A resource without a type.
    #[error("resource `{0}` has no `Type`")]
    NoType(String),
    /// `Properties` that are a text or a list.
    #[error("the `Properties` of resource `{0}` are no mapping")]
    Properties(String),
    /// A second REST API.
    #[error("only one AWS::Serverless::Api runs here")]
    SecondApi,
    /// An on-failure destination that does not exist.
    #[error("the on-failure destination `{0}` is not a queue of this template")]
    UnknownDestination(String),
    /// A subscription between a topic and a queue of which one does not exist.
    #[error(
        "the subscription `{0}` needs a topic and a queue of this template, not `{1}` and `{2}`"
    )]
    UnknownSubscription(String, String, String),
    /// A rule of a bus that does not exist.
    #[error("rule `{rule}` is on the bus `{bus}`, which is not in this template")]
    UnknownBus {
        /// The rule's name.
        rule: String,
        /// The bus's name.
        bus: String,
    },
    /// An archive of a bus that does not exist.
    #[error("archive `{archive}` is of the bus `{bus}`, which is not in this template")]
    UnknownArchivedBus {
        /// The archive's name.
        archive: String,
        /// The bus's name.
        bus: String,
    },
    /// A dead-letter queue that does not exist.
    #[error("rule `{rule}` has the dead-letter queue `{queue}`, which is not in this template")]
    UnknownDeadLetterQueue {
        /// The rule's name.
        rule: String,
        /// The queue's ARN.
        queue: String,
    },
}

pub(super) fn build(root: &Node, scope: &Scope<'_>, folder: &Path) -> Result<App, LineError> {
    let globals = Globals::resolve(root, scope)?;
    let mut resources = Vec::new();
    for (logical_id, node) in scope.resources {
        if scope.exists(node)? {
            resources.push(Resource::new(logical_id, node, scope)?);
        }
    }
    let managed = resources.iter().filter(|resource| resource.kind == "AWS::IAM::ManagedPolicy");
    let managed: Vec<_> = managed.map(Resource::managed_policy).collect();
    let mut app = App::default();
    for resource in &resources {
        if resource.kind == "AWS::Serverless::Function" {
            let function = function::parse(resource, &globals, folder, &managed)?;
            function::add_events(resource, &function, &mut app)?;
            app.functions.push(function);
        } else {
            add(resource, &globals, folder, &mut app)?;
        }
    }
    if resources.iter().any(|resource| rest_api::is_implied_by(resource.node)) {
        match &app.api {
            None => app.api = Some(rest_api::implicit(scope, &globals)?),
            Some(api) => {
                let problem =
                    format!("a second AWS::Serverless::Api; `{}` has its routes", api.name);
                app.not_emulated.push((rest_api::IMPLICIT.to_owned(), problem));
            }
        }
    }
    (app.outputs, app.unresolved_outputs) = outputs::evaluate(root, scope);
    check_routes(&mut app, &resources)?;
    check_queues_and_buses(&app, scope)?;
    Ok(app)
}

/// Adds a resource that is not a function.
fn add(
    resource: &Resource<'_>,
    globals: &Globals,
    folder: &Path,
    app: &mut App,
) -> Result<(), LineError> {
    match resource.kind {
        "AWS::Serverless::Api" if app.api.is_some() => {
            return Err(LineError::new(resource.node.line, BuildError::SecondApi));
        }
        "AWS::Serverless::Api" => app.api = Some(rest_api::explicit(resource, globals)),
        "AWS::Events::EventBus" => {
            app.buses.push(resource.name.clone());
            app.bus_logs.extend(bus_log::parse(resource).map(|log| (resource.name.clone(), log)));
        }
        "AWS::Events::Rule" => rule::add(resource, app)?,
        "AWS::Events::Archive" => app.archives.push(archive::parse(resource)?),
        "AWS::DynamoDB::Table" => app.tables.push(resource.table()),
        "AWS::SNS::Topic" => messaging::add_topic(resource, app),
        "AWS::SNS::Subscription" => messaging::add_subscription(resource, app),
        "AWS::SQS::Queue" => app.queues.push(messaging::queue(resource)),
        "AWS::XRay::Group" => tracing::add_group(resource, app),
        "AWS::XRay::SamplingRule" => tracing::add_sampling_rule(resource, app),
        "AWS::CloudFormation::Stack" => nested::add(resource, folder, app)?,
        // One that attaches itself to roles is not evaluated, so it has to be named.
        "AWS::IAM::ManagedPolicy" if !resource.properties["Roles"].is_null() => {
            let kind = format!("{} with Roles", resource.kind);
            app.not_emulated.push((resource.logical_id.to_owned(), kind));
        }
        "AWS::IAM::Role" => {
            let trusted = security::trusts_account(&resource.properties);
            app.assumable_roles
                .extend(trusted.then(|| iam_arn(&format!("role/{}", resource.name))));
        }
        kind if WITHOUT_EFFECT.contains(&kind) => {}
        kind => app.not_emulated.push((resource.logical_id.to_owned(), kind.to_owned())),
    }
    Ok(())
}

/// Checks the routes against the API's own document, which says whom they let in.
fn check_routes(app: &mut App, resources: &[Resource<'_>]) -> Result<(), LineError> {
    for api in resources.iter().filter(|resource| resource.kind == "AWS::Serverless::Api") {
        let document = &api.properties["DefinitionBody"];
        if !document.is_null() {
            openapi::check(document, &app.routes)
                .map_err(|mismatch| LineError::new(api.node.line, mismatch))?;
            app.routes.iter_mut().for_each(|route| security::read(document, route));
        }
    }
    Ok(())
}

/// Checks for names that lead nowhere. On AWS they fail the deployment or, worse, lose events
/// later.
fn check_queues_and_buses(app: &App, scope: &Scope<'_>) -> Result<(), LineError> {
    let at = |logical_id: &str, error: BuildError| {
        let declared = scope.resources.iter().find(|(name, _)| name == logical_id);
        LineError::new(declared.map_or(0, |(_, node)| node.line), error)
    };
    let is_unknown = |queue: &&String| !app.queues.iter().any(|known| known.arn == **queue);
    for function in &app.functions {
        if let Some(queue) = function.on_failure.as_ref().filter(is_unknown) {
            return Err(at(&function.logical_id, BuildError::UnknownDestination(queue.clone())));
        }
    }
    for subscription in &app.subscriptions {
        let topic = app.topics.iter().find(|topic| topic.arn == subscription.topic);
        if topic.is_none() || is_unknown(&&subscription.queue) {
            let (name, topic) = (subscription.logical_id.clone(), subscription.topic.clone());
            let error = BuildError::UnknownSubscription(name, topic, subscription.queue.clone());
            return Err(at(&subscription.logical_id, error));
        }
    }
    for rule in &app.rules {
        if rule.bus != "default" && !app.buses.contains(&rule.bus) {
            let (rule_name, bus) = (rule.name.clone(), rule.bus.clone());
            let error = BuildError::UnknownBus { rule: rule_name, bus };
            return Err(at(&rule.logical_id, error));
        }
    }
    for archive in &app.archives {
        if archive.bus != "default" && !app.buses.contains(&archive.bus) {
            let (name, bus) = (archive.name.clone(), archive.bus.clone());
            let error = BuildError::UnknownArchivedBus { archive: name, bus };
            return Err(at(&archive.logical_id, error));
        }
    }
    let rules = app.rules.iter().map(|rule| (&rule.logical_id, &rule.name, &rule.targets));
    let schedules = app.schedules.iter();
    let schedules = schedules.map(|one| (&one.logical_id, &one.name, &one.targets));
    for (logical_id, name, targets) in rules.chain(schedules) {
        let mut queues = targets.iter().filter_map(|target| target.dead_letters.as_ref());
        if let Some(queue) = queues.find(is_unknown) {
            let (rule, queue) = (name.clone(), queue.clone());
            let error = BuildError::UnknownDeadLetterQueue { rule, queue };
            return Err(at(logical_id, error));
        }
    }
    Ok(())
}

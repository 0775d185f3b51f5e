/// SAM's policy templates.
mod policy_templates;

use serde_json::Value;

use self::policy_templates::POLICY_TEMPLATES;
use crate::{
    identity::arn,
    rules::{PolicyError, Role, Statement},
};

/// Managed policies that concern nothing that is emulated here: logs, network interfaces.
const WITHOUT_EFFECT: [&str; 2] =
    ["AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole"];
/// The permissions of a traced function, under two names. SAM attaches one of them where `Tracing`
/// is set.
const XRAY: [&str; 2] = ["AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess"];
const XRAY_ACTIONS: [&str; 5] = [
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:GetSamplingStatisticSummaries",
];

/// Why a function's `Policies` do not make a role.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// A managed policy whose permissions are not known here.
    #[error(
        "the permissions of the managed policy `{0}` are not known here; write them as statements"
    )]
    UnknownManagedPolicy(String),
    /// A policy template whose permissions are not known here.
    #[error("the policy template `{0}` is not known here; write its permissions as statements")]
    UnknownTemplate(String),
    /// A parameter that a policy template needs.
    #[error("the policy template `{template}` needs `{parameter}`")]
    MissingParameter {
        /// The template's name.
        template: &'static str,
        /// The parameter's name.
        parameter: String,
    },
    /// A statement that is not evaluated here.
    #[error(transparent)]
    Statement(#[from] PolicyError),
    /// Neither a name nor a mapping.
    #[error("{0} is not a policy")]
    NotAPolicy(Value),
}

/// The role that SAM creates for a function with these `Policies`. `managed` are the template's own
/// managed policies, ARN and document.
pub(super) fn role(
    name: String,
    policies: &Value,
    traced: bool,
    managed: &[(String, Value)],
) -> Result<Role, RoleError> {
    let mut statements = Vec::new();
    if traced {
        statements.push(Statement::allow(&XRAY_ACTIONS, vec!["*".to_owned()]));
    }
    let policies = match policies {
        Value::Null => &[],
        Value::Array(policies) => policies.as_slice(),
        one => std::slice::from_ref(one),
    };
    for policy in policies {
        match policy {
            Value::String(name) => statements.extend(managed_policy(name, managed)?),
            Value::Object(document) if document.contains_key("Statement") => {
                statements.extend(Statement::read_all(policy)?);
            }
            Value::Object(templates) => {
                for (name, parameters) in templates {
                    statements.extend(policy_template(name, parameters)?);
                }
            }
            other => return Err(RoleError::NotAPolicy(other.clone())),
        }
    }
    Ok(Role { name, statements })
}

/// The statements of a managed policy, of the template or of AWS.
fn managed_policy(name: &str, managed: &[(String, Value)]) -> Result<Vec<Statement>, RoleError> {
    if let Some((_, document)) = managed.iter().find(|(arn, _)| arn == name) {
        return Ok(Statement::read_all(document)?);
    }
    match name.rsplit('/').next() {
        Some(name) if XRAY.contains(&name) => {
            Ok(vec![Statement::allow(&XRAY_ACTIONS, vec!["*".to_owned()])])
        }
        Some(name) if WITHOUT_EFFECT.contains(&name) => Ok(Vec::new()),
        _ => Err(RoleError::UnknownManagedPolicy(name.to_owned())),
    }
}

/// The statements of a policy template with these parameters. Like SAM, it ignores parameters that
/// the template does not have.
fn policy_template(name: &str, parameters: &Value) -> Result<Vec<Statement>, RoleError> {
    let found = POLICY_TEMPLATES.iter().find(|(known, _)| *known == name);
    let (template, statements) =
        found.ok_or_else(|| RoleError::UnknownTemplate(name.to_owned()))?;
    let statements = statements.iter().map(|(service, actions, resources)| {
        let actions = actions.split_whitespace().map(|action| format!("{service}:{action}"));
        let resources = resources.split_whitespace().map(|resource| {
            let resource = with_parameters(template, resource, parameters)?;
            let whole = resource == "*" || resource.starts_with("arn:");
            Ok(if whole { resource } else { arn(service, &resource) })
        });
        Ok(Statement {
            allows: true,
            actions: actions.collect(),
            resources: resources.collect::<Result<_, RoleError>>()?,
        })
    });
    statements.collect()
}

/// `resource` with the value of each `{Parameter}` in its place.
fn with_parameters(
    template: &'static str,
    resource: &str,
    parameters: &Value,
) -> Result<String, RoleError> {
    let mut parts = resource.split(['{', '}']);
    let mut result = parts.next().unwrap_or_default().to_owned();
    while let (Some(parameter), Some(text)) = (parts.next(), parts.next()) {
        let value = parameters[parameter].as_str().ok_or_else(|| RoleError::MissingParameter {
            template,
            parameter: parameter.to_owned(),
        })?;
        result.extend([value, text]);
    }
    Ok(result)
}

#[cfg(test)]
mod tests;

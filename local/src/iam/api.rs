use axum::{body::Body, http::Response};

use super::authorizer::Guard;
use crate::rules::{Role, Verdict};
use crate::wire::{AwsError, escaped, query_answer, read_form};

/// The namespace of IAM's answers.
pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// Answers a request to the IAM API, in the query protocol. `SimulatePrincipalPolicy` is all that there is of
/// it: what a role may do, asked before it tries.
/// See <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>.
pub fn answer(guard: &Guard, body: &[u8]) -> Result<Response<Body>, AwsError> {
    let form = read_form(body);
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let operation = "SimulatePrincipalPolicy";
    if text("Action") != operation {
        return Err(AwsError::unknown_operation("IAM", text("Action"), &[operation]));
    }
    let source = text("PolicySourceArn");
    let role = guard.role(source).ok_or_else(|| {
        AwsError::not_found("NoSuchEntity", format!("The entity {source} does not exist."))
    })?;
    let list = |name: &str| -> Vec<&str> {
        (1..)
            .map_while(|number| form.get(&format!("{name}.member.{number}")))
            .map(String::as_str)
            .collect()
    };
    let mut resources = list("ResourceArns");
    if resources.is_empty() {
        resources.push("*");
    }
    let results: String = list("ActionNames")
        .iter()
        .flat_map(|action| resources.iter().map(move |resource| evaluation(role, action, resource)))
        .collect();
    Ok(query_answer(
        NAMESPACE,
        operation,
        &format!(
            "<IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults>"
        ),
    ))
}

fn evaluation(role: &Role, action: &str, resource: &str) -> String {
    let decision = match role.verdict(action, resource) {
        Verdict::Allowed => "allowed",
        Verdict::ImplicitDeny => "implicitDeny",
        Verdict::ExplicitDeny => "explicitDeny",
    };
    let (action, resource) = (escaped(action), escaped(resource));
    format!(
        "<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}</EvalResourceName>\
         <EvalDecision>{decision}</EvalDecision></member>"
    )
}

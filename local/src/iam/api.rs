use std::{future, sync::Arc};

use futures_util::future::BoxFuture;

use super::authorizer::Authorizer;
use crate::{
    rules::{Role, Verdict},
    wire::{AwsApi, AwsError, AwsRequest, Outcome, Permission, Protocol, Response, escape},
};

/// The one operation: what a role allows, asked before it is used.
/// See <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>.
const OPERATION: &str = "SimulatePrincipalPolicy";

/// The IAM API.
#[derive(Debug)]
pub(crate) struct Iam(pub(crate) Arc<Authorizer>);

impl AwsApi for Iam {
    fn name(&self) -> &'static str {
        "iam"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Query { namespace: "https://iam.amazonaws.com/doc/2010-05-08/" }
    }

    /// Whoever can reach this may ask.
    fn permissions(&self, _request: &AwsRequest) -> Vec<Permission> {
        Vec::new()
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        Box::pin(future::ready(simulate(&self.0, request)))
    }
}

fn simulate(authorizer: &Authorizer, request: &AwsRequest) -> Outcome {
    if request.operation != OPERATION {
        return Err(AwsError::unknown_operation("IAM", &request.operation, &[OPERATION]));
    }
    let source = request.field("PolicySourceArn");
    let role = authorizer.role(source).ok_or_else(|| {
        AwsError::not_found("NoSuchEntity", format!("The entity {source} does not exist."))
    })?;
    let mut resources = members(request, "ResourceArns");
    if resources.is_empty() {
        resources.push("*");
    }
    let results: String = members(request, "ActionNames")
        .iter()
        .flat_map(|action| resources.iter().map(move |resource| evaluation(role, action, resource)))
        .collect();
    Ok(Response::Xml(format!(
        "<IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults>"
    )))
}

fn members<'a>(request: &'a AwsRequest, name: &str) -> Vec<&'a str> {
    let members = (1..).map_while(|number| request.form.get(&format!("{name}.member.{number}")));
    members.map(String::as_str).collect()
}

fn evaluation(role: &Role, action: &str, resource: &str) -> String {
    let decision = match role.verdict(action, resource) {
        Verdict::Allowed => "allowed",
        Verdict::ImplicitDeny => "implicitDeny",
        Verdict::ExplicitDeny => "explicitDeny",
    };
    let (action, resource) = (escape(action), escape(resource));
    format!(
        "<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}</EvalResourceName>\
         <EvalDecision>{decision}</EvalDecision></member>"
    )
}

use serde_json::Value;

use crate::{
    identity::arn,
    rules::{Role, Statement},
};

/// What SAM and AWS know by name and what concerns nothing that is emulated here: logs, network interfaces.
const WITHOUT_EFFECT: [&str; 2] =
    ["AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole"];
/// What a function needs to be traced, under two names. SAM attaches one of them where `Tracing` is set.
const XRAY: [&str; 2] = ["AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess"];
const XRAY_ACTIONS: [&str; 5] = [
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:GetSamplingStatisticSummaries",
];

/// A SAM policy template: its name, its parameter, the service, what comes before the parameter in the ARN, and the
/// actions (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-templates.html>).
type PolicyTemplate =
    (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);
const POLICY_TEMPLATES: [PolicyTemplate; 5] = [
    (
        "DynamoDBReadPolicy",
        "TableName",
        "dynamodb",
        "table/",
        &[
            "dynamodb:GetItem",
            "dynamodb:Scan",
            "dynamodb:Query",
            "dynamodb:BatchGetItem",
            "dynamodb:DescribeTable",
        ],
    ),
    (
        "DynamoDBWritePolicy",
        "TableName",
        "dynamodb",
        "table/",
        &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"],
    ),
    ("EventBridgePutEventsPolicy", "EventBusName", "events", "event-bus/", &["events:PutEvents"]),
    ("LambdaInvokePolicy", "FunctionName", "lambda", "function:", &["lambda:InvokeFunction"]),
    ("SNSPublishMessagePolicy", "TopicName", "sns", "", &["sns:Publish"]),
];

/// The role that SAM makes for a function with these `Policies`. `managed` are the template's own managed policies,
/// ARN and document.
pub(super) fn role(
    name: String,
    policies: &Value,
    traced: bool,
    managed: &[(String, Value)],
) -> Result<Role, String> {
    let mut statements = Vec::new();
    if traced {
        statements.push(Statement::allow(&XRAY_ACTIONS, vec!["*".to_owned()]));
    }
    let one = [policies.clone()];
    let policies = match policies {
        Value::Null => &[][..],
        Value::Array(policies) => policies,
        _ => &one,
    };
    for policy in policies {
        match policy {
            Value::String(named) => statements.extend(by_name(named, managed)?),
            Value::Object(document) if document.contains_key("Statement") => {
                statements.extend(Statement::read_all(policy).map_err(|error| error.to_string())?);
            }
            Value::Object(template) => {
                for (name, parameters) in template {
                    statements.push(from_template(name, parameters)?);
                }
            }
            other => return Err(format!("{other} is no policy")),
        }
    }
    Ok(Role { name, statements })
}

fn by_name(name: &str, managed: &[(String, Value)]) -> Result<Vec<Statement>, String> {
    if let Some((_, document)) = managed.iter().find(|(arn, _)| arn == name) {
        return Statement::read_all(document).map_err(|error| error.to_string());
    }
    match name.rsplit('/').next() {
        Some(name) if XRAY.contains(&name) => {
            Ok(vec![Statement::allow(&XRAY_ACTIONS, vec!["*".to_owned()])])
        }
        Some(name) if WITHOUT_EFFECT.contains(&name) => Ok(Vec::new()),
        _ => Err(format!(
            "the managed policy `{name}` is not known here, so nobody knows what it allows; write statements"
        )),
    }
}

fn from_template(name: &str, parameters: &Value) -> Result<Statement, String> {
    let found = POLICY_TEMPLATES.iter().find(|(known, ..)| *known == name).ok_or_else(|| {
        let known: Vec<_> = POLICY_TEMPLATES.iter().map(|(known, ..)| *known).collect();
        format!("the policy template `{name}` is not known here; these are: {}", known.join(", "))
    })?;
    let (_, parameter, service, before, actions) = found;
    let value = parameters[*parameter]
        .as_str()
        .ok_or_else(|| format!("the policy template `{name}` wants `{parameter}`"))?;
    let resource = arn(service, &format!("{before}{value}"));
    let indexes = (*parameter == "TableName").then(|| format!("{resource}/index/*"));
    Ok(Statement::allow(actions, [Some(resource), indexes].into_iter().flatten().collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::Verdict;

    #[test]
    fn policies_and_what_they_allow() {
        let own = ("arn:aws:iam::000000000000:policy/own".to_owned(), {
            json!({ "Statement": { "Effect": "Deny", "Action": "sns:*", "Resource": "*" } })
        });
        let table = "arn:aws:dynamodb:us-east-1:000000000000:table/t";
        let topic = "arn:aws:sns:us-east-1:000000000000:n";
        for (policies, action, resource, verdict) in [
            (json!(null), "dynamodb:GetItem", table, Verdict::ImplicitDeny),
            (
                json!({ "DynamoDBReadPolicy": { "TableName": "t" } }),
                "dynamodb:GetItem",
                table,
                Verdict::Allowed,
            ),
            (
                json!([{ "DynamoDBReadPolicy": { "TableName": "t" } }]),
                "dynamodb:Query",
                &format!("{table}/index/i"),
                Verdict::Allowed,
            ),
            (
                json!([{ "DynamoDBReadPolicy": { "TableName": "t" } }]),
                "dynamodb:PutItem",
                table,
                Verdict::ImplicitDeny,
            ),
            (
                json!([{ "SNSPublishMessagePolicy": { "TopicName": "n" } }]),
                "sns:Publish",
                topic,
                Verdict::Allowed,
            ),
            (
                json!([{ "SNSPublishMessagePolicy": { "TopicName": "n" } }, own.0]),
                "sns:Publish",
                topic,
                Verdict::ExplicitDeny,
            ),
            (
                json!({ "Statement": [{ "Effect": "Allow", "Action": "sns:Publish", "Resource": topic }] }),
                "sns:Publish",
                topic,
                Verdict::Allowed,
            ),
            (json!(["AWSXRayDaemonWriteAccess"]), "xray:PutTraceSegments", "*", Verdict::Allowed),
            (
                json!(["AWSLambdaBasicExecutionRole"]),
                "xray:PutTraceSegments",
                "*",
                Verdict::ImplicitDeny,
            ),
        ] {
            let role = role("r".to_owned(), &policies, false, std::slice::from_ref(&own)).unwrap();
            assert_eq!(role.verdict(action, resource), verdict, "{policies} {action}");
        }
    }

    #[test]
    fn policies_that_are_not_understood_are_refused() {
        for (policies, complaint) in [
            (
                json!(["AdministratorAccess"]),
                "the managed policy `AdministratorAccess` is not known here",
            ),
            (
                json!([{ "S3ReadPolicy": { "BucketName": "b" } }]),
                "the policy template `S3ReadPolicy` is not known here",
            ),
            (
                json!([{ "DynamoDBReadPolicy": {} }]),
                "the policy template `DynamoDBReadPolicy` wants `TableName`",
            ),
            (json!([7]), "7 is no policy"),
            (
                json!([{ "Statement": [{ "Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {} }] }]),
                "a statement with `Condition` is not understood here",
            ),
        ] {
            let error = role("r".to_owned(), &policies, true, &[]).unwrap_err();
            assert!(error.contains(complaint), "{error}");
        }
    }
}

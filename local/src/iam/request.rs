use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::identity::arn;

/// An action on a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// `dynamodb:PutItem`.
    pub action: String,
    /// The ARN that it is done to; `*` where the action knows none.
    pub resource: String,
}

/// What IAM is asked about a request to `service`, each thing once. `target` is the request's target header. A
/// request that makes no sense asks for nothing: its service answers what is wrong with it.
pub fn calls(service: &str, target: &str, path: &str, body: &[u8]) -> Vec<Call> {
    let operation = target.rsplit('.').next().unwrap_or_default();
    let json = || serde_json::from_slice::<Value>(body).unwrap_or_default();
    let mut calls = match service {
        "dynamodb" => dynamodb(operation, &json()),
        "events" => events(operation, &json()),
        "sns" => sns(body),
        "sqs" => vec![sqs(operation, &json())],
        "lambda" => lambda(path).into_iter().collect(),
        "xray" => vec![call("xray", xray_action(path), "*".to_owned())],
        _ => Vec::new(),
    };
    calls.sort();
    calls.dedup();
    calls
}

fn call(service: &str, operation: &str, resource: String) -> Call {
    Call { action: format!("{service}:{operation}"), resource }
}

/// Transactions have no action of their own: each of their parts is asked for
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>).
fn dynamodb(operation: &str, body: &Value) -> Vec<Call> {
    if let Some(items) = body["TransactItems"].as_array() {
        let parts = items.iter().filter_map(Value::as_object).flatten();
        return parts
            .map(|(kind, part)| {
                let action = if kind == "ConditionCheck" {
                    "ConditionCheckItem".to_owned()
                } else {
                    format!("{kind}Item")
                };
                call("dynamodb", &action, table(&part["TableName"]))
            })
            .collect();
    }
    if let Some(tables) = body["RequestItems"].as_object() {
        return tables
            .keys()
            .map(|name| call("dynamodb", operation, table(&Value::from(name.as_str()))))
            .collect();
    }
    let resource = match (&body["TableName"], body["IndexName"].as_str()) {
        (Value::Null, _) => "*".to_owned(),
        (name, Some(index)) => format!("{}/index/{index}", table(name)),
        (name, None) => table(name),
    };
    vec![call("dynamodb", operation, resource)]
}

/// A table is named by its name or its ARN.
fn table(name: &Value) -> String {
    let name = name.as_str().unwrap_or_default();
    if name.starts_with("arn:") {
        name.to_owned()
    } else {
        arn("dynamodb", &format!("table/{name}"))
    }
}

fn events(operation: &str, body: &Value) -> Vec<Call> {
    if operation != "PutEvents" {
        return vec![call("events", operation, "*".to_owned())];
    }
    let entries = body["Entries"].as_array().into_iter().flatten();
    entries
        .map(|entry| {
            let bus = entry["EventBusName"].as_str().unwrap_or("default");
            let bus = if bus.starts_with("arn:") {
                bus.to_owned()
            } else {
                arn("events", &format!("event-bus/{bus}"))
            };
            call("events", operation, bus)
        })
        .collect()
}

fn sns(body: &[u8]) -> Vec<Call> {
    let form: BTreeMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
    let text = |name: &str| form.get(name).cloned().unwrap_or_default();
    vec![call("sns", &text("Action"), text("TopicArn"))]
}

fn sqs(operation: &str, body: &Value) -> Call {
    let url = body["QueueUrl"].as_str().or_else(|| body["QueueName"].as_str()).unwrap_or_default();
    call("sqs", operation, arn("sqs", url.rsplit('/').next().unwrap_or_default()))
}

fn lambda(path: &str) -> Option<Call> {
    let (name, what) = path.strip_prefix("/2015-03-31/functions/")?.split_once('/')?;
    let operation = match what {
        "invocations" => "InvokeFunction",
        "configuration" => "GetFunctionConfiguration",
        _ => return None,
    };
    let name = percent_decode_str(name).decode_utf8_lossy();
    let resource = if name.starts_with("arn:") {
        name.into_owned()
    } else {
        arn("lambda", &format!("function:{name}"))
    };
    Some(call("lambda", operation, resource))
}

/// X-Ray's paths leave out what its operations begin with.
fn xray_action(path: &str) -> &str {
    match path {
        "/TraceSegments" => "PutTraceSegments",
        "/Traces" => "BatchGetTraces",
        "/TraceSummaries" => "GetTraceSummaries",
        "/ServiceGraph" => "GetServiceGraph",
        "/TraceGraph" => "GetTraceGraph",
        other => other.trim_start_matches('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_what_they_ask_for() {
        let table = "arn:aws:dynamodb:us-east-1:000000000000:table/orders";
        let bus = "arn:aws:events:us-east-1:000000000000:event-bus";
        for (service, target, path, body, asks) in [
            (
                "dynamodb",
                "DynamoDB_20120810.PutItem",
                "/",
                r#"{"TableName":"orders","Item":{}}"#,
                vec![format!("dynamodb:PutItem {table}")],
            ),
            (
                "dynamodb",
                "DynamoDB_20120810.Query",
                "/",
                r#"{"TableName":"orders","IndexName":"by-day"}"#,
                vec![format!("dynamodb:Query {table}/index/by-day")],
            ),
            (
                "dynamodb",
                "DynamoDB_20120810.TransactWriteItems",
                "/",
                r#"{"TransactItems":[{"Update":{"TableName":"orders"}},{"ConditionCheck":{"TableName":"orders"}},{"Update":{"TableName":"orders"}}]}"#,
                vec![
                    format!("dynamodb:ConditionCheckItem {table}"),
                    format!("dynamodb:UpdateItem {table}"),
                ],
            ),
            (
                "dynamodb",
                "DynamoDB_20120810.BatchGetItem",
                "/",
                r#"{"RequestItems":{"orders":{}}}"#,
                vec![format!("dynamodb:BatchGetItem {table}")],
            ),
            (
                "dynamodb",
                "DynamoDB_20120810.ListTables",
                "/",
                "{}",
                vec!["dynamodb:ListTables *".to_owned()],
            ),
            (
                "events",
                "AWSEvents.PutEvents",
                "/",
                r#"{"Entries":[{"EventBusName":"a"},{},{"EventBusName":"a"}]}"#,
                vec![
                    format!("events:PutEvents {bus}/a"),
                    format!("events:PutEvents {bus}/default"),
                ],
            ),
            (
                "sns",
                "",
                "/",
                "Action=Publish&TopicArn=arn%3Aaws%3Asns",
                vec!["sns:Publish arn:aws:sns".to_owned()],
            ),
            (
                "lambda",
                "",
                "/2015-03-31/functions/pay/invocations",
                "{}",
                vec![
                    "lambda:InvokeFunction arn:aws:lambda:us-east-1:000000000000:function:pay"
                        .to_owned(),
                ],
            ),
            (
                "sqs",
                "AmazonSQS.ReceiveMessage",
                "/",
                r#"{"QueueUrl":"https://sqs.us-east-1.amazonaws.com/000000000000/q"}"#,
                vec!["sqs:ReceiveMessage arn:aws:sqs:us-east-1:000000000000:q".to_owned()],
            ),
            ("xray", "", "/TraceSegments", "{}", vec!["xray:PutTraceSegments *".to_owned()]),
            ("events", "AWSEvents.PutEvents", "/", "not JSON", vec![]),
        ] {
            let asked: Vec<_> = calls(service, target, path, body.as_bytes())
                .into_iter()
                .map(|Call { action, resource }| format!("{action} {resource}"))
                .collect();
            assert_eq!(asked, asks, "{target} {body}");
        }
    }
}

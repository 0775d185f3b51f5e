use serde_json::Value;

use crate::{identity::arn, lambda, wire::read_form, xray};

/// An action on a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// `dynamodb:PutItem`.
    pub action: String,
    /// The ARN that it is done to; `*` where the action knows none.
    pub resource: String,
}

/// What IAM is asked about a request to `service`, each thing once. `operation` is what its target header
/// names, where its protocol has one. A request that makes no sense asks for nothing: its service answers what is wrong with it.
pub fn calls(service: &str, operation: &str, path: &str, body: &[u8]) -> Vec<Call> {
    let json = || serde_json::from_slice::<Value>(body).unwrap_or_default();
    let mut calls = match service {
        "dynamodb" => dynamodb(operation, &json()),
        "events" => events(operation, &json()),
        "sns" => vec![sns(body)],
        "sqs" => vec![sqs(operation, &json())],
        "lambda" => invoked(path).into_iter().collect(),
        "xray" => vec![traced(path)],
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

fn events(operation: &str, body: &Value) -> Vec<Call> {
    if operation != "PutEvents" {
        return vec![call("events", operation, "*".to_owned())];
    }
    let entries = body["Entries"].as_array().into_iter().flatten();
    let bus = |entry: &Value| {
        full_arn("events", "event-bus/", entry["EventBusName"].as_str().unwrap_or("default"))
    };
    entries.map(|entry| call("events", operation, bus(entry))).collect()
}

fn sns(body: &[u8]) -> Call {
    let form = read_form(body);
    let text = |name: &str| form.get(name).cloned().unwrap_or_default();
    call("sns", &text("Action"), text("TopicArn"))
}

fn sqs(operation: &str, body: &Value) -> Call {
    let url = body["QueueUrl"].as_str().or_else(|| body["QueueName"].as_str()).unwrap_or_default();
    call("sqs", operation, arn("sqs", url.rsplit('/').next().unwrap_or_default()))
}

fn invoked(path: &str) -> Option<Call> {
    let (name, operation) = lambda::api::operation(path)?;
    Some(call("lambda", operation, full_arn("lambda", "function:", &name)))
}

fn traced(path: &str) -> Call {
    let operation = xray::api::operation(path).unwrap_or(path.trim_start_matches('/'));
    call("xray", operation, "*".to_owned())
}

fn table(name: &Value) -> String {
    full_arn("dynamodb", "table/", name.as_str().unwrap_or_default())
}

/// Tables, buses and functions are named by their name or their ARN.
fn full_arn(service: &str, before: &str, name: &str) -> String {
    if name.starts_with("arn:") {
        name.to_owned()
    } else {
        arn(service, &format!("{before}{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_what_they_ask_for() {
        let table = "arn:aws:dynamodb:us-east-1:000000000000:table/orders";
        let bus = "arn:aws:events:us-east-1:000000000000:event-bus";
        for (service, operation, path, body, asks) in [
            (
                "dynamodb",
                "PutItem",
                "/",
                r#"{"TableName":"orders","Item":{}}"#,
                vec![format!("dynamodb:PutItem {table}")],
            ),
            (
                "dynamodb",
                "Query",
                "/",
                r#"{"TableName":"orders","IndexName":"by-day"}"#,
                vec![format!("dynamodb:Query {table}/index/by-day")],
            ),
            (
                "dynamodb",
                "TransactWriteItems",
                "/",
                r#"{"TransactItems":[{"Update":{"TableName":"orders"}},{"ConditionCheck":{"TableName":"orders"}},{"Update":{"TableName":"orders"}}]}"#,
                vec![
                    format!("dynamodb:ConditionCheckItem {table}"),
                    format!("dynamodb:UpdateItem {table}"),
                ],
            ),
            (
                "dynamodb",
                "BatchGetItem",
                "/",
                r#"{"RequestItems":{"orders":{}}}"#,
                vec![format!("dynamodb:BatchGetItem {table}")],
            ),
            ("dynamodb", "ListTables", "/", "{}", vec!["dynamodb:ListTables *".to_owned()]),
            (
                "events",
                "PutEvents",
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
                "ReceiveMessage",
                "/",
                r#"{"QueueUrl":"https://sqs.us-east-1.amazonaws.com/000000000000/q"}"#,
                vec!["sqs:ReceiveMessage arn:aws:sqs:us-east-1:000000000000:q".to_owned()],
            ),
            ("xray", "", "/TraceSegments", "{}", vec!["xray:PutTraceSegments *".to_owned()]),
            ("events", "PutEvents", "/", "not JSON", vec![]),
        ] {
            let asked: Vec<_> = calls(service, operation, path, body.as_bytes())
                .into_iter()
                .map(|Call { action, resource }| format!("{action} {resource}"))
                .collect();
            assert_eq!(asked, asks, "{operation} {body}");
        }
    }
}

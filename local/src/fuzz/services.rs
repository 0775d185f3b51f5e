use std::{collections::HashMap, fs, str};

use axum::http::{HeaderMap, HeaderValue, Method};
use http_body_util::BodyExt;
use proptest::{prop_assert, test_runner::TestCaseResult};
use serde_json::Value;
use tempfile::TempDir;

use super::Target;
use crate::{
    endpoint::Endpoint,
    lambda::Endpoints,
    services::{Options, Services},
    template,
};

/// Something of every service.
const TEMPLATE: &str = "
Resources:
  Bus: { Type: AWS::Events::EventBus, Properties: { Name: bus } }
  Rule: { Type: AWS::Events::Rule, Properties: { Name: rule, EventBusName: !Ref Bus, EventPattern: { source: [shop] }, Targets: [] } }
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: queue } }
  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: topic } }
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: table
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
";

/// What is answered the same before and after everything else.
const LASTING: [&str; 5] = [
    "POST / events AWSEvents.ListEventBuses\n{}",
    "POST / events AWSEvents.ListRules\n{\"EventBusName\":\"bus\"}",
    "POST / sqs AmazonSQS.ListQueues\n{}",
    "POST / sns -\nAction=ListTopics",
    "POST / sts -\nAction=GetCallerIdentity",
];

async fn endpoint() -> Endpoint {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("template.yaml");
    fs::write(&path, TEMPLATE).unwrap();
    let app = template::load(&path, &[]).unwrap();
    let endpoints = Endpoints { aws: String::new(), xray: String::new() };
    let services = Services::start(&app, HashMap::new(), endpoints, Options::default()).await;
    Endpoint::new(&services.unwrap())
}

/// Sends an input, `METHOD PATH SERVICE TARGET` and a body, unless it is none. The answer is its status and its body.
async fn send(endpoint: &Endpoint, input: &[u8]) -> Option<(u16, String)> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    let line = str::from_utf8(&input[..end]).ok()?;
    let [method, path, service, target] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let method = Method::from_bytes(method.as_bytes()).ok()?;
    let mut headers = HeaderMap::new();
    let scope =
        format!("AWS4-HMAC-SHA256 Credential=key/20261122/us-east-1/{service}/aws4_request");
    for (name, value) in [
        ("authorization", scope.as_str()),
        ("x-amz-target", target),
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-date", "20261122T120000Z"),
    ] {
        headers.insert(name, HeaderValue::from_str(value).ok()?);
    }
    let body = input[end + 1..].to_vec().into();
    let response = endpoint.handle(&method, path, &headers, body).await;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Some((status, String::from_utf8(body.into()).unwrap()))
}

/// Whether a body is a document that clients can read.
fn check_document(body: &str) -> TestCaseResult {
    if body.starts_with('<') {
        // XML 1.0 has no other control characters, not even as references.
        let allowed = |character: char| !character.is_control() || "\t\n\r".contains(character);
        prop_assert!(body.trim_end().ends_with('>') && body.chars().all(allowed), "{body:?}");
    } else if !body.is_empty() {
        let json = serde_json::from_str::<&serde_json::value::RawValue>(body);
        prop_assert!(json.is_ok(), "{body:?}");
    }
    Ok(())
}

#[test]
fn fuzz_aws_requests() {
    let words = &[
        "AWSEvents.",
        "DynamoDB_20120810.",
        "AmazonSQS.",
        "Action=",
        ".member.1=",
        "dynamodb",
        "events",
        "sqs",
        "sns",
        "xray",
        "lambda",
        "iam",
        "sts",
        "GET",
        "PUT",
        "\"S\":",
        "\"N\":",
        "\"Entries\":",
        "\"NextToken\":\"x\"",
        "#n",
        ":v",
        " AND ",
        "size(",
        "PutItem",
        "Scan",
        "BatchGetItem",
        "PurgeQueue",
        "ListTables",
        "service() { ",
        "\"RetrievalToken\":",
        "\"GroupName\":\"slow\"",
        "\"SamplingRule\":{",
        "EntitySelectorExpression",
        "annotation[",
        "!",
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let endpoint = runtime.block_on(endpoint());
    let lasting = || LASTING.map(|input| runtime.block_on(send(&endpoint, input.as_bytes())));
    let without_ids = |answers: [Option<(u16, String)>; 5]| {
        answers.map(|answer| {
            let (status, body) = answer.unwrap();
            (status, body.split("<RequestId>").next().unwrap_or_default().to_owned())
        })
    };
    let before = without_ids(lasting());
    assert!(before.iter().all(|(status, _)| *status == 200), "{before:?}");
    Target { name: "aws_requests", words, share: 1 }.run(|input| {
        let Some((status, body)) = runtime.block_on(send(&endpoint, input)) else { return Ok(()) };
        prop_assert!((200..500).contains(&status), "{status}: {body}");
        check_document(&body)?;
        if status >= 400 && body.starts_with('{') {
            let error: Value = serde_json::from_str(&body).unwrap_or_default();
            prop_assert!(error["__type"].is_string(), "{body}");
        }
        Ok(())
    });
    assert_eq!(without_ids(lasting()), before);
}

#[test]
fn documents_that_clients_cannot_read_are_noticed() {
    for body in ["{", "<a>\x01</a>", "<a", "text"] {
        assert!(check_document(body).is_err(), "{body}");
    }
}

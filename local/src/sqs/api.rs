use std::future;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::{Message, Queues};
use crate::{
    identity::{arn, queue_url},
    wire::{AwsApi, AwsError, AwsRequest, Outcome, Permission, Protocol, Response},
};

/// The operations: enough to look after dead letters.
const OPERATIONS: [&str; 3] = ["GetQueueUrl", "ReceiveMessage", "DeleteMessage"];
/// How long a received message is hidden unless the request says otherwise, in seconds. A queue's own
/// setting is not read.
const DEFAULT_VISIBILITY: f64 = 30.0;

/// A receipt handle is the message's id, and long polling answers at once.
/// See <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>.
impl AwsApi for Queues {
    fn name(&self) -> &'static str {
        "sqs"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Json { target: "AmazonSQS", content_type: "application/x-amz-json-1.0" }
    }

    fn permissions(&self, request: &AwsRequest) -> Vec<Permission> {
        let Ok(body) = request.json() else { return Vec::new() };
        let name = name(body).or_else(|| body["QueueName"].as_str()).unwrap_or_default();
        vec![Permission::new("sqs", &request.operation, arn("sqs", name))]
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        let outcome = request.json().and_then(|body| respond(self, &request.operation, body));
        Box::pin(future::ready(outcome.map(Response::Json)))
    }
}

fn respond(queues: &Queues, operation: &str, request: &Value) -> Result<Value, AwsError> {
    match operation {
        "GetQueueUrl" => {
            let name = existing(queues, request["QueueName"].as_str())?;
            Ok(json!({ "QueueUrl": queue_url(name) }))
        }
        "ReceiveMessage" => receive(queues, request),
        "DeleteMessage" => {
            existing(queues, name(request))?;
            queues.delete(request["ReceiptHandle"].as_str().unwrap_or_default());
            Ok(json!({}))
        }
        other => Err(AwsError::unknown_operation("SQS", other, &OPERATIONS)),
    }
}

fn receive(queues: &Queues, request: &Value) -> Result<Value, AwsError> {
    let name = existing(queues, name(request))?;
    let limit = request["MaxNumberOfMessages"].as_u64().unwrap_or(1);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if !(1..=10).contains(&limit) {
        let message = format!("MaxNumberOfMessages is {limit}, not one of 1 to 10");
        return Err(AwsError::bad_request("InvalidParameterValue", message));
    }
    let seconds = request["VisibilityTimeout"].as_f64().unwrap_or(DEFAULT_VISIBILITY);
    let messages = queues.receive(name, limit, seconds);
    Ok(json!({ "Messages": messages.iter().map(to_json).collect::<Vec<_>>() }))
}

/// The last part of a queue's URL is its name.
fn name(request: &Value) -> Option<&str> {
    request["QueueUrl"].as_str()?.rsplit('/').next()
}

fn existing<'a>(queues: &Queues, name: Option<&'a str>) -> Result<&'a str, AwsError> {
    name.filter(|name| queues.has(name)).ok_or_else(|| {
        AwsError::bad_request("QueueDoesNotExist", "The specified queue does not exist.")
    })
}

fn to_json(message: &Message) -> Value {
    let attributes = message.attributes.as_object().into_iter().flatten();
    let attributes: Map<_, _> = attributes
        .map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), json!({ "DataType": "String", "StringValue": value }))
        })
        .collect();
    let mut system = Map::new();
    if let Some(trace_id) = &message.trace_id {
        system.insert("AWSTraceHeader".to_owned(), format!("Root={trace_id}").into());
    }
    json!({
        "MessageId": message.id,
        "ReceiptHandle": message.id,
        "Body": message.body.to_string(),
        "Attributes": system,
        "MessageAttributes": attributes,
    })
}

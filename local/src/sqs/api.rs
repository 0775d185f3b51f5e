use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::{
    Queues, batch,
    input::{number, queue_name, required},
    queue::Queue,
    receive::{MAX_VISIBILITY, receive},
    send::send,
};
use crate::{
    clock,
    identity::{arn, queue_url},
    wire::{
        AwsApi, AwsError, AwsRequest, Outcome, Page, Permission, Protocol, Response, page_size,
    },
};

/// The operations.
const OPERATIONS: [&str; 12] = [
    "GetQueueUrl",
    "ReceiveMessage",
    "DeleteMessage",
    "DeleteMessageBatch",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "SendMessage",
    "SendMessageBatch",
    "GetQueueAttributes",
    "ListQueues",
    "PurgeQueue",
    "ListQueueTags",
];

/// The most queues of one answer.
const MAX_RESULTS: usize = 1_000;

/// The attributes that a queue may have, and the word for all of them.
const ATTRIBUTES: [&str; 22] = [
    "All",
    "Policy",
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
    "ApproximateNumberOfMessagesDelayed",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];

/// See <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html>.
impl AwsApi for Queues {
    fn name(&self) -> &'static str {
        "sqs"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Json { target: "AmazonSQS", content_type: "application/x-amz-json-1.0" }
    }

    fn permissions(&self, request: &AwsRequest) -> Vec<Permission> {
        let Ok(body) = request.json() else { return Vec::new() };
        // A batch needs what its entries need.
        let action = request.operation.strip_suffix("Batch").unwrap_or(&request.operation);
        if action == "ListQueues" {
            return vec![Permission::new("sqs", action, "*")];
        }
        let name = queue_name(body).or_else(|| body["QueueName"].as_str()).unwrap_or_default();
        vec![Permission::new("sqs", action, arn("sqs", name))]
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        Box::pin(async {
            let body = request.json()?;
            let answer = match request.operation.as_str() {
                "ReceiveMessage" => receive(self, body).await?,
                operation => {
                    let trace = request.trace.as_ref().map(ToString::to_string);
                    respond(self, operation, body, trace.as_deref())?
                }
            };
            Ok(Response::Json(answer))
        })
    }
}

fn respond(
    queues: &Queues,
    operation: &str,
    request: &Value,
    trace: Option<&str>,
) -> Result<Value, AwsError> {
    let name = queue_name(request);
    match operation {
        "GetQueueUrl" => {
            let name = request["QueueName"].as_str();
            queues.with(name, |queue| json!({ "QueueUrl": queue_url(&queue.settings.name) }))
        }
        "ListQueues" => {
            let prefix = request["QueueNamePrefix"].as_str().unwrap_or_default();
            let names = queues.names().into_iter().filter(|name| name.starts_with(prefix));
            list(names.map(|name| queue_url(&name)).collect(), request)
        }
        "GetQueueAttributes" => queues.with(name, |queue| queue_attributes(queue, request))?,
        "ListQueueTags" => queues.with(name, |_| json!({})),
        "PurgeQueue" => queues.with(name, |queue| {
            queue.purge();
            json!({})
        }),
        "SendMessage" => send(queues, request, request, trace).map(Value::from),
        "SendMessageBatch" => {
            queues.with(name, |_| ())?;
            batch::each(request, |entry| send(queues, request, entry, trace))
        }
        "DeleteMessage" => delete(queues, name, request).map(Value::from),
        "DeleteMessageBatch" => {
            queues.with(name, |_| ())?;
            batch::each(request, |entry| delete(queues, name, entry))
        }
        "ChangeMessageVisibility" => change_visibility(queues, name, request).map(Value::from),
        "ChangeMessageVisibilityBatch" => {
            queues.with(name, |_| ())?;
            batch::each(request, |entry| change_visibility(queues, name, entry))
        }
        other => Err(AwsError::unknown_operation("SQS", other, &OPERATIONS)),
    }
}

/// See <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html>.
fn list(urls: Vec<String>, request: &Value) -> Result<Value, AwsError> {
    let size = page_size(request["MaxResults"].as_i64(), "maxResults", MAX_RESULTS)?;
    let page = Page::of(urls, size, request["NextToken"].as_str()).map_err(|_| {
        AwsError::bad_request("InvalidParameterValue", "The provided next token is not valid.")
    })?;
    let mut answer = json!({ "QueueUrls": page.items });
    if let Some(next) = page.next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

fn delete(
    queues: &Queues,
    name: Option<&str>,
    request: &Value,
) -> Result<Map<String, Value>, AwsError> {
    let receipt = required(request, "ReceiptHandle")?;
    queues.with(name, |queue| queue.delete(receipt, clock::seconds()))??;
    // The next message of its group may be received now.
    queues.changed.notify_waiters();
    Ok(Map::new())
}

fn change_visibility(
    queues: &Queues,
    name: Option<&str>,
    request: &Value,
) -> Result<Map<String, Value>, AwsError> {
    let receipt = required(request, "ReceiptHandle")?;
    let seconds = number(request, "VisibilityTimeout", MAX_VISIBILITY)?.ok_or_else(|| {
        let message = "The request must contain the parameter VisibilityTimeout.";
        AwsError::bad_request("MissingParameter", message)
    })?;
    queues.with(name, |queue| queue.change_visibility(receipt, seconds, clock::seconds()))??;
    queues.changed.notify_waiters();
    Ok(Map::new())
}

/// See <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html>.
fn queue_attributes(queue: &Queue, request: &Value) -> Result<Value, AwsError> {
    let wanted: Vec<_> = request["AttributeNames"].as_array().into_iter().flatten().collect();
    let is_known = |name: &&&Value| name.as_str().is_some_and(|name| ATTRIBUTES.contains(&name));
    if let Some(name) = wanted.iter().find(|name| !is_known(name)) {
        let message = format!("Unknown Attribute {}.", name.as_str().unwrap_or_default());
        return Err(AwsError::bad_request("InvalidAttributeName", message));
    }
    let (settings, counts) = (&queue.settings, queue.counts(clock::seconds()));
    let created = format!("{:.0}", queue.created.floor());
    let mut attributes = vec![
        ("ApproximateNumberOfMessages", counts.visible.to_string()),
        ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
        ("CreatedTimestamp", created.clone()),
        ("DelaySeconds", settings.delay.to_string()),
        ("LastModifiedTimestamp", created),
        ("MaximumMessageSize", "1048576".to_owned()),
        ("MessageRetentionPeriod", settings.retention.to_string()),
        ("QueueArn", settings.arn.clone()),
        ("ReceiveMessageWaitTimeSeconds", settings.wait.to_string()),
        ("SqsManagedSseEnabled", "true".to_owned()),
        ("VisibilityTimeout", settings.visibility_timeout.to_string()),
    ];
    if settings.fifo {
        let scope = if settings.deduplicates_per_group { "messageGroup" } else { "queue" };
        attributes.extend([
            ("ContentBasedDeduplication", settings.content_based_deduplication.to_string()),
            ("DeduplicationScope", scope.to_owned()),
            ("FifoQueue", "true".to_owned()),
        ]);
    }
    let is_wanted = |name: &str| wanted.iter().any(|wanted| **wanted == "All" || **wanted == name);
    let attributes: Map<_, _> = attributes
        .into_iter()
        .filter(|(name, _)| is_wanted(name))
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    Ok(if attributes.is_empty() { json!({}) } else { json!({ "Attributes": attributes }) })
}

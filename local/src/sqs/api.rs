use serde_json::{Map, Value, json};

use crate::{
    identity::queue_url,
    sqs::{Message, Queues},
    wire::{AwsError, read_json},
};

/// The operations, as errors name them: enough to see to dead letters.
const OPERATIONS: [&str; 3] = ["GetQueueUrl", "ReceiveMessage", "DeleteMessage"];
/// How long a received message is hidden when nobody says otherwise, in seconds; a queue's own setting is not read.
const DEFAULT_VISIBILITY: f64 = 30.0;

/// Answers a request to the SQS API, in the JSON protocol. A receipt handle is the message's id, and long polling
/// answers at once.
/// See <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>.
pub fn answer(queues: &Queues, operation: &str, body: &[u8]) -> Result<Value, AwsError> {
    let request = read_json(body)?;
    match operation {
        "GetQueueUrl" => {
            let name = known(queues, request["QueueName"].as_str())?;
            Ok(json!({ "QueueUrl": queue_url(name) }))
        }
        "ReceiveMessage" => {
            let name = known(queues, name(&request))?;
            let most = request["MaxNumberOfMessages"].as_u64().unwrap_or(1);
            let most = usize::try_from(most).unwrap_or(1);
            if !(1..=10).contains(&most) {
                let message = format!("MaxNumberOfMessages is {most}, not one of 1 to 10");
                return Err(AwsError::bad_request("InvalidParameterValue", message));
            }
            let seconds = request["VisibilityTimeout"].as_f64().unwrap_or(DEFAULT_VISIBILITY);
            let messages = queues.receive(name, most, seconds);
            Ok(json!({ "Messages": messages.iter().map(shown).collect::<Vec<_>>() }))
        }
        "DeleteMessage" => {
            known(queues, name(&request))?;
            queues.delete(request["ReceiptHandle"].as_str().unwrap_or_default());
            Ok(json!({}))
        }
        other => Err(AwsError::unknown_operation("SQS", other, &OPERATIONS)),
    }
}

/// The last part of a queue's URL is its name.
fn name(request: &Value) -> Option<&str> {
    request["QueueUrl"].as_str()?.rsplit('/').next()
}

fn known<'a>(queues: &Queues, name: Option<&'a str>) -> Result<&'a str, AwsError> {
    name.filter(|name| queues.has(name)).ok_or_else(|| {
        AwsError::bad_request("QueueDoesNotExist", "The specified queue does not exist.")
    })
}

fn shown(message: &Message) -> Value {
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

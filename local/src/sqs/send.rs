use serde_json::{Map, Value, json};

use super::{
    AttributeValue, NewMessage, Queues, checksum,
    input::{self, id, invalid, number, queue_name, required},
};
use crate::wire::AwsError;

/// The largest message with its attributes, in bytes, and the longest delay, in seconds
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>).
const MAX_MESSAGE: usize = 1024 * 1024;
const MAX_DELAY: u32 = 900;

/// See <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>.
/// `queue` is the request that names the queue, `message` is that or an entry of a batch. The trace is the
/// message's own, or that of the request.
pub(super) fn send(
    queues: &Queues,
    queue: &Value,
    message: &Value,
    trace: Option<&str>,
) -> Result<Map<String, Value>, AwsError> {
    let name = queue_name(queue);
    queues.with(name, |_| ())?;
    let body = required(message, "MessageBody")?;
    let attributes = input::attributes(message, "MessageAttributes")?;
    let length =
        body.len() + attributes.iter().map(|(_, attribute)| size(&attribute.value)).sum::<usize>();
    if length > MAX_MESSAGE {
        let text = format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {MAX_MESSAGE} bytes."
        );
        return Err(AwsError::bad_request("InvalidParameterValue", text));
    }
    let system = input::attributes(message, "MessageSystemAttributes")?;
    if let Some(name) = system.iter().map(|(name, _)| name).find(|name| *name != "AWSTraceHeader") {
        let reason = "the only system attribute that can be sent is AWSTraceHeader";
        return Err(invalid("MessageSystemAttributes", name, reason));
    }
    let own = system.get("AWSTraceHeader").and_then(|attribute| match &attribute.value {
        AttributeValue::Text(text) => Some(text.as_str()),
        AttributeValue::Bytes(_) => None,
    });
    let mut answer = Map::new();
    answer.insert("MD5OfMessageBody".to_owned(), checksum::of_body(body).into());
    for (name, attributes) in
        [("MD5OfMessageAttributes", &attributes), ("MD5OfMessageSystemAttributes", &system)]
    {
        if let Some(checksum) = checksum::of_attributes(attributes) {
            answer.insert(name.to_owned(), checksum.into());
        }
    }
    let sent = queues.send(
        name.unwrap_or_default(),
        NewMessage {
            body: body.to_owned(),
            attributes,
            reason: String::new(),
            trace_header: own.or(trace).map(str::to_owned),
            group_id: id(message, "MessageGroupId")?,
            deduplication_id: id(message, "MessageDeduplicationId")?,
            delay: number(message, "DelaySeconds", MAX_DELAY)?,
        },
    )?;
    answer.insert("MessageId".to_owned(), sent.id.into());
    if let Some(number) = sent.sequence_number {
        answer.insert("SequenceNumber".to_owned(), json!(number));
    }
    Ok(answer)
}

fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::Text(text) => text.len(),
        AttributeValue::Bytes(bytes) => bytes.len(),
    }
}

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{
    Attribute, AttributeValue, Attributes, Queues, checksum,
    input::{invalid, number, queue_name},
    queue::Received,
};
use crate::{clock, wire::AwsError};

/// The longest visibility timeout and the longest wait, in seconds, and the most messages.
pub(super) const MAX_VISIBILITY: u32 = 43_200;
const MAX_WAIT: u32 = 20;
const MAX_MESSAGES: u64 = 10;

/// See <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>.
/// Waits for a first message as long as the request, or the queue, says.
pub(super) async fn receive(queues: &Queues, request: &Value) -> Result<Value, AwsError> {
    let name = queue_name(request);
    let own_wait = queues.with(name, |queue| queue.settings.wait)?;
    let limit = match &request["MaxNumberOfMessages"] {
        Value::Null => 1,
        number => {
            number.as_u64().filter(|limit| (1..=MAX_MESSAGES).contains(limit)).ok_or_else(|| {
                let reason = "Must be between 1 and 10, if provided.";
                invalid("MaxNumberOfMessages", &number.to_string(), reason)
            })?
        }
    };
    let limit = usize::try_from(limit).unwrap_or(1);
    let seconds = number(request, "VisibilityTimeout", MAX_VISIBILITY)?;
    let wait = number(request, "WaitTimeSeconds", MAX_WAIT)?.unwrap_or(own_wait);
    let end = clock::seconds() + f64::from(wait);
    let received = loop {
        let changed = queues.changed.notified();
        tokio::pin!(changed);
        // From here on no change is missed.
        changed.as_mut().enable();
        let (received, next) = queues.receive(name.unwrap_or_default(), limit, seconds)?;
        let now = clock::seconds();
        if !received.is_empty() || now >= end {
            break received;
        }
        let pause = next.map_or(end, |next| next.min(end)) - now;
        // Woken or not, the queue says what is there.
        let _woken = tokio::time::timeout(Duration::from_secs_f64(pause.max(0.0)), changed).await;
    };
    if received.is_empty() {
        return Ok(json!({}));
    }
    let messages: Vec<_> = received.iter().map(|received| to_json(received, request)).collect();
    Ok(json!({ "Messages": messages }))
}

fn to_json(received: &Received, request: &Value) -> Value {
    let Received { message, receipt, system } = received;
    let mut json = json!({
        "MessageId": message.id,
        "ReceiptHandle": receipt,
        "MD5OfBody": checksum::of_body(message.body.text()),
        "Body": message.body.text(),
    });
    // `AttributeNames` is the older name.
    let wanted = ["MessageSystemAttributeNames", "AttributeNames"].map(|name| names(request, name));
    let wanted = wanted.concat();
    let system: Map<_, _> = system
        .iter()
        .filter(|(name, _)| wanted.contains(&"All") || wanted.contains(name))
        .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
        .collect();
    if !system.is_empty() {
        json["Attributes"] = system.into();
    }
    let wanted = names(request, "MessageAttributeNames");
    let is_asked_for =
        |(name, _): &&(String, _)| wanted.iter().any(|wanted| is_wanted(name, wanted));
    let attributes: Attributes = message.attributes.iter().filter(is_asked_for).cloned().collect();
    if let Some(checksum) = checksum::of_attributes(&attributes) {
        json["MD5OfMessageAttributes"] = checksum.into();
        let attributes = attributes.iter().map(|(name, value)| (name.clone(), attribute(value)));
        json["MessageAttributes"] = attributes.collect::<Map<_, _>>().into();
    }
    json
}

fn names<'a>(request: &'a Value, name: &str) -> Vec<&'a str> {
    request[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// `All`, `.*`, `prefix.*` or a name.
fn is_wanted(name: &str, wanted: &str) -> bool {
    match wanted.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => wanted == "All" || wanted == name,
    }
}

fn attribute(Attribute { data_type, value }: &Attribute) -> Value {
    match value {
        AttributeValue::Text(text) => json!({ "DataType": data_type, "StringValue": text }),
        AttributeValue::Bytes(bytes) => {
            json!({ "DataType": data_type, "BinaryValue": STANDARD.encode(bytes) })
        }
    }
}

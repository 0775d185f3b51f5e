use serde_json::{Map, Value, json};

use super::{Notification, publication::Publication};
use crate::{
    sqs::{Attribute, Attributes, NewMessage},
    template::Subscription,
};

/// What the queue of a subscription gets. A raw message keeps its attributes, any other one has them in
/// SNS's envelope.
pub(super) fn to_queue(
    subscription: &Subscription,
    publication: &Publication,
    notification: &Notification,
    trace_header: Option<&str>,
    queue_is_fifo: bool,
) -> NewMessage {
    let (body, attributes) = if subscription.raw {
        (publication.message.clone(), publication.attributes.clone())
    } else {
        (envelope(subscription, publication, notification).to_string(), Attributes::default())
    };
    NewMessage {
        body,
        attributes,
        trace_header: trace_header.map(str::to_owned),
        group_id: publication.group_id.clone(),
        // A standard queue takes no such id.
        deduplication_id: publication.deduplication_id.clone().filter(|_| queue_is_fifo),
        ..NewMessage::default()
    }
}

/// See <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>. Nothing is signed here.
fn envelope(
    subscription: &Subscription,
    publication: &Publication,
    notification: &Notification,
) -> Value {
    let mut envelope = json!({
        "Type": "Notification",
        "MessageId": notification.id,
        "TopicArn": notification.topic,
        "Message": publication.message,
        "Timestamp": notification.time,
        "UnsubscribeURL": format!(
            "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={}",
            subscription.arn
        ),
    });
    if !publication.subject.is_empty() {
        envelope["Subject"] = publication.subject.clone().into();
    }
    if let Some(number) = &notification.sequence_number {
        envelope["SequenceNumber"] = number.clone().into();
    }
    if !publication.attributes.is_empty() {
        let attributes =
            publication.attributes.iter().map(|(name, value)| (name.clone(), attribute(value)));
        envelope["MessageAttributes"] = attributes.collect::<Map<_, _>>().into();
    }
    envelope
}

fn attribute(attribute: &Attribute) -> Value {
    json!({ "Type": attribute.data_type, "Value": attribute.shown() })
}

use serde_json::Value;

use super::{
    app::{App, Queue, Subscription, Topic},
    resource::Resource,
};
use crate::identity::arn;

/// What a queue has unless the template says otherwise, in seconds
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html>).
const DEFAULT_VISIBILITY: u32 = 30;
const DEFAULT_RETENTION: u32 = 4 * 24 * 60 * 60;

impl Default for Queue {
    fn default() -> Self {
        Self {
            name: String::new(),
            arn: String::new(),
            visibility_timeout: DEFAULT_VISIBILITY,
            delay: 0,
            wait: 0,
            retention: DEFAULT_RETENTION,
            fifo: false,
            content_based_deduplication: false,
            deduplicates_per_group: false,
        }
    }
}

/// The queue of an `AWS::SQS::Queue`.
pub(super) fn queue(resource: &Resource<'_>) -> Queue {
    let (properties, name) = (&resource.properties, resource.name.clone());
    let seconds = |key: &str, default| count(&properties[key]).unwrap_or(default);
    Queue {
        arn: arn("sqs", &name),
        name,
        visibility_timeout: seconds("VisibilityTimeout", DEFAULT_VISIBILITY),
        delay: seconds("DelaySeconds", 0),
        wait: seconds("ReceiveMessageWaitTimeSeconds", 0),
        retention: seconds("MessageRetentionPeriod", DEFAULT_RETENTION),
        fifo: is_true(&properties["FifoQueue"]),
        content_based_deduplication: is_true(&properties["ContentBasedDeduplication"]),
        deduplicates_per_group: properties["DeduplicationScope"] == "messageGroup",
    }
}

/// Adds the topic of an `AWS::SNS::Topic` with its own subscriptions.
pub(super) fn add_topic(resource: &Resource<'_>, app: &mut App) {
    let (properties, name) = (&resource.properties, resource.name.clone());
    let topic = Topic {
        arn: arn("sns", &name),
        name,
        fifo: is_true(&properties["FifoTopic"]),
        content_based_deduplication: is_true(&properties["ContentBasedDeduplication"]),
        deduplicates_per_group: properties["FifoThroughputScope"] == "MessageGroup",
    };
    for subscription in properties["Subscription"].as_array().into_iter().flatten() {
        add(resource, &topic.arn, subscription, app);
    }
    app.topics.push(topic);
}

/// Adds the subscription of an `AWS::SNS::Subscription`.
pub(super) fn add_subscription(resource: &Resource<'_>, app: &mut App) {
    let topic = resource.properties["TopicArn"].as_str().unwrap_or_default();
    add(resource, topic, &resource.properties, app);
}

/// Only queues are delivered to; any other subscriber is named.
fn add(resource: &Resource<'_>, topic: &str, properties: &Value, app: &mut App) {
    let protocol = properties["Protocol"].as_str().unwrap_or_default();
    let endpoint = properties["Endpoint"].as_str().unwrap_or_default();
    if protocol == "sqs" && properties["FilterPolicy"].is_null() {
        // On AWS the last part is random.
        let number = app.subscriptions.len();
        app.subscriptions.push(Subscription {
            logical_id: resource.logical_id.to_owned(),
            arn: format!("{topic}:{number:08}"),
            topic: topic.to_owned(),
            queue: endpoint.to_owned(),
            raw: is_true(&properties["RawMessageDelivery"]),
        });
        return;
    }
    let what = match protocol {
        "sqs" => "a filter policy".to_owned(),
        other => format!("protocol {other}"),
    };
    let kind = format!("subscription of {topic} with {what}");
    app.not_emulated.push((resource.logical_id.to_owned(), kind));
}

/// A number, also as a text, which parameters make of it.
pub(super) fn count(value: &Value) -> Option<u32> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u32::try_from(number).ok()
}

/// `true`, also as a text, which parameters make of it.
pub(super) fn is_true(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value == "true")
}

#[cfg(test)]
mod tests;

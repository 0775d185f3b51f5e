use std::future;

use axum::http::StatusCode;
use futures_util::future::BoxFuture;

use super::Sns;
use crate::{
    identity::ACCOUNT,
    template::Subscription,
    wire::{AwsApi, AwsError, AwsRequest, Outcome, Permission, Protocol, Response, escape},
};

/// The operations.
const OPERATIONS: [&str; 5] = [
    "Publish",
    "ListTopics",
    "ListSubscriptions",
    "ListSubscriptionsByTopic",
    "GetTopicAttributes",
];

impl AwsApi for Sns {
    fn name(&self) -> &'static str {
        "sns"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Query { namespace: "http://sns.amazonaws.com/doc/2010-03-31/" }
    }

    fn permissions(&self, request: &AwsRequest) -> Vec<Permission> {
        let resource = match request.operation.as_str() {
            "ListTopics" | "ListSubscriptions" => "*",
            _ => request.field("TopicArn"),
        };
        vec![Permission::new("sns", &request.operation, resource)]
    }

    fn denial(&self) -> (StatusCode, &'static str) {
        (StatusCode::FORBIDDEN, "AuthorizationError")
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        Box::pin(future::ready(respond(self, request).map(Response::Xml)))
    }
}

fn respond(sns: &Sns, request: &AwsRequest) -> Result<String, AwsError> {
    match request.operation.as_str() {
        "Publish" => {
            let accepted = sns.publish(request)?;
            let number = accepted.sequence_number;
            let number = number.map(|number| format!("<SequenceNumber>{number}</SequenceNumber>"));
            Ok(format!("<MessageId>{}</MessageId>{}", accepted.id, number.unwrap_or_default()))
        }
        "ListTopics" => {
            let topics = sns.topics.iter();
            let topics = topics.map(|topic| {
                format!("<member><TopicArn>{}</TopicArn></member>", escape(&topic.arn))
            });
            Ok(format!("<Topics>{}</Topics>", topics.collect::<String>()))
        }
        "ListSubscriptions" => Ok(list(sns.subscriptions.iter())),
        "ListSubscriptionsByTopic" => {
            let topic = sns.topic(request.field("TopicArn"))?;
            Ok(list(sns.subscriptions.iter().filter(|one| one.topic == topic.arn)))
        }
        "GetTopicAttributes" => topic_attributes(sns, request.field("TopicArn")),
        other => {
            let known = OPERATIONS.join(", ");
            let message = format!("SNS has no operation `{other}` here; it has {known}");
            Err(AwsError::bad_request("InvalidAction", message))
        }
    }
}

/// See <https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html>.
fn list<'a>(subscriptions: impl Iterator<Item = &'a Subscription>) -> String {
    let members = subscriptions.map(|Subscription { arn, topic, queue, .. }| {
        format!(
            "<member><SubscriptionArn>{}</SubscriptionArn><Owner>{ACCOUNT}</Owner>\
             <Protocol>sqs</Protocol><Endpoint>{}</Endpoint><TopicArn>{}</TopicArn></member>",
            escape(arn),
            escape(queue),
            escape(topic)
        )
    });
    format!("<Subscriptions>{}</Subscriptions>", members.collect::<String>())
}

/// See <https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html>.
fn topic_attributes(sns: &Sns, arn: &str) -> Result<String, AwsError> {
    let topic = sns.topic(arn)?;
    let confirmed = sns.subscriptions.iter().filter(|one| one.topic == topic.arn).count();
    let mut attributes = vec![
        ("Owner", ACCOUNT.to_owned()),
        ("SubscriptionsConfirmed", confirmed.to_string()),
        ("SubscriptionsPending", "0".to_owned()),
        ("SubscriptionsDeleted", "0".to_owned()),
        ("TopicArn", topic.arn.clone()),
    ];
    if topic.fifo {
        attributes.push(("FifoTopic", "true".to_owned()));
        attributes
            .push(("ContentBasedDeduplication", topic.content_based_deduplication.to_string()));
    }
    let entries = attributes.into_iter().map(|(name, value)| {
        format!("<entry><key>{name}</key><value>{}</value></entry>", escape(&value))
    });
    Ok(format!("<Attributes>{}</Attributes>", entries.collect::<String>()))
}

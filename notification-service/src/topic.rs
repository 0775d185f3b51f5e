use aws_sdk_sns::{
    Client,
    config::Builder,
    error::{BuildError, SdkError},
    operation::publish::PublishError,
    types::MessageAttributeValue,
};
use shared::{
    OrderId,
    aws::{SdkConfig, traced},
};

use crate::{message::Message, story::Outcome};

/// The SNS topic that customers' channels subscribe to.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    client: Client,
    arn: String,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TopicError {
    #[error("could not publish to `{arn}`")]
    Publish { arn: String, source: Box<SdkError<PublishError>> },
    #[error("could not build a message attribute")]
    Attribute(#[from] BuildError),
}

impl Topic {
    /// The name of the channel in `Notification Sent`.
    pub(crate) const CHANNEL: &'static str = "sns";

    pub(crate) fn new(config: &SdkConfig, arn: String) -> Self {
        let client = Client::from_conf(Builder::from(config).interceptor(traced(config)).build());
        Self { client, arn }
    }

    /// Sends `message` about the order, with attributes for subscribers' filter policies.
    ///
    /// A FIFO topic drops what is sent again under the notification's id within five minutes
    /// (<https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html>); a standard topic sends it
    /// on.
    pub(crate) async fn send(
        &self,
        order_id: &OrderId,
        outcome: Outcome,
        message: Message,
    ) -> Result<(), TopicError> {
        let notification_id = order_id.notification_id();
        let mut publish = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(message.subject)
            .message(message.text);
        for (name, value) in [
            ("orderId", order_id.as_str()),
            ("notificationId", &notification_id),
            ("outcome", outcome.as_str()),
        ] {
            let value =
                MessageAttributeValue::builder().data_type("String").string_value(value).build()?;
            publish = publish.message_attributes(name, value);
        }
        if self.is_fifo() {
            publish = publish
                .message_group_id(order_id.as_str())
                .message_deduplication_id(notification_id);
        }
        match publish.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(TopicError::Publish { arn: self.arn.clone(), source: Box::new(error) })
            }
        }
    }

    /// Only the name of a FIFO topic ends so, and a standard topic refuses a deduplication id.
    fn is_fifo(&self) -> bool {
        self.arn.strip_suffix(".fifo").is_some()
    }
}

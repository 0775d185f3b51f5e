use aws_sdk_sns::{
    Client,
    config::Builder,
    error::{BuildError, SdkError},
    operation::publish::PublishError,
    types::MessageAttributeValue,
};
use shared::aws::{SdkConfig, traced};

use crate::message::Message;

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

    /// Sends `message`, with `attributes` for subscribers' filter policies.
    pub(crate) async fn send(
        &self,
        message: Message,
        attributes: [(&str, &str); 3],
    ) -> Result<(), TopicError> {
        let mut publish = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(message.subject)
            .message(message.text);
        for (name, value) in attributes {
            let value =
                MessageAttributeValue::builder().data_type("String").string_value(value).build()?;
            publish = publish.message_attributes(name, value);
        }
        match publish.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(TopicError::Publish { arn: self.arn.clone(), source: Box::new(error) })
            }
        }
    }
}

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    deduplication::content_id,
    sqs::{Attribute, AttributeValue, Attributes},
    template::Topic,
    wire::{AwsError, AwsRequest},
};

/// The largest message and subject (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
const MAX_MESSAGE: usize = 256 * 1024;
const MAX_SUBJECT: usize = 100;

/// A message that its topic takes.
#[derive(Debug)]
pub(super) struct Publication {
    pub(super) subject: String,
    pub(super) message: String,
    pub(super) attributes: Attributes,
    pub(super) group_id: Option<String>,
    /// In a FIFO topic, the message's own or the one that its content gives it.
    pub(super) deduplication_id: Option<String>,
}

impl Publication {
    /// Reads a request to publish to `topic`.
    /// See <https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html>.
    pub(super) fn parse(topic: &Topic, request: &AwsRequest) -> Result<Self, AwsError> {
        let (subject, message) = (request.field("Subject"), request.field("Message"));
        check(subject, message)?;
        let group_id = id(request, "MessageGroupId")?;
        let own = id(request, "MessageDeduplicationId")?;
        let deduplication_id = match own {
            Some(_) if !topic.fifo => {
                return Err(invalid(
                    "MessageDeduplicationId Reason: The request includes MessageDeduplicationId \
                     parameter that is not valid for this topic type",
                ));
            }
            None if !topic.fifo => None,
            _ if group_id.is_none() => {
                return Err(invalid("The MessageGroupId parameter is required for FIFO topics"));
            }
            None if topic.content_based_deduplication => Some(content_id(message)),
            None => {
                return Err(invalid(
                    "The topic should either have ContentBasedDeduplication enabled or \
                     MessageDeduplicationId provided explicitly",
                ));
            }
            own => own,
        };
        Ok(Self {
            subject: subject.to_owned(),
            message: message.to_owned(),
            attributes: attributes(request)?,
            group_id,
            deduplication_id,
        })
    }
}

fn check(subject: &str, message: &str) -> Result<(), AwsError> {
    if message.is_empty() {
        return Err(invalid("Empty message"));
    }
    if message.len() > MAX_MESSAGE {
        return Err(invalid("Message too long"));
    }
    if subject.len() > MAX_SUBJECT || !subject.chars().all(|c| c.is_ascii() && !c.is_control()) {
        return Err(invalid(&format!("Subject has to be ASCII of at most {MAX_SUBJECT}")));
    }
    Ok(())
}

/// The id of a message group or of a deduplication: 1 to 128 letters, digits and punctuation marks.
fn id(request: &AwsRequest, name: &str) -> Result<Option<String>, AwsError> {
    let Some(id) = request.form.get(name) else { return Ok(None) };
    if (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Some(id.clone()));
    }
    let reason = format!(
        "{name} Reason: {name} can only include alphanumeric and punctuation characters. 1 to 128 in length"
    );
    Err(invalid(&reason))
}

fn attributes(request: &AwsRequest) -> Result<Attributes, AwsError> {
    let names = (1..).map_while(|number| {
        let entry = format!("MessageAttributes.entry.{number}");
        Some((entry.clone(), request.form.get(&format!("{entry}.Name"))?))
    });
    names.map(|(entry, name)| Ok((name.clone(), attribute(request, &entry, name)?))).collect()
}

fn attribute(request: &AwsRequest, entry: &str, name: &str) -> Result<Attribute, AwsError> {
    let field = |name: &str| request.field(&format!("{entry}.Value.{name}"));
    let data_type = match field("DataType") {
        "" => return Err(invalid(&format!("The message attribute '{name}' has no data type"))),
        data_type => data_type.to_owned(),
    };
    let value = if data_type.starts_with("Binary") {
        let bytes = STANDARD.decode(field("BinaryValue"));
        AttributeValue::Bytes(
            bytes.map_err(|_| invalid(&format!("The message attribute '{name}' is no Base64")))?,
        )
    } else {
        AttributeValue::Text(field("StringValue").to_owned())
    };
    Ok(Attribute { data_type, value })
}

fn invalid(reason: &str) -> AwsError {
    AwsError::bad_request("InvalidParameter", format!("Invalid parameter: {reason}"))
}

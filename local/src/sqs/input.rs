use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{Attribute, AttributeValue, Attributes};
use crate::wire::AwsError;

/// The last part of a queue's URL is its name.
pub(super) fn queue_name(request: &Value) -> Option<&str> {
    request["QueueUrl"].as_str()?.rsplit('/').next()
}

/// A number from 0 to `most`, if the request has it.
pub(super) fn number(request: &Value, name: &str, most: u32) -> Result<Option<u32>, AwsError> {
    let value = &request[name];
    if value.is_null() {
        return Ok(None);
    }
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    if let Some(number) = number.filter(|number| *number <= most) {
        return Ok(Some(number));
    }
    let reason = format!("Must be between 0 and {most}, if provided.");
    Err(invalid(name, &value.to_string(), &reason))
}

/// A text that has to be there.
pub(super) fn required<'a>(request: &'a Value, name: &str) -> Result<&'a str, AwsError> {
    request[name].as_str().filter(|text| !text.is_empty()).ok_or_else(|| {
        let message = format!("The request must contain the parameter {name}.");
        AwsError::bad_request("MissingParameter", message)
    })
}

/// The id of a message group or of a deduplication: 1 to 128 letters, digits and punctuation marks.
pub(super) fn id(request: &Value, name: &str) -> Result<Option<String>, AwsError> {
    let Some(id) = request[name].as_str() else { return Ok(None) };
    if (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Some(id.to_owned()));
    }
    let reason = format!(
        "{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
    );
    Err(invalid(name, id, &reason))
}

/// Message attributes, or system attributes, under `name`.
pub(super) fn attributes(request: &Value, name: &str) -> Result<Attributes, AwsError> {
    let attributes = request[name].as_object().into_iter().flatten();
    attributes.map(|(name, value)| Ok((name.clone(), attribute(name, value)?))).collect()
}

fn attribute(name: &str, value: &Value) -> Result<Attribute, AwsError> {
    let refuse = |reason: &str| {
        let message = format!("The message attribute '{name}' {reason}");
        AwsError::bad_request("InvalidParameterValue", message)
    };
    let data_type = value["DataType"].as_str().unwrap_or_default();
    let kind = data_type.split('.').next().unwrap_or_default();
    let content = match kind {
        "String" | "Number" => value["StringValue"].as_str().map(str::to_owned),
        "Binary" => {
            let bytes = value["BinaryValue"].as_str().and_then(|text| STANDARD.decode(text).ok());
            let bytes = bytes.filter(|bytes| !bytes.is_empty());
            let bytes =
                bytes.ok_or_else(|| refuse("must contain a non-empty message attribute value."))?;
            let value = AttributeValue::Bytes(bytes);
            return Ok(Attribute { data_type: data_type.to_owned(), value });
        }
        "" => return Err(refuse("must contain a non-empty message attribute type.")),
        _ => {
            return Err(refuse(
                "has an invalid message attribute type, the set of supported type prefixes is \
                 Binary, Number, and String.",
            ));
        }
    };
    let text = content
        .filter(|text| !text.is_empty())
        .ok_or_else(|| refuse("must contain a non-empty message attribute value."))?;
    Ok(Attribute { data_type: data_type.to_owned(), value: AttributeValue::Text(text) })
}

/// A parameter whose value is not one that it may have.
pub(super) fn invalid(name: &str, value: &str, reason: &str) -> AwsError {
    let message = format!("Value {value} for parameter {name} is invalid. Reason: {reason}");
    AwsError::bad_request("InvalidParameterValue", message)
}

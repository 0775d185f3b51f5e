use super::{Attribute, AttributeValue, Attributes};

/// The MD5 of a body, which SDKs compare with their own.
pub(super) fn of_body(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}

/// The MD5 of message attributes; `None` where there are none.
/// See <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>.
pub(super) fn of_attributes(attributes: &Attributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut encoded = Vec::new();
    for (name, Attribute { data_type, value }) in attributes.iter() {
        add(&mut encoded, name.as_bytes());
        add(&mut encoded, data_type.as_bytes());
        let (kind, bytes) = match value {
            AttributeValue::Text(text) => (1, text.as_bytes()),
            AttributeValue::Bytes(bytes) => (2, bytes.as_slice()),
        };
        encoded.push(kind);
        add(&mut encoded, bytes);
    }
    Some(format!("{:x}", md5::compute(encoded)))
}

fn add(encoded: &mut Vec<u8>, bytes: &[u8]) {
    // A request is at most 1 MB.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    encoded.extend(length.to_be_bytes());
    encoded.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_aws() {
        // From https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html.
        assert_eq!(of_body("This is a test message"), "fafb00f5732ab283681e124bf8747ed1");
        assert_eq!(of_attributes(&Attributes::default()), None);
        // Computed from the same page's description, with another program.
        let bytes = AttributeValue::Bytes(vec![0, 255]);
        let bytes = Attribute { data_type: "Binary".to_owned(), value: bytes };
        let attributes = [("text".to_owned(), Attribute::text("é")), ("bytes".to_owned(), bytes)];
        let checksum = of_attributes(&attributes.into_iter().collect()).unwrap();
        assert_eq!(checksum, "d1085fd10f6facbe4b658dc76e6c97ab");
    }
}

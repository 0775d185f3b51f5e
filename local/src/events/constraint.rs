use serde_json::{Value, json};

use crate::wire::{AwsError, Page, page_size};

/// The most that one page of a list has.
const MAX_PAGE: usize = 100;

/// What a request breaks of the API's model, collected in AWS's one sentence.
#[derive(Debug, Default)]
pub(super) struct Constraints {
    broken: Vec<String>,
}

impl Constraints {
    /// A member that breaks `constraint`. `value` is quoted unless it is null.
    pub(super) fn add(&mut self, value: &str, member: &str, constraint: &str) {
        self.broken.push(format!(
            "Value {value} at '{member}' failed to satisfy constraint: {constraint}"
        ));
    }

    /// A text's length in characters.
    pub(super) fn length(&mut self, text: Option<&str>, member: &str, least: usize, most: usize) {
        let Some(text) = text else { return };
        let length = text.chars().count();
        let limit = if length < least {
            format!("greater than or equal to {least}")
        } else if length > most {
            format!("less than or equal to {most}")
        } else {
            return;
        };
        self.add(&format!("'{text}'"), member, &format!("Member must have length {limit}"));
    }

    /// A text's form, which `fits` checks and `pattern` shows.
    pub(super) fn pattern(
        &mut self,
        text: Option<&str>,
        member: &str,
        fits: fn(&str) -> bool,
        pattern: &str,
    ) {
        if let Some(text) = text.filter(|text| !fits(text)) {
            let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
            self.add(&format!("'{text}'"), member, &constraint);
        }
    }

    /// The error, if anything is broken.
    pub(super) fn finish(self) -> Result<(), AwsError> {
        let count = match self.broken.len() {
            0 => return Ok(()),
            1 => "1 validation error".to_owned(),
            count => format!("{count} validation errors"),
        };
        let message = format!("{count} detected: {}", self.broken.join("; "));
        Err(AwsError::bad_request("ValidationException", message))
    }
}

/// A JSON value of the wrong type.
pub(super) fn type_error(message: &str) -> AwsError {
    AwsError::bad_request("SerializationException", message)
}

/// The text of an optional member.
pub(super) fn text_of(value: &Value) -> Result<Option<&str>, AwsError> {
    let kind = match value {
        Value::Null => return Ok(None),
        Value::String(text) => return Ok(Some(text)),
        Value::Number(_) => "NUMBER_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Array(_) => return Err(type_error("Start of list found where not expected")),
        Value::Object(_) => {
            return Err(type_error("Start of structure or map found where not expected."));
        }
    };
    Err(type_error(&format!("{kind} cannot be converted to String")))
}

/// The text of a member that has to be there.
pub(super) fn required<'a>(request: &'a Value, name: &str) -> Result<&'a str, AwsError> {
    if let Some(text) = text_of(&request[name])? {
        return Ok(text);
    }
    let (first, rest) = name.split_at(1);
    let mut constraints = Constraints::default();
    let member = format!("{}{rest}", first.to_lowercase());
    constraints.add("null", &member, "Member must not be null");
    constraints.finish().map(|()| "")
}

/// A page of a list, under the name that the answer has for it.
pub(super) fn paged(name: &str, items: Vec<Value>, request: &Value) -> Result<Value, AwsError> {
    let size = page_size(request["Limit"].as_i64(), "limit", MAX_PAGE)?;
    let page = Page::of(items, size, text_of(&request["NextToken"])?)
        .map_err(|_| AwsError::bad_request("ValidationException", "The NextToken is not valid."))?;
    let mut answer = json!({ name: page.items });
    if let Some(next) = page.next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

/// There is no such thing.
pub(super) fn not_found(message: &str) -> AwsError {
    AwsError::bad_request("ResourceNotFoundException", message)
}

/// Those archives or replays that a list is asked for: by the beginning of their `name`, by their source, and by
/// their state.
pub(super) fn listed(
    request: &Value,
    name: &str,
    all: impl Iterator<Item = Value>,
) -> Result<Vec<Value>, AwsError> {
    let prefix = text_of(&request["NamePrefix"])?.unwrap_or_default();
    let source = text_of(&request["EventSourceArn"])?;
    let state = text_of(&request["State"])?;
    let is_listed = |json: &Value| {
        json[name].as_str().is_some_and(|name| name.starts_with(prefix))
            && source.is_none_or(|arn| json["EventSourceArn"] == arn)
            && state.is_none_or(|state| json["State"] == state)
    };
    Ok(all.filter(is_listed).collect())
}

/// Whether a text is the name of a bus, an archive or a replay.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

/// Whether a text is the name or the ARN of a bus.
pub(super) fn is_bus(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let Some(rest) = text.strip_prefix("arn:aws") else { return is_word(text) };
    let parts: Vec<_> = rest.split(':').collect();
    let [partition, "events", region, account, resource] = parts.as_slice() else { return false };
    let mut region = region.splitn(3, '-');
    let is_letters =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    partition.chars().all(is_part)
        && region.by_ref().take(2).filter(is_letters).count() == 2
        && region.next().is_some_and(|rest| !rest.is_empty() && rest.chars().all(is_part))
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && resource.strip_prefix("event-bus/").is_some_and(is_word)
}

/// Whether a text is the id of a global endpoint.
pub(super) fn is_endpoint(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.split_once('.').is_some_and(|(id, region)| is_label(id) && is_label(region))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns_of_buses() {
        for (text, is_one) in [
            ("default", true),
            ("shop.v1_a-b", true),
            ("arn:aws:events:us-east-1:000000000000:event-bus/shop", true),
            ("arn:aws-us-gov:events:us-gov-west-1:000000000000:event-bus/shop", true),
            ("arn:aws:events:us-east-1:000000000000:rule/shop", false),
            ("arn:aws:events:us-east-1:1:event-bus/shop", false),
            ("arn:aws:sqs:us-east-1:000000000000:event-bus/shop", false),
            ("arn:aws:events:useast1:000000000000:event-bus/shop", false),
            ("aws.partner/x", false),
            ("a b", false),
            ("", false),
        ] {
            assert_eq!(is_bus(text), is_one, "{text}");
        }
        assert!(is_endpoint("abcde.veo"));
        assert!(!is_endpoint("abcde"));
        assert!(!is_endpoint("a.b.c"));
    }
}

use std::{fmt, ops::Index, sync::OnceLock};

use serde::{Serialize, Serializer};
use serde_json::{Value, value::RawValue};

/// What an event or a message says, as it was sent: numbers are not rewritten, and any depth survives. Where
/// it is JSON, it is shown as JSON and its members can be looked at.
#[derive(Clone)]
pub struct Payload {
    text: Box<str>,
    json: OnceLock<Value>,
}

impl Payload {
    /// The text itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text as JSON; null where it is none, or nested more than 127 deep.
    pub fn json(&self) -> &Value {
        self.json.get_or_init(|| serde_json::from_str(&self.text).unwrap_or_default())
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self { text: text.into(), json: OnceLock::new() }
    }
}

impl From<&Value> for Payload {
    fn from(json: &Value) -> Self {
        json.to_string().into()
    }
}

impl From<Box<RawValue>> for Payload {
    fn from(json: Box<RawValue>) -> Self {
        Self { text: json.into(), json: OnceLock::new() }
    }
}

/// A member, null where there is none.
impl Index<&str> for Payload {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        &self.json()[name]
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_str::<&RawValue>(&self.text) {
            Ok(json) => json.serialize(serializer),
            Err(_) => serializer.serialize_str(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_shown_as_it_was_sent_and_text_as_text() {
        let deep = "[".repeat(1_000) + &"]".repeat(1_000);
        for (text, shown) in [
            (r#"{"sum": 1e+26,"a":1,"a":2}"#, r#"{"sum": 1e+26,"a":1,"a":2}"#),
            (&deep, &deep),
            (r#""quoted""#, r#""quoted""#),
            ("plain", r#""plain""#),
            ("", r#""""#),
        ] {
            let payload = Payload::from(text.to_owned());
            assert_eq!(serde_json::to_string(&payload).unwrap(), shown);
            assert_eq!(payload.text(), text);
        }
        assert_eq!(Payload::from(r#"{"a":{"b":1}}"#.to_owned())["a"]["b"], 1);
        assert!(Payload::from("plain".to_owned())["a"].is_null());
    }
}

use std::{collections::BTreeMap, ops::Index, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer};

/// The message attributes of a message, in the order of their names. Whoever keeps the message shares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Arc<[(String, Attribute)]>);

/// A message attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub(crate) data_type: String,
    pub(crate) value: AttributeValue,
}

/// The value of a message attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttributeValue {
    /// Of `String` and `Number`.
    Text(String),
    /// Of `Binary`.
    Bytes(Vec<u8>),
}

impl Attributes {
    /// The attribute of that name.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.iter().find_map(|(known, attribute)| (known == name).then_some(attribute))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(String, Attribute)> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Of two with the same name, the later one counts.
impl FromIterator<(String, Attribute)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (String, Attribute)>>(attributes: I) -> Self {
        Self(attributes.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect())
    }
}

impl Index<&str> for Attributes {
    type Output = Attribute;

    #[expect(clippy::expect_used, reason = "as maps do")]
    fn index(&self, name: &str) -> &Attribute {
        self.get(name).expect("there is an attribute of that name")
    }
}

/// Shown as a map of their values.
impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, attribute)| (name, attribute.shown())))
    }
}

impl Attribute {
    /// One of type `String`.
    pub(crate) fn text(value: impl Into<String>) -> Self {
        Self { data_type: "String".to_owned(), value: AttributeValue::Text(value.into()) }
    }

    /// Its value as text, bytes as Base64.
    pub fn shown(&self) -> String {
        match &self.value {
            AttributeValue::Text(text) => text.clone(),
            AttributeValue::Bytes(bytes) => STANDARD.encode(bytes),
        }
    }
}

/// Compares its value as text.
impl PartialEq<&str> for Attribute {
    fn eq(&self, text: &&str) -> bool {
        self.shown() == *text
    }
}

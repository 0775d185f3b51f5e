use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use serde_json::{Map, Value, json};

use crate::hex::hex;

/// The attributes of a span, resource or event. What is taken has a place of its own in the document; the
/// rest becomes metadata.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes(BTreeMap<String, Value>);

impl Attributes {
    pub(super) fn new(attributes: &[KeyValue]) -> Self {
        let value = |pair: &KeyValue| pair.value.as_ref().map_or(Value::Null, to_json);
        Self(attributes.iter().map(|pair| (pair.key.clone(), value(pair))).collect())
    }

    /// The value of the first name that has one.
    pub(super) fn get(&self, names: &[&str]) -> Option<&Value> {
        names.iter().find_map(|name| self.0.get(*name)).filter(|value| !value.is_null())
    }

    /// The text of the first name that has one.
    pub(super) fn text(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.0.get(*name)?.as_str()).filter(|text| !text.is_empty())
    }

    /// The whole number of the first name that has one, also if it is written as a text.
    pub(super) fn number(&self, names: &[&str]) -> Option<i64> {
        let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
        names.iter().find_map(|name| number(self.0.get(*name)?))
    }

    /// The texts of an array, or the one text.
    pub(super) fn texts(&self, names: &[&str]) -> Vec<&str> {
        match self.get(names) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) => vec![text],
            _ => Vec::new(),
        }
    }

    /// Removes names, so that they are not metadata as well.
    pub(super) fn remove(&mut self, names: &[&str]) {
        for name in names {
            self.0.remove(*name);
        }
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = (String, Value)> {
        self.0.into_iter().filter(|(_, value)| !value.is_null())
    }
}

fn to_json(value: &AnyValue) -> Value {
    use any_value::Value::{
        ArrayValue, BoolValue, BytesValue, DoubleValue, IntValue, KvlistValue, StringValue,
    };
    match &value.value {
        Some(StringValue(text)) => text.as_str().into(),
        Some(BoolValue(yes)) => (*yes).into(),
        Some(IntValue(number)) => (*number).into(),
        Some(DoubleValue(number)) => json!(number),
        Some(ArrayValue(array)) => array.values.iter().map(to_json).collect(),
        Some(KvlistValue(list)) => {
            let pair = |pair: &KeyValue| {
                (pair.key.clone(), pair.value.as_ref().map_or(Value::Null, to_json))
            };
            Value::Object(list.values.iter().map(pair).collect::<Map<_, _>>())
        }
        Some(BytesValue(bytes)) => hex(bytes).into(),
        _ => Value::Null,
    }
}

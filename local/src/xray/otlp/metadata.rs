use serde_json::{Map, Value};

use super::attributes::Attributes;

/// The attribute with the names of those that become annotations.
const ANNOTATIONS: &str = "aws.xray.annotations";
/// Attributes whose names begin so have a namespace of their own.
const NAMESPACE: &str = "aws.xray.metadata.";
/// The namespace of all others.
const DEFAULT: &str = "default";
/// What the attributes of a resource are called among those of a span.
const RESOURCE: &str = "otel.resource.";

/// Annotations and metadata, by name and by namespace.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) annotations: Map<String, Value>,
    pub(super) metadata: Map<String, Value>,
}

/// What `aws.xray.annotations` names are annotations; a name of it may be that of a resource's attribute. All others are
/// metadata: those under `aws.xray.metadata.` by their namespace, and those of a segment's resource too.
pub(super) fn notes(mut attributes: Attributes, resource: Option<&Attributes>) -> Notes {
    let indexed: Vec<_> = match attributes.get(&[ANNOTATIONS]) {
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    if attributes.get(&[ANNOTATIONS]).is_some_and(Value::is_array) {
        attributes.remove(&[ANNOTATIONS]);
    }
    let (mut annotations, mut metadata, mut default) = (Map::new(), Map::new(), Map::new());
    for (name, value) in resource.cloned().unwrap_or_default().into_iter() {
        let name = format!("{RESOURCE}{name}");
        if indexed.contains(&name) && is_scalar(&value) {
            annotations.insert(annotation_name(&name), value);
        } else {
            default.insert(name, value);
        }
    }
    for (name, value) in attributes.into_iter() {
        if indexed.contains(&name) {
            // What is no single value cannot be indexed, and is left out.
            if is_scalar(&value) {
                annotations.insert(annotation_name(&name), value);
            }
            continue;
        }
        let namespace = name.strip_prefix(NAMESPACE);
        match namespace.zip(value.as_str().and_then(|text| serde_json::from_str(text).ok())) {
            Some((namespace, Value::Object(object))) if namespace.eq_ignore_ascii_case(DEFAULT) => {
                default.extend(object);
            }
            Some((namespace, Value::Object(object))) => {
                metadata.insert(namespace.to_owned(), object.into());
            }
            _ => {
                default.insert(name, value);
            }
        }
    }
    if !default.is_empty() {
        metadata.insert(DEFAULT.to_owned(), default.into());
    }
    Notes { annotations, metadata }
}

/// Keeps what belongs to the resource.
pub(super) fn keep_resource(metadata: &mut Map<String, Value>) {
    metadata.retain(|_, entries| {
        let Value::Object(entries) = entries else { return false };
        entries.retain(|name, _| name.starts_with(RESOURCE));
        !entries.is_empty()
    });
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// X-Ray indexes names of letters, digits, `_` and `.`.
fn annotation_name(name: &str) -> String {
    let fixed = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' };
    name.chars().map(fixed).collect()
}

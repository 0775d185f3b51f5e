use std::collections::HashMap;

use regex_lite::Regex;

use super::{
    error::{LineError, TemplateError},
    yaml::{Content, Node},
};

/// What is wrong with a parameter.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The template does not declare it.
    #[error("the template has no parameter `{name}`\n\nhint: it has {}", declared.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// The names that the template declares.
        declared: Vec<String>,
    },
    /// It has neither a value nor a default.
    #[error("parameter `{0}` has no default; pass --parameter {0}=VALUE")]
    NoDefault(String),
    /// Its declaration does not allow the value.
    #[error("parameter `{name}` is `{value}`, which {violation}")]
    Refused {
        /// The parameter.
        name: String,
        /// The value.
        value: String,
        /// Which constraint it violates.
        violation: Violation,
    },
    /// `AllowedPattern` is not a regular expression.
    #[error("AllowedPattern: {0}")]
    InvalidPattern(String),
}

/// The constraint of a parameter's declaration that a value violates, as a half-sentence.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// `AllowedValues`.
    #[error("is none of {}", .0.join(", "))]
    AllowedValues(Vec<String>),
    /// `AllowedPattern`.
    #[error("does not match `{0}`")]
    AllowedPattern(String),
    /// `Type: Number`.
    #[error("is not a number")]
    NotANumber,
    /// `MinValue`.
    #[error("is less than {0}")]
    MinValue(String),
    /// `MaxValue`.
    #[error("is more than {0}")]
    MaxValue(String),
}

/// The value of each parameter: from the command line, otherwise its default.
pub(super) fn values(
    root: &Node,
    overrides: &[(String, String)],
) -> Result<HashMap<String, String>, TemplateError> {
    let declared = root.get("Parameters").map(Node::entries).unwrap_or_default();
    for (name, _) in overrides {
        if !declared.iter().any(|(declared, _)| declared == name) {
            let (name, names) = (name.clone(), declared.iter().map(|(name, _)| name.clone()));
            return Err(ParameterError::Unknown { name, declared: names.collect() }.into());
        }
    }
    let mut values = HashMap::new();
    for (name, declaration) in declared {
        let given = overrides.iter().rev().find(|(given, _)| given == name);
        let given = given.map(|(_, value)| value.as_str());
        let default = declaration.get("Default").and_then(Node::text);
        let Some(value) = given.or(default) else {
            let missing = ParameterError::NoDefault(name.clone());
            return Err(LineError::new(declaration.line, missing).into());
        };
        if let Some(violation) = violation(declaration, value)? {
            let (name, value) = (name.clone(), value.to_owned());
            let refused = ParameterError::Refused { name, value, violation };
            return Err(match given {
                Some(_) => refused.into(),
                None => LineError::new(declaration.line, refused).into(),
            });
        }
        values.insert(name.clone(), value.to_owned());
    }
    Ok(values)
}

fn violation(declaration: &Node, value: &str) -> Result<Option<Violation>, LineError> {
    if let Some(Node { content: Content::Sequence(allowed), .. }) = declaration.get("AllowedValues")
    {
        let allowed: Vec<_> = allowed.iter().filter_map(Node::text).collect();
        if !allowed.contains(&value) {
            let allowed = allowed.into_iter().map(str::to_owned).collect();
            return Ok(Some(Violation::AllowedValues(allowed)));
        }
    }
    if let Some((pattern, line)) =
        declaration.get("AllowedPattern").and_then(|node| Some((node.text()?, node.line)))
    {
        let regex = Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
            LineError::new(line, ParameterError::InvalidPattern(error.to_string()))
        })?;
        if !regex.is_match(value) {
            return Ok(Some(Violation::AllowedPattern(pattern.to_owned())));
        }
    }
    if declaration.get("Type").and_then(Node::text) == Some("Number") {
        let Ok(number) = value.parse::<f64>() else { return Ok(Some(Violation::NotANumber)) };
        let bound = |key| -> Option<(f64, String)> {
            let text = declaration.get(key).and_then(Node::text)?;
            Some((text.parse().ok()?, text.to_owned()))
        };
        if let Some((_, minimum)) = bound("MinValue").filter(|(minimum, _)| number < *minimum) {
            return Ok(Some(Violation::MinValue(minimum)));
        }
        if let Some((_, maximum)) = bound("MaxValue").filter(|(maximum, _)| number > *maximum) {
            return Ok(Some(Violation::MaxValue(maximum)));
        }
    }
    Ok(None)
}

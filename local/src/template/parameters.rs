use std::collections::HashMap;

use regex_lite::Regex;

use super::{
    TemplateError,
    yaml::{Content, Node},
};

/// The value of each parameter: from the command line, else its default.
pub(super) fn values(
    root: &Node,
    overrides: &[(String, String)],
) -> Result<HashMap<String, String>, TemplateError> {
    let declared = root.get("Parameters").map(Node::entries).unwrap_or_default();
    let names = || declared.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    for (name, _) in overrides {
        if !declared.iter().any(|(declared, _)| declared == name) {
            return Err(TemplateError::Parameter(format!(
                "the template has no parameter `{name}`\n\nhint: it has {}",
                names()
            )));
        }
    }
    let mut values = HashMap::new();
    for (name, declaration) in declared {
        let given =
            overrides.iter().rev().find(|(given, _)| given == name).map(|(_, v)| v.as_str());
        let default = declaration.get("Default").and_then(Node::text);
        let value = given.or(default).ok_or_else(|| {
            TemplateError::at(
                declaration.line,
                format!("parameter `{name}` has no default; say --parameter {name}=VALUE"),
            )
        })?;
        if let Some(refusal) = refusal(declaration, value)? {
            let refusal = format!("parameter `{name}` is `{value}`, which {refusal}");
            return Err(match given {
                Some(_) => TemplateError::Parameter(refusal),
                None => TemplateError::at(declaration.line, refusal),
            });
        }
        values.insert(name.clone(), value.to_owned());
    }
    Ok(values)
}

/// Why `value` is not allowed, as a half-sentence.
fn refusal(declaration: &Node, value: &str) -> Result<Option<String>, TemplateError> {
    if let Some(Node { content: Content::Sequence(allowed), .. }) = declaration.get("AllowedValues")
    {
        let allowed: Vec<_> = allowed.iter().filter_map(Node::text).collect();
        if !allowed.contains(&value) {
            return Ok(Some(format!("is none of {}", allowed.join(", "))));
        }
    }
    if let Some((pattern, line)) =
        declaration.get("AllowedPattern").and_then(|node| Some((node.text()?, node.line)))
    {
        let regex = Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|error| TemplateError::at(line, format!("AllowedPattern: {error}")))?;
        if !regex.is_match(value) {
            return Ok(Some(format!("does not match `{pattern}`")));
        }
    }
    if declaration.get("Type").and_then(Node::text) == Some("Number") {
        let Ok(number) = value.parse::<f64>() else {
            return Ok(Some("is not a number".to_owned()));
        };
        let bound =
            |key| declaration.get(key).and_then(Node::text).and_then(|t| t.parse::<f64>().ok());
        if let Some(least) = bound("MinValue").filter(|least| number < *least) {
            return Ok(Some(format!("is less than {least}")));
        }
        if let Some(most) = bound("MaxValue").filter(|most| number > *most) {
            return Ok(Some(format!("is more than {most}")));
        }
    }
    Ok(None)
}

use serde_json::Value;

use super::{
    error::LineError,
    intrinsics::{IntrinsicError, Scope, to_text},
    yaml::{Content, Node},
};

impl Scope<'_> {
    /// The value of `Fn::Sub`: a string whose placeholders are replaced, `${Name}`,
    /// `${Resource.Attribute}`, or a key of the mapping that may follow the string. `${!Literal}`
    /// becomes `${Literal}`.
    pub(super) fn substitute(&self, argument: &Node, line: usize) -> Result<Value, LineError> {
        let (template, variables) = match &argument.content {
            Content::Sequence(parts) if parts.len() == 2 => (&parts[0], Some(&parts[1])),
            _ => (argument, None),
        };
        let template = template.text().ok_or_else(|| {
            let (function, form) = ("Fn::Sub".to_owned(), "a string, or a string and a mapping");
            LineError::new(line, IntrinsicError::Arguments { function, form })
        })?;
        let mut result = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| LineError::new(line, IntrinsicError::UnclosedPlaceholder))?;
            match name.strip_prefix('!') {
                Some(literal) => result.extend(["${", literal, "}"]),
                None => result.push_str(&self.placeholder(name, variables, line)?),
            }
            rest = after;
        }
        Ok((result + rest).into())
    }

    fn placeholder(
        &self,
        name: &str,
        variables: Option<&Node>,
        line: usize,
    ) -> Result<String, LineError> {
        if let Some(node) = variables.and_then(|variables| variables.get(name)) {
            return self.text(node);
        }
        let value = match name.split_once('.') {
            Some((resource, attribute)) => self.attribute(resource, attribute, line)?,
            None => self.reference(name, line)?.unwrap_or_default(),
        };
        to_text(&value, line)
    }
}

use serde_json::Value;

use super::{
    error::LineError,
    intrinsics::{IntrinsicError, Scope, to_text},
    yaml::{Content, Node},
};

impl Scope<'_> {
    /// Whether the condition of a resource or an output holds; true where it has none.
    pub(super) fn exists(&self, node: &Node) -> Result<bool, LineError> {
        match node.get("Condition").and_then(Node::text) {
            Some(condition) => self.condition(condition, node.line),
            None => Ok(true),
        }
    }

    /// Whether the condition `name` holds.
    pub(super) fn condition(&self, name: &str, line: usize) -> Result<bool, LineError> {
        let declared = self.conditions.iter().find(|(declared, _)| declared == name);
        let (_, node) = declared.ok_or_else(|| {
            LineError::new(line, IntrinsicError::UnknownCondition(name.to_owned()))
        })?;
        self.guarded(name, line, || self.truth(node))
    }

    /// The value of `Fn::Equals`, `Fn::Not`, `Fn::And` or `Fn::Or`.
    pub(super) fn logic(&self, function: &str, argument: &Node) -> Result<bool, LineError> {
        let wrong = |form| {
            let function = function.to_owned();
            LineError::new(argument.line, IntrinsicError::Arguments { function, form })
        };
        let Content::Sequence(items) = &argument.content else { return Err(wrong("a list")) };
        match (function, items.as_slice()) {
            ("Fn::Equals", [left, right]) => {
                let side = |node| -> Result<_, LineError> {
                    self.resolve(node)?.map(|value| to_text(&value, argument.line)).transpose()
                };
                Ok(side(left)? == side(right)?)
            }
            ("Fn::Equals", _) => Err(wrong("two items")),
            ("Fn::Not", [item]) => Ok(!self.truth(item)?),
            ("Fn::Not", _) => Err(wrong("one item")),
            (_, items) if !(2..=10).contains(&items.len()) => Err(wrong("two to ten items")),
            (function, items) => {
                // All are resolved, so that a mistake in one is found whatever the others are.
                let truths = items.iter().map(|item| self.truth(item));
                let truths = truths.collect::<Result<Vec<_>, _>>()?;
                Ok(if function == "Fn::And" {
                    truths.into_iter().all(|truth| truth)
                } else {
                    truths.into_iter().any(|truth| truth)
                })
            }
        }
    }

    fn truth(&self, node: &Node) -> Result<bool, LineError> {
        match self.resolve(node)? {
            Some(Value::Bool(truth)) => Ok(truth),
            other => {
                let value = other.unwrap_or_default();
                Err(LineError::new(node.line, IntrinsicError::NotACondition(value)))
            }
        }
    }
}

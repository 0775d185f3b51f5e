use std::collections::BTreeMap;

use super::{
    app::UnresolvedOutput,
    error::LineError,
    intrinsics::{Scope, to_text},
    yaml::Node,
};

/// Why an output has no value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// `Value` is missing or `AWS::NoValue`.
    #[error("the output has no `Value`")]
    NoValue,
}

/// The outputs that exist, by name, and those that cannot be evaluated here. They do not keep
/// anything from running: an output may use what only AWS has.
pub(super) fn evaluate(
    root: &Node,
    scope: &Scope<'_>,
) -> (BTreeMap<String, String>, Vec<UnresolvedOutput>) {
    let (mut values, mut unresolved) = (BTreeMap::new(), Vec::new());
    for (name, output) in root.get("Outputs").map(Node::entries).unwrap_or_default() {
        let name = name.clone();
        match value(output, scope) {
            Ok(Some(value)) => drop(values.insert(name, value)),
            Ok(None) => {}
            Err(error) => unresolved.push(UnresolvedOutput { name, error }),
        }
    }
    (values, unresolved)
}

/// The value of an output, or `None` if its condition does not hold.
fn value(output: &Node, scope: &Scope<'_>) -> Result<Option<String>, LineError> {
    if !scope.exists(output)? {
        return Ok(None);
    }
    let missing = || LineError::new(output.line, OutputError::NoValue);
    let node = output.get("Value").ok_or_else(missing)?;
    let value = scope.resolve(node)?.ok_or_else(missing)?;
    to_text(&value, node.line).map(Some)
}

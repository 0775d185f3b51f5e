use serde_json::Value;

use super::{error::LineError, intrinsics::Scope, yaml::Node};

/// The defaults in a template's `Globals`
/// (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>).
pub(super) struct Globals {
    pub(super) function: Value,
    pub(super) api: Value,
}

impl Globals {
    pub(super) fn resolve(root: &Node, scope: &Scope<'_>) -> Result<Self, LineError> {
        let resolve = |name| -> Result<Value, LineError> {
            let node = section(root, name);
            Ok(node.map(|node| scope.resolve(node)).transpose()?.flatten().unwrap_or_default())
        };
        Ok(Self { function: resolve("Function")?, api: resolve("Api")? })
    }
}

/// The defaults for one type of resource.
pub(super) fn section<'n>(root: &'n Node, name: &str) -> Option<&'n Node> {
    root.get("Globals")?.get(name)
}

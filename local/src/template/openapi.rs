use serde_json::{Map, Value};

use super::app::Route;

/// The key of an operation that takes every method.
const ANY_METHOD: &str = "x-amazon-apigateway-any-method";

/// How an API's `OpenAPI` document differs from the functions' `Api` events. SAM takes the document
/// as it is and turns the events into nothing but permissions, so a route that one of the two lacks
/// fails only at run time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteMismatch {
    /// An event without an operation.
    #[error("`{method} {path}` is an event of `{function}` and is not in the API's DefinitionBody")]
    NotInDocument {
        /// The event's method.
        method: String,
        /// The event's path.
        path: String,
        /// The function's logical id.
        function: String,
    },
    /// An operation without an event.
    #[error(
        "`{method} {path}` of the API's DefinitionBody is no function's event, so API Gateway may not invoke it"
    )]
    NoEvent {
        /// The operation's method.
        method: String,
        /// The operation's path.
        path: String,
    },
}

/// Checks that `document` and `routes` name the same methods of the same paths.
pub(super) fn check(document: &Value, routes: &[Route]) -> Result<(), RouteMismatch> {
    let none = Map::new();
    let paths = document["paths"].as_object().unwrap_or(&none);
    for Route { method, path, function, .. } in routes {
        if paths.get(path).is_none_or(|operations| operations[operation_key(method)].is_null()) {
            let (method, path, function) = (method.clone(), path.clone(), function.clone());
            return Err(RouteMismatch::NotInDocument { method, path, function });
        }
    }
    for (path, operations) in paths {
        for (key, operation) in operations.as_object().into_iter().flatten() {
            let proxied = operation["x-amazon-apigateway-integration"]["type"] == "aws_proxy";
            let is_route =
                |route: &Route| route.path == *path && operation_key(&route.method) == *key;
            if proxied && !routes.iter().any(is_route) {
                let method = if key == ANY_METHOD { "ANY".into() } else { key.to_uppercase() };
                return Err(RouteMismatch::NoEvent { method, path: path.clone() });
            }
        }
    }
    Ok(())
}

/// The key of a method in a path of the document.
pub(super) fn operation_key(method: &str) -> String {
    if method == "ANY" { ANY_METHOD.to_owned() } else { method.to_lowercase() }
}

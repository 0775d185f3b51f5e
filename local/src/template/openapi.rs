use serde_json::{Map, Value};

use super::app::Route;

/// What is wrong between an API's `OpenAPI` document and the functions' `Api` events. SAM takes the document as it
/// stands and makes of the events nothing but permissions: a route that one of them lacks is an error at run time.
pub(super) fn mismatch(document: &Value, routes: &[Route]) -> Option<String> {
    let none = Map::new();
    let paths = document["paths"].as_object().unwrap_or(&none);
    for route in routes {
        if paths.get(&route.path).is_none_or(|path| path[route.method.to_lowercase()].is_null()) {
            return Some(format!(
                "`{} {}` is an event of `{}` and is not in the API's DefinitionBody",
                route.method, route.path, route.function
            ));
        }
    }
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let proxied = operation["x-amazon-apigateway-integration"]["type"] == "aws_proxy";
            let known =
                |route: &Route| route.path == *path && route.method.eq_ignore_ascii_case(method);
            if proxied && !routes.iter().any(known) {
                return Some(format!(
                    "`{} {path}` of the API's DefinitionBody is no function's event, so API Gateway may not invoke it",
                    method.to_uppercase()
                ));
            }
        }
    }
    None
}

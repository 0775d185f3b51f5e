use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::{
    app::Api, error::LineError, gateway_response, globals::Globals, intrinsics::Scope,
    resource::Resource, yaml::Node,
};

/// The logical id of the REST API that SAM creates for `Api` events without a `RestApiId`
/// (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-api.html>).
pub(super) const IMPLICIT: &str = "ServerlessRestApi";
/// Its stage.
pub(super) const DEFAULT_STAGE: &str = "Prod";

/// The API of an `AWS::Serverless::Api`.
pub(super) fn explicit(resource: &Resource<'_>, globals: &Globals) -> Api {
    let stage = resource.properties["StageName"].as_str().unwrap_or(DEFAULT_STAGE).to_owned();
    let traced = match &resource.properties["TracingEnabled"] {
        Value::Null => &globals.api["TracingEnabled"],
        own => own,
    };
    let variables = resource.properties["Variables"].as_object().into_iter().flatten();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Api {
        name: resource.name.clone(),
        stage,
        traced: *traced == true,
        variables: variables.map(|(name, value)| (name.clone(), text(value))).collect(),
        gateway_responses: gateway_response::parse(resource),
    }
}

/// The API that SAM creates for events that name none.
pub(super) fn implicit(scope: &Scope<'_>, globals: &Globals) -> Result<Api, LineError> {
    Ok(Api {
        name: scope.implicit_api_name()?,
        stage: DEFAULT_STAGE.to_owned(),
        traced: globals.api["TracingEnabled"] == true,
        variables: BTreeMap::new(),
        gateway_responses: BTreeMap::new(),
    })
}

/// Whether a resource is a function with an `Api` event that names no API.
pub(super) fn is_implied_by(resource: &Node) -> bool {
    let events = resource.get("Properties").and_then(|properties| properties.get("Events"));
    let is_function =
        resource.get("Type").and_then(Node::text) == Some("AWS::Serverless::Function");
    is_function
        && events.map(Node::entries).unwrap_or_default().iter().any(|(_, event)| {
            let names_api =
                event.get("Properties").and_then(|properties| properties.get("RestApiId"));
            event.get("Type").and_then(Node::text) == Some("Api") && names_api.is_none()
        })
}

/// The id of the API `name`: ten letters and digits, the same at every start.
pub(super) fn id(name: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).simple().to_string()[..10].to_owned()
}

use std::future;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::{
    template::Api,
    wire::{AwsApi, AwsError, AwsRequest, Outcome, Permission, Protocol, Response, Route},
};

/// The operations: which REST APIs there are, and how their stage is configured, for whoever wants to check
/// that it is traced.
/// See <https://docs.aws.amazon.com/apigateway/latest/api/API_GetStage.html>.
const ROUTES: &[Route] = &[
    ("GET", "/restapis", "GetRestApis"),
    ("GET", "/restapis/{id}/stages", "GetStages"),
    ("GET", "/restapis/{id}/stages/{name}", "GetStage"),
];

/// The API Gateway API.
#[derive(Debug)]
pub(crate) struct ApiGateway(pub(crate) Option<Api>);

impl AwsApi for ApiGateway {
    fn name(&self) -> &'static str {
        "apigateway"
    }

    fn protocol(&self) -> Protocol {
        Protocol::RestJson { routes: ROUTES, takes_unsigned: false }
    }

    /// Whoever can reach this may ask.
    fn permissions(&self, _request: &AwsRequest) -> Vec<Permission> {
        Vec::new()
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        let outcome = match request.operation.as_str() {
            "GetRestApis" => {
                let item = |api: &Api| json!({ "id": api.id(), "name": api.name });
                Ok(items(self.0.as_ref().map(item)))
            }
            "GetStages" => self.find(request).map(|api| items(Some(stage(api)))),
            "GetStage" => self.stage(request),
            other => {
                let supported: Vec<_> = ROUTES.iter().map(|(_, _, operation)| *operation).collect();
                Err(AwsError::unknown_operation("API Gateway", other, &supported))
            }
        };
        Box::pin(future::ready(outcome.map(Response::Json)))
    }
}

impl ApiGateway {
    fn find(&self, request: &AwsRequest) -> Result<&Api, AwsError> {
        let api = self.0.as_ref().filter(|api| api.id() == request.parameter("id"));
        api.ok_or_else(|| not_found("Invalid API identifier specified"))
    }

    fn stage(&self, request: &AwsRequest) -> Result<Value, AwsError> {
        let api = self.find(request)?;
        if api.stage == request.parameter("name") {
            Ok(stage(api))
        } else {
            Err(not_found("Invalid stage identifier specified"))
        }
    }
}

fn not_found(message: &str) -> AwsError {
    AwsError::not_found("NotFoundException", message)
}

fn items(item: Option<Value>) -> Value {
    json!({ "item": item.into_iter().collect::<Vec<_>>() })
}

fn stage(api: &Api) -> Value {
    json!({ "stageName": api.stage, "tracingEnabled": api.traced })
}

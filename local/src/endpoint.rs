use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    faults::{self, Call, Faults, Injection, Kind},
    iam::Authorizer,
    lambda::Lambda,
    random_id::new_id,
    services::Services,
    wire::{
        AwsApi, AwsError, AwsRequest, CredentialScope, HttpResponse, Outcome, Response, json_error,
        target,
    },
    xray::{OTLP_PATH, Store, receive_otlp},
};

/// The header with which temporary credentials come; every process of a function has its own.
const SESSION_TOKEN: &str = "x-amz-security-token";

/// Every AWS API on one endpoint: the service in a request's signature says whose it is.
#[derive(Debug)]
pub(crate) struct Endpoint {
    apis: Vec<Arc<dyn AwsApi>>,
    authorizer: Arc<Authorizer>,
    faults: Arc<Faults>,
    lambda: Arc<Lambda>,
    traces: Arc<Store>,
}

impl Endpoint {
    /// An endpoint for the APIs of `services`, in the order in which errors name them.
    pub(crate) fn new(services: &Services) -> Self {
        Self {
            apis: services.apis.clone(),
            authorizer: Arc::clone(&services.authorizer),
            faults: Arc::clone(&services.faults),
            lambda: Arc::clone(&services.lambda),
            traces: Arc::clone(&services.traces),
        }
    }

    /// Handles a request; `target` is its path, with the query if there is one.
    pub(crate) async fn handle(
        &self,
        method: &Method,
        target: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> HttpResponse {
        let path = target.split('?').next().unwrap_or_default();
        // OpenTelemetry's exporters do not sign, and need not.
        if method == Method::POST && path == OTLP_PATH {
            return receive_otlp(headers, body, Arc::clone(&self.traces)).await.map(Body::from);
        }
        let request_id = new_id().to_string();
        let scope = CredentialScope::parse(headers);
        let mut response = match self.find(&scope, method, path, headers) {
            Ok(api) => {
                let protocol = api.protocol();
                let request = AwsRequest::parse(protocol, method, target, headers, body);
                let outcome = match self.authorize(api, scope.key, &request) {
                    Ok(()) => self.perform(api, scope.key, &request).await,
                    Err(error) => Err(error),
                };
                protocol.respond(&request.operation, outcome, &request_id)
            }
            Err(error) => json_error(&error),
        };
        if let Ok(request_id) = HeaderValue::from_str(&request_id) {
            let name = HeaderName::from_static("x-amzn-requestid");
            response.headers_mut().entry(name).or_insert(request_id);
        }
        response
    }

    /// Performs the operation, with the fault that it meets.
    async fn perform(&self, api: &dyn AwsApi, key: Option<&str>, request: &AwsRequest) -> Outcome {
        let service = api.name();
        let function = match service {
            "lambda" => {
                self.lambda.function(request.parameter("name")).ok().map(|f| f.name.as_str())
            }
            _ => self.faults.function(key),
        };
        let call = Call { service, operation: &request.operation, function };
        // An invocation is duplicated where it is delivered.
        let possible = |kind| kind != Kind::Duplicate || service == "events";
        let Some(Injection { kind, mut random }) = self.faults.meet(call, possible) else {
            return api.handle(request).await;
        };
        match kind {
            Kind::Throttle => Err(faults::throttle(service)),
            Kind::Error => Err(faults::error(service, random.bool())),
            Kind::Reset => closed(),
            Kind::Lost => {
                let _lost = api.handle(request).await;
                if random.bool() { closed() } else { Err(faults::error(service, false)) }
            }
            Kind::Hang(pause) => {
                tokio::time::sleep(pause).await;
                api.handle(request).await
            }
            Kind::Delay(pause) => {
                let outcome = api.handle(request).await;
                tokio::time::sleep(pause).await;
                outcome
            }
            Kind::Partial => put_partially(api, request, &mut random).await,
            Kind::Duplicate => {
                let outcome = api.handle(request).await;
                let _second = api.handle(request).await;
                outcome
            }
            Kind::KillBefore => self.kill(request),
            Kind::KillAfter => {
                let _lost = api.handle(request).await;
                self.kill(request)
            }
        }
    }

    /// Kills the process that sent `request`.
    fn kill(&self, request: &AwsRequest) -> Outcome {
        // A process that signs with other credentials than it was given only loses its connection.
        let _killed = request.header(SESSION_TOKEN).is_some_and(|token| self.lambda.kill(token));
        closed()
    }

    /// The API that a request is for: the one that its signature names, or, where nobody signed it, the one
    /// that recognizes it.
    fn find(
        &self,
        scope: &CredentialScope<'_>,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<&dyn AwsApi, AwsError> {
        let mut apis = self.apis.iter().map(AsRef::as_ref);
        let Some(service) = scope.service else {
            let recognizes =
                |api: &&dyn AwsApi| api.protocol().recognizes(target(headers), method, path);
            return apis.find(recognizes).ok_or_else(|| self.unsigned());
        };
        apis.find(|api| api.name() == service).ok_or_else(|| {
            let message =
                format!("there is no service `{service}` here; there are {}", self.names());
            AwsError::bad_request("UnknownOperationException", message)
        })
    }

    /// Checks that whoever signed may do what the request asks for.
    fn authorize(
        &self,
        api: &dyn AwsApi,
        key: Option<&str>,
        request: &AwsRequest,
    ) -> Result<(), AwsError> {
        self.authorizer.authorize(key, || api.permissions(request)).map_err(|denied| {
            let (status, code) = api.denial();
            AwsError::new(status, code, denied.message)
        })
    }

    fn unsigned(&self) -> AwsError {
        let message = format!(
            "the request is not signed, so nobody knows which service it is for; there are {}",
            self.names()
        );
        AwsError::new(StatusCode::FORBIDDEN, "MissingAuthenticationTokenException", message)
    }

    fn names(&self) -> String {
        self.apis.iter().map(|api| api.name()).collect::<Vec<_>>().join(", ")
    }
}

/// The connection is closed.
#[expect(clippy::unnecessary_wraps, reason = "it stands where an outcome does")]
fn closed() -> Outcome {
    Ok(Response::Http(faults::close()))
}

/// Publishes some of the entries of a `PutEvents`; at least one fails.
async fn put_partially(
    api: &dyn AwsApi,
    request: &AwsRequest,
    random: &mut fastrand::Rng,
) -> Outcome {
    let body = request.json()?;
    let entries = body["Entries"].as_array().map_or(&[][..], Vec::as_slice);
    if entries.is_empty() {
        return api.handle(request).await;
    }
    let surely = random.usize(..entries.len());
    let failed: Vec<_> =
        (0..entries.len()).map(|number| number == surely || random.bool()).collect();
    let others = entries.iter().zip(&failed).filter(|(_, failed)| !**failed);
    let others: Vec<_> = others.map(|(entry, _)| entry).collect();
    let published = if others.is_empty() {
        Value::Null
    } else {
        match api.handle(&request.with_json(&json!({ "Entries": others }))).await? {
            Response::Json(published) => published,
            other => return Ok(other),
        }
    };
    Ok(Response::Json(faults::partial_results(&failed, &published)))
}

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use bytes::Bytes;
use uuid::Uuid;

use crate::{
    iam::Authorizer,
    wire::{AwsApi, AwsError, AwsRequest, HttpResponse, json_error, target},
};

/// Every AWS API on one endpoint: the service in a request's signature says whose it is.
#[derive(Debug)]
pub(crate) struct Endpoint {
    apis: Vec<Arc<dyn AwsApi>>,
    authorizer: Arc<Authorizer>,
}

impl Endpoint {
    /// An endpoint for `apis`, in the order in which errors name them.
    pub(crate) fn new(apis: Vec<Arc<dyn AwsApi>>, authorizer: Arc<Authorizer>) -> Self {
        Self { apis, authorizer }
    }

    /// Handles a request.
    pub(crate) async fn handle(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> HttpResponse {
        let request_id = Uuid::new_v4().to_string();
        let scope = CredentialScope::parse(headers);
        let mut response = match self.find(&scope, method, path, headers) {
            Ok(api) => {
                let protocol = api.protocol();
                let request = AwsRequest::parse(protocol, method, path, headers, body);
                let outcome = match self.authorize(api, scope.key, &request) {
                    Ok(()) => api.handle(&request).await,
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

/// What a request's signature says: `KEY/DATE/REGION/SERVICE/aws4_request`. The signature itself is not
/// checked.
struct CredentialScope<'a> {
    key: Option<&'a str>,
    service: Option<&'a str>,
}

impl<'a> CredentialScope<'a> {
    fn parse(headers: &'a HeaderMap) -> Self {
        let text = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let credential = text.and_then(|text| text.split_once("Credential="));
        let scope = credential.map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or_default());
        Self {
            key: scope.and_then(|scope| scope.split('/').next()),
            service: scope.and_then(|scope| scope.split('/').rev().nth(1)),
        }
    }
}

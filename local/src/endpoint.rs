//! Every AWS API on one endpoint: the service in a request's signature says whose it is.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
};
use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    apigateway,
    dynamodb::DynamoDb,
    events::Bus,
    iam::{self, Denied, Guard},
    lambda::{self, Lambda},
    sns::{self, Sns},
    sqs::{self, Queues},
    template::Api,
    trace_header::TraceHeader,
    wire::AwsError,
    xray::{self, Store},
};

/// The services behind the endpoint.
#[derive(Debug)]
pub struct Services {
    /// DynamoDB.
    pub dynamodb: DynamoDb,
    /// EventBridge.
    pub bus: Bus,
    /// IAM.
    pub guard: Guard,
    /// API Gateway's REST API.
    pub api: Option<Api>,
    /// Lambda.
    pub lambda: Arc<Lambda>,
    /// SNS.
    pub sns: Sns,
    /// SQS.
    pub queues: Arc<Queues>,
    /// X-Ray.
    pub store: Arc<Store>,
}

/// The services' names in a signature, as the error for any other names them.
const SUPPORTED: &str = "apigateway, dynamodb, events, iam, lambda, sns, sqs, xray";

impl Services {
    /// Answers an AWS request.
    pub async fn answer(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Response<Body> {
        let signed = Signed::read(headers);
        let service = signed.service.or_else(|| unsigned_service(headers, path));
        let answered = match self.check(service, signed.key, path, headers, &body) {
            Ok(()) => self.route(service, method, path, headers, body).await,
            Err(denied) => Err(denied),
        };
        let mut response = answered.unwrap_or_else(|error| match service {
            Some("sns") => error.as_query(sns::NAMESPACE),
            Some("iam") => error.as_query(iam::NAMESPACE),
            _ => error.as_json(),
        });
        let request_id = Uuid::new_v4().to_string();
        if let Ok(request_id) = HeaderValue::from_str(&request_id) {
            let name = HeaderName::from_static("x-amzn-requestid");
            response.headers_mut().entry(name).or_insert(request_id);
        }
        response
    }

    /// Whether who signed may do what the request asks for.
    fn check(
        &self,
        service: Option<&str>,
        key: Option<&str>,
        path: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), AwsError> {
        let service = service.unwrap_or_default();
        let calls = || iam::calls(service, operation(headers), path, body);
        self.guard.check(key, calls).map_err(|Denied { message, .. }| denied(service, message))
    }

    async fn route(
        &self,
        service: Option<&str>,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<Body>, AwsError> {
        match service {
            Some("apigateway") => apigateway::api::answer(self.api.as_ref(), method, path)
                .map(|answer| json_response("application/json", &answer)),
            Some("dynamodb") => self.dynamodb.answer(headers, body).await,
            Some("events") => self
                .bus
                .answer(operation(headers), trace(headers).as_ref(), &body)
                .map(|answer| json_response("application/x-amz-json-1.1", &answer)),
            Some("lambda") => lambda::api::answer(&self.lambda, method, path, headers, body).await,
            Some("iam") => iam::answer(&self.guard, &body),
            Some("sns") => self.sns.answer(trace(headers).as_ref(), &body),
            Some("sqs") => sqs::api::answer(&self.queues, operation(headers), &body)
                .map(|answer| json_response("application/x-amz-json-1.0", &answer)),
            Some("xray") => xray::api::answer(&self.store, path, &body)
                .map(|answer| json_response("application/json", &answer)),
            Some(other) => Err(AwsError::bad_request(
                "UnknownOperationException",
                format!("there is no service `{other}` here; there are {SUPPORTED}"),
            )),
            None => Err(AwsError {
                status: StatusCode::FORBIDDEN,
                kind: "MissingAuthenticationTokenException",
                message: format!(
                    "the request is not signed, so nobody knows which service it is for; there are {SUPPORTED}"
                ),
            }),
        }
    }
}

/// How each service says that a role does not allow a call.
fn denied(service: &str, message: String) -> AwsError {
    let (status, kind) = match service {
        "dynamodb" | "events" => (StatusCode::BAD_REQUEST, "AccessDeniedException"),
        "sns" => (StatusCode::FORBIDDEN, "AuthorizationError"),
        _ => (StatusCode::FORBIDDEN, "AccessDeniedException"),
    };
    AwsError { status, kind, message }
}

/// What a request's signature says: `KEY/DATE/REGION/SERVICE/aws4_request`. The signature itself is not checked.
struct Signed<'a> {
    key: Option<&'a str>,
    service: Option<&'a str>,
}

impl<'a> Signed<'a> {
    fn read(headers: &'a HeaderMap) -> Self {
        let text = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let credential = text.and_then(|text| text.split_once("Credential="));
        let scope = credential.map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or_default());
        Self {
            key: scope.and_then(|scope| scope.split('/').next()),
            service: scope.and_then(|scope| scope.split('/').rev().nth(1)),
        }
    }
}

/// The service of a request that is not signed: from its target header or, for X-Ray, its path.
fn unsigned_service(headers: &HeaderMap, path: &str) -> Option<&'static str> {
    match target(headers).split('.').next() {
        Some("AWSEvents") => Some("events"),
        Some("DynamoDB_20120810") => Some("dynamodb"),
        _ if xray::api::operation(path).is_some() => Some("xray"),
        _ => None,
    }
}

fn target(headers: &HeaderMap) -> &str {
    headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// What comes behind the dot of the target header.
fn operation(headers: &HeaderMap) -> &str {
    target(headers).rsplit('.').next().unwrap_or_default()
}

fn trace(headers: &HeaderMap) -> Option<TraceHeader> {
    TraceHeader::read(headers.get("x-amzn-trace-id")?.to_str().ok()?)
}

fn json_response(content_type: &'static str, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

//! Every AWS API on one endpoint: the service in a request's signature says whose it is.

/// DynamoDB, embedded.
mod dynamodb;
/// Errors as AWS answers them.
mod error;
/// SNS: one operation, and what was published.
mod sns;

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
};
use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

pub use dynamodb::{DynamoDb, TablesError};
pub use error::AwsError;
pub use sns::{Notification, Sns};

use crate::{
    bus::Bus,
    lambda::{self, Lambda},
    xray::{self, Store, TraceHeader},
};

/// The services behind the endpoint.
#[derive(Debug)]
pub struct Services {
    /// DynamoDB.
    pub dynamodb: DynamoDb,
    /// EventBridge.
    pub bus: Bus,
    /// Lambda.
    pub lambda: Arc<Lambda>,
    /// SNS.
    pub sns: Sns,
    /// X-Ray.
    pub store: Arc<Store>,
}

/// The services' names in a signature, as the error for any other names them.
const SUPPORTED: &str = "dynamodb, events, lambda, sns, xray";

impl Services {
    /// Answers an AWS request.
    pub async fn answer(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Response<Body> {
        let answered = match service(headers, path) {
            Some("dynamodb") => self.dynamodb.answer(headers, body).await,
            Some("events") => {
                let operation = target(headers).rsplit('.').next().unwrap_or_default();
                self.bus
                    .answer(operation, trace(headers).as_ref(), &body)
                    .map(|answer| json_response("application/x-amz-json-1.1", &answer))
            }
            Some("lambda") => lambda::api::answer(&self.lambda, method, path, headers, body).await,
            Some("sns") => Ok(self.sns.answer(trace(headers).as_ref(), &body)),
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
        };
        let mut response = answered.unwrap_or_else(|error| error.as_json());
        let request_id = Uuid::new_v4().to_string();
        if let Ok(request_id) = HeaderValue::from_str(&request_id) {
            let name = HeaderName::from_static("x-amzn-requestid");
            response.headers_mut().entry(name).or_insert(request_id);
        }
        response
    }
}

/// The service of a request: from its signature's scope, `KEY/DATE/REGION/SERVICE/aws4_request`, else
/// from its target header or, for X-Ray, its path. The signature itself is not checked.
fn service<'a>(headers: &'a HeaderMap, path: &str) -> Option<&'a str> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let credential = text(header::AUTHORIZATION).and_then(|text| text.split_once("Credential="));
    let scope = credential.map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or_default());
    if let Some(service) = scope.and_then(|scope| scope.split('/').rev().nth(1)) {
        return Some(service);
    }
    match target(headers).split('.').next() {
        Some("AWSEvents") => Some("events"),
        Some("DynamoDB_20120810") => Some("dynamodb"),
        _ if xray::api::knows(path) => Some("xray"),
        _ => None,
    }
}

fn target(headers: &HeaderMap) -> &str {
    headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default()
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

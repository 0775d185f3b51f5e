use std::{collections::BTreeMap, sync::OnceLock};

use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{AwsError, Protocol};
use crate::trace_header::TraceHeader;

/// A request to an AWS API, parsed once.
#[derive(Debug)]
pub(crate) struct AwsRequest {
    /// `PutEvents`. In the REST protocols, `METHOD /path` where no operation fits.
    pub(crate) operation: String,
    /// The parameters in its path, in the REST protocols.
    pub(crate) parameters: BTreeMap<String, String>,
    /// The trace that it belongs to.
    pub(crate) trace: Option<TraceHeader>,
    /// The parameters after its path.
    pub(crate) query: BTreeMap<String, String>,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its form, in the query protocol.
    pub(crate) form: BTreeMap<String, String>,
    /// Its body as it came.
    pub(crate) body: Bytes,
    json: OnceLock<Result<Value, AwsError>>,
}

impl AwsRequest {
    /// Parses a request that speaks `protocol`; `path` may have a query behind it.
    pub(crate) fn parse(
        protocol: Protocol,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let form = match protocol {
            Protocol::Query { .. } => form_urlencoded::parse(&body).into_owned().collect(),
            Protocol::Json { .. } | Protocol::RestJson { .. } => BTreeMap::new(),
        };
        let (operation, parameters) = protocol.operation(target(headers), &form, method, path);
        Self {
            operation,
            parameters,
            trace: trace_header(headers),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: headers.clone(),
            form,
            body,
            json: OnceLock::new(),
        }
    }

    /// The body as JSON, `{}` when there is none. It is parsed when somebody first asks.
    pub(crate) fn json(&self) -> Result<&Value, AwsError> {
        let parse = || match self.body.as_ref() {
            [] => Ok(json!({})),
            body => serde_json::from_slice(body).map_err(|error| {
                let message = format!("the request is not JSON: {error}");
                AwsError::bad_request("SerializationException", message)
            }),
        };
        self.json.get_or_init(parse).as_ref().map_err(Clone::clone)
    }

    /// The same request with another document.
    pub(crate) fn with_json(&self, body: &Value) -> Self {
        Self {
            operation: self.operation.clone(),
            parameters: self.parameters.clone(),
            trace: self.trace.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            form: self.form.clone(),
            body: body.to_string().into(),
            json: OnceLock::new(),
        }
    }

    /// A header, where it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        text(&self.headers, name)
    }

    /// A field of the form; empty where it is missing.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.form.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A parameter of the path; empty where it is missing.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// The header that names the operation in the JSON protocols.
pub(crate) fn target(headers: &HeaderMap) -> &str {
    text(headers, "x-amz-target").unwrap_or_default()
}

/// The trace that a request belongs to.
pub(crate) fn trace_header(headers: &HeaderMap) -> Option<TraceHeader> {
    TraceHeader::parse(text(headers, "x-amzn-trace-id")?)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, header},
};
use serde_json::json;

use super::{AwsError, HttpResponse, Outcome, Response};
use crate::path_template::parameters;

/// One of AWS's protocols
/// (<https://smithy.io/2.0/aws/protocols/index.html>): how a request names its operation, and how responses
/// and errors are written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol {
    /// `awsJson1_0` and `awsJson1_1`: the header `X-Amz-Target` names the operation.
    Json {
        /// What stands before the dot in that header.
        target: &'static str,
        /// Of responses.
        content_type: &'static str,
    },
    /// `awsQuery`: a form names the operation, and the response is XML.
    Query {
        /// Of the response's elements.
        namespace: &'static str,
    },
    /// `restJson1`: method and path name the operation.
    RestJson {
        /// The operations.
        routes: &'static [Route],
        /// Whether a request without a signature is recognized by its path.
        takes_unsigned: bool,
    },
}

/// An operation of a REST API: its method, its path with `{parameters}`, its name as IAM knows it.
pub(crate) type Route = (&'static str, &'static str, &'static str);

impl Protocol {
    /// Whether a request without a signature is one of this API, by its target header or its path.
    pub(crate) fn recognizes(&self, target: &str, method: &Method, path: &str) -> bool {
        match self {
            Self::Json { target: own, .. } => target.split('.').next() == Some(own),
            Self::Query { .. } => false,
            Self::RestJson { routes, takes_unsigned } => {
                *takes_unsigned && find(routes, method, path).is_some()
            }
        }
    }

    /// The operation and the path's parameters; the operation is the method and the path themselves where
    /// no route fits them.
    pub(super) fn operation(
        &self,
        target: &str,
        form: &BTreeMap<String, String>,
        method: &Method,
        path: &str,
    ) -> (String, BTreeMap<String, String>) {
        let none = BTreeMap::new;
        match self {
            Self::Json { .. } => (target.rsplit('.').next().unwrap_or_default().to_owned(), none()),
            Self::Query { .. } => (form.get("Action").cloned().unwrap_or_default(), none()),
            Self::RestJson { routes, .. } => match find(routes, method, path) {
                Some((operation, parameters)) => (operation.to_owned(), parameters),
                None => (format!("{method} {path}"), none()),
            },
        }
    }

    /// The outcome of `operation` as HTTP.
    pub(crate) fn respond(
        &self,
        operation: &str,
        outcome: Outcome,
        request_id: &str,
    ) -> HttpResponse {
        let error = match outcome {
            Ok(Response::Http(response)) => return response,
            Ok(Response::Json(value)) => {
                return http(StatusCode::OK, self.content_type(), value.to_string());
            }
            Ok(Response::Xml(result)) => {
                let xml = self.xml_result(operation, &result, request_id);
                return http(StatusCode::OK, self.content_type(), xml);
            }
            Err(error) => error,
        };
        match self {
            Self::Query { namespace } => {
                let xml = xml_error(namespace, &error, request_id);
                http(error.status, self.content_type(), xml)
            }
            Self::Json { .. } | Self::RestJson { .. } => json_error(&error),
        }
    }

    fn content_type(&self) -> &'static str {
        match self {
            Self::Json { content_type, .. } => content_type,
            Self::Query { .. } => "text/xml",
            Self::RestJson { .. } => "application/json",
        }
    }

    fn xml_result(&self, operation: &str, result: &str, request_id: &str) -> String {
        let namespace = if let Self::Query { namespace } = self { namespace } else { "" };
        format!(
            "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{result}</{operation}Result>\
             <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
        )
    }
}

/// The error in the JSON protocols.
pub(crate) fn json_error(error: &AwsError) -> HttpResponse {
    let AwsError { status, code, message } = error;
    let body = json!({ "__type": code, "message": message, "Message": message });
    let mut response = http(*status, "application/json", body.to_string());
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
    response
}

/// `text` as it may stand in XML 1.0, which has no control characters but three, not even as references.
pub(crate) fn escape(text: &str) -> String {
    let is_possible = |character: char| match character {
        '\u{fffe}' | '\u{ffff}' => false,
        _ => !character.is_control() || matches!(character, '\t' | '\n' | '\r'),
    };
    let text = text.replace(|character| !is_possible(character), "\u{fffd}");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn xml_error(namespace: &str, error: &AwsError, request_id: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>Sender</Type><Code>{}</Code>\
         <Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        error.code,
        escape(&error.message)
    )
}

fn http(status: StatusCode, content_type: &'static str, body: String) -> HttpResponse {
    let mut response = HttpResponse::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn find(
    routes: &'static [Route],
    method: &Method,
    path: &str,
) -> Option<(&'static str, BTreeMap<String, String>)> {
    routes
        .iter()
        .filter(|(own, ..)| own == method)
        .find_map(|(_, template, operation)| Some((*operation, parameters(template, path)?)))
}

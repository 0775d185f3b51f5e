//! How AWS's APIs speak: one request, one response and one error for all of them, whatever their protocol,
//! and the face that every emulated API has.

/// Who signed a request, and what for.
mod credential;
/// Errors as AWS returns them.
mod error;
/// Lists in pages.
mod page;
/// What the parameters of an operation hold.
pub(crate) mod parameters;
/// How requests name their operation and how responses are written.
mod protocol;
/// A request, parsed once.
mod request;

use std::fmt;

use axum::{body::Body, http::StatusCode};
use futures_util::future::BoxFuture;
use serde_json::Value;

pub(crate) use credential::CredentialScope;
pub(crate) use error::AwsError;
pub(crate) use page::{Page, page_size};
pub(crate) use protocol::{Protocol, Route, escape, json_error};
pub(crate) use request::{AwsRequest, target, trace_header};

/// An HTTP response.
pub(crate) type HttpResponse = axum::http::Response<Body>;
/// How an operation ends.
pub(crate) type Outcome = Result<Response, AwsError>;

/// An emulated AWS API. All of them have this face: a new one is a room with an implementation of it, and a
/// line in the table of [`crate::services`].
pub(crate) trait AwsApi: fmt::Debug + Send + Sync {
    /// Its name in a request's signature: `events`.
    fn name(&self) -> &'static str;

    /// How it speaks.
    fn protocol(&self) -> Protocol;

    /// What a role has to allow for `request`. A malformed request needs nothing: [`Self::handle`] says what
    /// is wrong with it.
    fn permissions(&self, request: &AwsRequest) -> Vec<Permission>;

    /// The status and the code of the error for what a role does not allow.
    fn denial(&self) -> (StatusCode, &'static str) {
        (StatusCode::FORBIDDEN, "AccessDeniedException")
    }

    /// Performs the operation.
    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome>;
}

/// An action on a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Permission {
    /// `dynamodb:PutItem`.
    pub(crate) action: String,
    /// The ARN of what it is done to; `*` where the action knows none.
    pub(crate) resource: String,
}

impl Permission {
    /// The action `operation` of `service` on `resource`.
    pub(crate) fn new(service: &str, operation: &str, resource: impl Into<String>) -> Self {
        Self { action: format!("{service}:{operation}"), resource: resource.into() }
    }
}

/// The result of an operation, which the protocol writes as HTTP.
#[derive(Debug)]
pub(crate) enum Response {
    /// A document.
    Json(Value),
    /// The content of the element `<operation>Result`, in the query protocol.
    Xml(String),
    /// HTTP already.
    Http(HttpResponse),
}

//! The `cargo local` that runs, for commands that ask it something.

use axum::http::{Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{self, Client},
    rt::TokioExecutor,
};
use serde_json::Value;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error(transparent)]
    Connection(#[from] legacy::Error),
    #[error("the answer breaks off")]
    Broken(#[from] hyper::Error),
    #[error("{0} without JSON")]
    Foreign(StatusCode, #[source] serde_json::Error),
}

/// Sends a request, and returns the status and the JSON of the answer.
pub(crate) async fn ask(request: Request<String>) -> Result<(StatusCode, Value), NoAnswer> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request.map(Full::<Bytes>::from)).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    let json = serde_json::from_slice(&body).map_err(|error| NoAnswer::Foreign(status, error))?;
    Ok((status, json))
}

use std::net::SocketAddr;

use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header},
};
use bytes::Bytes;
use dynoxide::{Database, actions::create_table::CreateTableRequest};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::wire::AwsError;

/// DynamoDB, embedded. It speaks HTTP on a port of its own, and requests are handed through as they
/// come: its authors' reading of the protocol counts, not ours.
#[derive(Debug)]
pub struct DynamoDb {
    address: SocketAddr,
    client: Client<HttpConnector, Body>,
    server: JoinHandle<()>,
}

/// Why the tables could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the DynamoDB tables: {0}")]
pub struct TablesError(String);

impl DynamoDb {
    /// Starts with `tables`, `CreateTable` requests.
    pub async fn start(tables: &[Value]) -> Result<Self, TablesError> {
        let failed =
            |step: &str, error: &dyn std::fmt::Display| TablesError(format!("{step}: {error}"));
        let database = Database::memory().map_err(|error| failed("opening", &error))?;
        for table in tables {
            let name = table["TableName"].as_str().unwrap_or("?").to_owned();
            let request: CreateTableRequest =
                serde_json::from_value(table.clone()).map_err(|error| failed(&name, &error))?;
            database.create_table(request).map_err(|error| failed(&name, &error))?;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| failed("a port", &e))?;
        let address = listener.local_addr().map_err(|error| failed("a port", &error))?;
        let server = tokio::spawn(dynoxide::server::serve_on(listener, database));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { address, client, server })
    }

    /// Hands a request through.
    pub async fn answer(
        &self,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<Body>, AwsError> {
        let unavailable = |reason: String| AwsError {
            status: StatusCode::SERVICE_UNAVAILABLE,
            kind: "ServiceUnavailable",
            message: reason,
        };
        let uri: Uri = format!("http://{}/", self.address)
            .parse()
            .map_err(|error| unavailable(format!("{error}")))?;
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers.clone();
        // These speak of the connection that the request came over.
        for name in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION, header::EXPECT] {
            request.headers_mut().remove(name);
        }
        match self.client.request(request).await {
            Ok(response) => Ok(response.map(Body::new)),
            Err(error) => {
                Err(unavailable(format!("the embedded DynamoDB does not answer: {error}")))
            }
        }
    }
}

impl Drop for DynamoDb {
    fn drop(&mut self) {
        self.server.abort();
    }
}

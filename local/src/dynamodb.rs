/// Requests that the embedded server is not needed for.
mod direct;
/// Transactions that are performed once.
mod tokens;

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, Uri, header},
};
use dynoxide::{Database, actions::create_table::CreateTableRequest, errors::DynoxideError};
use futures_util::future::BoxFuture;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

use self::tokens::Tokens;
use crate::{
    identity::arn_of,
    wire::{AwsApi, AwsError, AwsRequest, Outcome, Permission, Protocol, Response},
};

/// Of requests and responses.
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// SQLite's name for a database of this process alone, in a temporary file that has no name: what does not fit into its
/// cache of 2 MB is written there, not kept in memory (<https://www.sqlite.org/inmemorydb.html#temp_db>).
const TEMPORARY: &str = "";

/// DynamoDB, embedded. It speaks HTTP on a port of its own, and requests are forwarded as they come: its
/// authors' implementation of the protocol counts, not ours. Only the commonest requests are performed without it.
pub(crate) struct DynamoDb {
    database: Database,
    tokens: Tokens,
    uri: Uri,
    client: Client<HttpConnector, Body>,
    server: JoinHandle<()>,
}

/// Why the tables could not be created.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// The embedded database does not open.
    #[error("cannot open the embedded DynamoDB")]
    Open(#[source] DynoxideError),
    /// What the template says of a table is not understood.
    #[error("cannot understand the definition of table `{table}`")]
    Definition {
        /// Its name.
        table: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A table is refused.
    #[error("cannot create table `{table}`")]
    Create {
        /// Its name.
        table: String,
        /// Why.
        source: DynoxideError,
    },
    /// There is no port for it.
    #[error("cannot listen for the embedded DynamoDB")]
    Listen(#[source] io::Error),
}

impl DynamoDb {
    /// Starts with `tables`, `CreateTable` requests.
    pub(crate) async fn start(tables: &[Value]) -> Result<Self, TablesError> {
        let database = Database::new(TEMPORARY).map_err(TablesError::Open)?;
        for definition in tables {
            create(&database, definition)?;
        }
        let listener = listen().await.map_err(TablesError::Listen)?;
        let uri = uri(listener.local_addr().map_err(TablesError::Listen)?)?;
        let server = tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { database, tokens: Tokens::default(), uri, client, server })
    }

    async fn forward(&self, request: &AwsRequest) -> Outcome {
        let mut forwarded = Request::new(Body::from(request.body.clone()));
        *forwarded.method_mut() = Method::POST;
        *forwarded.uri_mut() = self.uri.clone();
        *forwarded.headers_mut() = request.headers.clone();
        // These are about the connection that the request came over.
        for name in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION, header::EXPECT] {
            forwarded.headers_mut().remove(name);
        }
        match self.client.request(forwarded).await {
            Ok(response) => Ok(Response::Http(response.map(Body::new))),
            Err(error) => {
                let message = format!("the embedded DynamoDB does not answer: {error}");
                Err(AwsError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message))
            }
        }
    }
}

impl fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDb").field("uri", &self.uri).finish_non_exhaustive()
    }
}

impl AwsApi for DynamoDb {
    fn name(&self) -> &'static str {
        "dynamodb"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Json { target: "DynamoDB_20120810", content_type: CONTENT_TYPE }
    }

    fn permissions(&self, request: &AwsRequest) -> Vec<Permission> {
        let read = |body: &[u8]| serde_json::from_slice(body).ok();
        // Serde would take a list for the members in their order.
        let object = Some(&request.body[..]).filter(|body| body.starts_with(b"{"));
        match object.and_then(read) {
            Some(OneTable { name: Some(name), index, items: None, tables: None }) => {
                vec![on_table(&request.operation, Some(&name), index.as_deref())]
            }
            _ => request
                .json()
                .map_or_else(|_| Vec::new(), |body| permissions(&request.operation, body)),
        }
    }

    fn denial(&self) -> (StatusCode, &'static str) {
        (StatusCode::BAD_REQUEST, "AccessDeniedException")
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        Box::pin(async {
            // The embedded server answers this with a plain text.
            let body = std::str::from_utf8(&request.body).map_err(|error| {
                AwsError::bad_request("SerializationException", error.to_string())
            })?;
            match direct::perform(&self.database, &self.tokens, request, body) {
                Some(response) => Ok(Response::Http(response)),
                None => self.forward(request).await,
            }
        })
    }
}

impl Drop for DynamoDb {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Whoever reaches the embedded server may read and write everything: it checks no `Host`, and it says to browsers that pages of
/// every origin may ask. So it listens where no page finds it: on one of the 2^24 loopback addresses, of which Linux has all.
/// Other systems have one, and there the port alone is hard to guess.
async fn listen() -> io::Result<TcpListener> {
    let [first, second, third, ..] = Uuid::new_v4().into_bytes();
    // The last one is neither the network's own number nor that of a broadcast.
    let address = Ipv4Addr::new(127, first, second, third.clamp(1, 254));
    match TcpListener::bind((address, 0)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await,
    }
}

fn create(database: &Database, definition: &Value) -> Result<(), TablesError> {
    let table = || definition["TableName"].as_str().unwrap_or("?").to_owned();
    let request: CreateTableRequest = serde_json::from_value(definition.clone())
        .map_err(|source| TablesError::Definition { table: table(), source })?;
    let created = database.create_table(request);
    created.map_err(|source| TablesError::Create { table: table(), source })?;
    Ok(())
}

fn uri(address: SocketAddr) -> Result<Uri, TablesError> {
    let uri = format!("http://{address}/").parse();
    uri.map_err(|error| TablesError::Listen(io::Error::other(error)))
}

/// What a request for one table says of it. Nothing else of such a request has to be read.
#[derive(Deserialize)]
struct OneTable {
    #[serde(rename = "TableName")]
    name: Option<String>,
    #[serde(rename = "IndexName")]
    index: Option<String>,
    #[serde(rename = "TransactItems")]
    items: Option<IgnoredAny>,
    #[serde(rename = "RequestItems")]
    tables: Option<IgnoredAny>,
}

/// Transactions have no action of their own: a role has to allow each of their parts
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>).
fn permissions(operation: &str, body: &Value) -> Vec<Permission> {
    if let Some(items) = body["TransactItems"].as_array() {
        let parts = items.iter().filter_map(Value::as_object).flatten();
        return parts
            .map(|(kind, part)| {
                let check = kind == "ConditionCheck";
                let action = if check { "ConditionCheckItem" } else { &format!("{kind}Item") };
                on(action, table(part["TableName"].as_str().unwrap_or_default()))
            })
            .collect();
    }
    if let Some(tables) = body["RequestItems"].as_object() {
        return tables.keys().map(|name| on(operation, table(name))).collect();
    }
    vec![on_table(operation, body["TableName"].as_str(), body["IndexName"].as_str())]
}

fn on_table(operation: &str, name: Option<&str>, index: Option<&str>) -> Permission {
    let resource = match (name, index) {
        (None, _) => "*".to_owned(),
        (Some(name), Some(index)) => format!("{}/index/{index}", table(name)),
        (Some(name), None) => table(name),
    };
    on(operation, resource)
}

fn on(operation: &str, resource: String) -> Permission {
    Permission::new("dynamodb", operation, resource)
}

fn table(name: &str) -> String {
    arn_of("dynamodb", "table/", name)
}

#[cfg(test)]
mod tests;

//! The HTTP client of the AWS clients: hyper's, with HTTP/1.1 alone, which is what AWS's APIs of JSON and queries
//! speak. The SDK's own needs an implementation of HTTP/2 besides, a tenth of a service's executable and of what it has
//! in memory.

use std::{error::Error, time::Duration};

use aws_smithy_runtime_api::client::{
    connection::{CaptureSmithyConnection, ConnectionMetadata},
    http::{
        HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, retry::ErrorKind};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        self, Client,
        connect::{self, CaptureConnection, HttpInfo, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::ClientConfig;

/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(1);

/// One client for all AWS clients, whatever their settings: the TLS configuration is made once, here, and they share
/// their connections.
pub(crate) fn with_tls(tls: ClientConfig) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Http1::new(tls));
    http_client_fn(move |_settings, _components| connector.clone())
}

#[derive(Debug)]
struct Http1 {
    client: Client<HttpsConnector<connect::HttpConnector>, SdkBody>,
}

impl Http1 {
    fn new(tls: ClientConfig) -> Self {
        let mut tcp = connect::HttpConnector::new();
        // The scheme decides, and TLS comes on top.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        // Without a timer, idle connections are kept for ever.
        let client =
            Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Self { client }
    }
}

impl HttpConnector for Http1 {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        let captured = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || connection(&captured));
        }
        let response = self.client.request(request);
        HttpConnectorFuture::new(async move {
            let response = response.await.map_err(classified)?.map(SdkBody::from_body_1_x);
            HttpResponse::try_from(response)
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// What the SDK may know of the connection of a request. After a timeout or a server's error it has the connection not
/// used again.
fn connection(captured: &CaptureConnection) -> Option<ConnectionMetadata> {
    let mut extensions = http::Extensions::new();
    captured.connection_metadata().as_ref()?.get_extras(&mut extensions);
    let info = extensions.get::<HttpInfo>();
    let captured = captured.clone();
    let mut metadata = ConnectionMetadata::builder().proxied(false).poison_fn(move || {
        if let Some(connected) = captured.connection_metadata().as_ref() {
            connected.poison();
        }
    });
    metadata
        .set_local_addr(info.map(HttpInfo::local_addr))
        .set_remote_addr(info.map(HttpInfo::remote_addr));
    Some(metadata.build())
}

/// Says what kind of error it is, on which it depends whether the SDK tries again.
fn classified(error: legacy::Error) -> ConnectorError {
    let kind = match source::<hyper::Error>(&error) {
        _ if error.is_connect() => ConnectorError::io,
        Some(error) if error.is_timeout() => ConnectorError::timeout,
        Some(error) if error.is_user() => ConnectorError::user,
        Some(error) if error.is_closed() || error.is_canceled() => ConnectorError::io,
        _ if source::<std::io::Error>(&error).is_some() => ConnectorError::io,
        // The connection was closed before the end of the response.
        Some(error) if error.is_incomplete_message() => {
            |error| ConnectorError::other(error, Some(ErrorKind::TransientError))
        }
        _ => |error| ConnectorError::other(error, None),
    };
    kind(error.into())
}

/// The first error of that type that is a cause of `error`.
fn source<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        next = cause.source();
    }
    None
}

#[cfg(test)]
pub(crate) mod tests;

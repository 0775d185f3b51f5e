use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::world::{TIMEOUT, World};

/// An HTTP response.
#[derive(Debug)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: http::HeaderMap,
    /// Its body: JSON, or else a string.
    pub body: Value,
}

/// The header of a request that is signed for an AWS service. The signature itself is not checked.
pub fn scope(service: &str) -> (&'static str, String) {
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential=key/20261122/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    ("authorization", scope)
}

impl World {
    /// Posts an order of `customer123`.
    pub async fn order(&self, body: &str) -> Response {
        self.post("/orders/customer123", body, &[]).await
    }

    /// Posts `body` to the API.
    pub async fn post(
        &self,
        path: &str,
        body: impl AsRef<[u8]>,
        headers: &[(&str, &str)],
    ) -> Response {
        self.request("POST", &format!("{}{path}", self.stack.api()), body, headers).await
    }

    /// Sends bytes to the API, as they are, and returns what it answers until it closes the connection.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let address = self.stack.api().replace("http://", "");
        let exchange = async {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(bytes.as_ref()).await?;
            let mut response = String::new();
            stream.read_to_string(&mut response).await?;
            std::io::Result::Ok(response)
        };
        let response = timeout(TIMEOUT, exchange).await.expect("the connection ends in time");
        response.expect("the API answers")
    }

    /// Calls the API of an AWS service, as an AWS client would.
    pub async fn aws(
        &self,
        service: &str,
        path: &str,
        body: impl AsRef<[u8]>,
        headers: &[(&str, &str)],
    ) -> Response {
        let (name, scope) = scope(service);
        let signed = (name, scope.as_str());
        let headers: Vec<_> = std::iter::once(signed).chain(headers.iter().copied()).collect();
        self.request("POST", &format!("{}{path}", self.stack.aws()), body, &headers).await
    }

    /// Sends a request anywhere in this world.
    pub async fn request(
        &self,
        method: &str,
        url: &str,
        body: impl AsRef<[u8]>,
        headers: &[(&str, &str)],
    ) -> Response {
        self.try_request(method, url, body, headers).await.expect("the world responds")
    }

    /// Sends a request to which there may be no response: `None` if the connection is closed.
    pub async fn try_request(
        &self,
        method: &str,
        url: &str,
        body: impl AsRef<[u8]>,
        headers: &[(&str, &str)],
    ) -> Option<Response> {
        let mut request = http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(Bytes::copy_from_slice(body.as_ref()));
        self.send(request.body(body).expect("the request is well formed")).await
    }

    /// Sends any request at all: `None` if the connection is closed.
    pub async fn send(&self, request: http::Request<Full<Bytes>>) -> Option<Response> {
        let response = timeout(TIMEOUT, self.http.request(request)).await;
        let (parts, body) = response.expect("a response comes in time").ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let text = || Value::from(String::from_utf8_lossy(&body).into_owned());
        Some(Response {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or_else(|_| text()),
        })
    }
}

impl Response {
    /// The id of the request's trace.
    pub fn trace_id(&self) -> String {
        let header = self.headers["x-amzn-trace-id"].to_str().expect("the header is a text");
        let root = header.split(';').find_map(|field| field.strip_prefix("Root="));
        root.expect("the header has a root").to_owned()
    }

    /// The order's id.
    pub fn order_id(&self) -> String {
        self.body["orderId"].as_str().expect("the response has an order").to_owned()
    }
}

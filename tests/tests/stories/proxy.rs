use std::{
    future::Future,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub(crate) type Request = http::Request<Bytes>;
pub(crate) type Response = http::Response<Bytes>;

/// What happens to the calls of the functions on their way to AWS and back.
pub(crate) trait Interference: Clone + Send + Sync + 'static {
    /// The response to a request, or `None` if it is lost. `operation` is that of a call to DynamoDB,
    /// and empty for any other.
    fn respond(
        &self,
        operation: &str,
        request: Request,
        aws: &Aws,
    ) -> impl Future<Output = Option<Response>> + Send;
}

/// AWS itself.
#[derive(Clone)]
pub(crate) struct Aws {
    url: Arc<OnceLock<String>>,
    http: Client<HttpConnector, Full<Bytes>>,
}

/// Stands between functions and AWS.
#[derive(Clone)]
pub(crate) struct Proxy<I> {
    port: u16,
    aws: Aws,
    interference: I,
}

impl Aws {
    pub(crate) async fn forward(&self, request: Request) -> Response {
        let (mut parts, body) = request.into_parts();
        let url = self.url.get().unwrap();
        parts.uri = format!("{url}{}", parts.uri.path()).parse().unwrap();
        let request = http::Request::from_parts(parts, Full::new(body));
        let (parts, body) = self.http.request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        http::Response::from_parts(parts, body)
    }
}

impl<I: Interference> Proxy<I> {
    pub(crate) async fn start(interference: I) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let http = Client::builder(TokioExecutor::new()).build_http();
        let aws = Aws { url: Arc::default(), http };
        let proxy = Self { port, aws, interference };
        let accepting = proxy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let proxy = accepting.clone();
                tokio::spawn(async move { proxy.serve(stream).await });
            }
        });
        proxy
    }

    /// Says where AWS is, once it is known.
    pub(crate) fn is_before(&self, url: String) {
        self.aws.url.set(url).unwrap();
    }

    /// An executable for a function: its real binary, with this proxy as AWS.
    pub(crate) fn wrapper(&self, folder: &Path, binary: &str) -> PathBuf {
        let real = Path::new(env!("CARGO_BIN_EXE_faulty")).with_file_name(binary);
        let script = folder.join(binary);
        let body = format!(
            "#!/bin/sh\nAWS_ENDPOINT_URL=http://127.0.0.1:{} exec {}\n",
            self.port,
            real.display()
        );
        std::fs::write(&script, body).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&script, mode).unwrap();
        script
    }

    /// Serves a connection until the client closes it or a response is lost.
    async fn serve(self, mut stream: TcpStream) {
        while let Some(request) = read_request(&mut stream).await {
            let target = request.headers().get("x-amz-target").map(|value| value.to_str().unwrap());
            let operation = target.and_then(|target| target.strip_prefix("DynamoDB_20120810."));
            let operation = operation.unwrap_or_default().to_owned();
            let response = self.interference.respond(&operation, request, &self.aws).await;
            let Some(response) = response else { return };
            let (parts, body) = response.into_parts();
            let mut head =
                format!("HTTP/1.1 {}\r\ncontent-length: {}\r\n", parts.status, body.len());
            for (name, value) in &parts.headers {
                if !["content-length", "transfer-encoding"].contains(&name.as_str()) {
                    head.extend([name.as_str(), ": ", value.to_str().unwrap(), "\r\n"]);
                }
            }
            stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
            stream.write_all(&body).await.unwrap();
        }
    }
}

/// The next request on the connection.
async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut received = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&received);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let mut words = lines.next().unwrap().split(' ');
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            let mut request = http::Request::builder().method(method).uri(path);
            let mut length = 0;
            for (name, value) in lines.map(|line| line.split_once(": ").unwrap()) {
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.parse().unwrap();
                }
                request = request.header(name, value);
            }
            if body.len() >= length {
                return Some(request.body(Bytes::from(body.to_owned())).unwrap());
            }
        }
        if stream.read_buf(&mut received).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

use std::{
    collections::HashSet,
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

use bytes::Bytes;
use e2e::World;
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::metrics::assert_every_event_is_counted_once;

const FUNCTIONS: [(&str, &str); 4] = [
    ("OrderService", "order-service"),
    ("PaymentService", "payment-service"),
    ("InventoryService", "inventory-service"),
    ("NotificationService", "notification-service"),
];

/// DynamoDB writes, the response is lost, the SDK writes again: it meets its own write, and not
/// another invocation's.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_response_to_every_write_changes_nothing() {
    let proxy = Proxy::start().await;
    let folder = TempDir::new().unwrap();
    let mut builder = World::with().parameter("InitialStock", "5");
    for (function, binary) in FUNCTIONS {
        builder = builder.bootstrap(function, proxy.wrapper(folder.path(), binary));
    }
    let world = builder.start().await;
    proxy.upstream.set(world.stack().aws()).unwrap();

    for body in [
        r#"{"productId": "p"}"#,
        r#"{"productId": "q", "paymentMethod": "card_declined"}"#,
        r#"{"productId": "r", "quantity": 6}"#,
    ] {
        let response = world.order(body).await;
        assert_eq!(response.status, 201, "{:?}", response.body);
    }
    let mut outcomes: Vec<_> =
        world.notified(3).await.iter().map(|sent| sent.attributes["outcome"].clone()).collect();
    world.settled().await;
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["confirmed", "out_of_stock", "payment_failed"]);
    assert_eq!(world.notified(3).await.len(), 3, "each customer is notified once");
    let letters = world.stack().dead_letters();
    assert!(letters.is_empty(), "{letters:#?}");
    assert_every_event_is_counted_once(&world).await;
    // Each order is stored, paid, reserved and notified in at least six writes.
    let lost = proxy.lost.lock().unwrap().len();
    assert!(lost >= 18, "{lost} responses are lost");
    world.end().await;
}

/// Stands between the functions and AWS. The response to the first attempt of every write to
/// DynamoDB is lost.
#[derive(Clone)]
struct Proxy {
    port: u16,
    /// Where AWS is.
    upstream: Arc<OnceLock<String>>,
    /// The requests whose response is lost. A retry has the same body.
    lost: Arc<Mutex<HashSet<Vec<u8>>>>,
    http: Client<HttpConnector, Full<Bytes>>,
}

impl Proxy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            upstream: Arc::default(),
            lost: Arc::default(),
            http: Client::builder(TokioExecutor::new()).build_http(),
        };
        let accepting = proxy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let proxy = accepting.clone();
                tokio::spawn(async move { proxy.serve(stream).await });
            }
        });
        proxy
    }

    /// An executable for a function: its real binary, with this proxy as AWS.
    fn wrapper(&self, folder: &Path, binary: &str) -> std::path::PathBuf {
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
        while let Some(request) = self.read_request(&mut stream).await {
            let body = request.body().clone();
            let target = request.headers().get("x-amz-target").map(|value| value.to_str().unwrap());
            let is_write = target.is_some_and(|target| {
                ["PutItem", "UpdateItem", "TransactWriteItems"]
                    .iter()
                    .any(|operation| target == format!("DynamoDB_20120810.{operation}"))
            });
            let response = self.http.request(request.map(Full::new)).await.unwrap();
            if is_write && self.lost.lock().unwrap().insert(body.to_vec()) {
                return;
            }
            let (parts, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
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

    /// The next request on the connection, addressed to AWS.
    async fn read_request(&self, stream: &mut TcpStream) -> Option<http::Request<Bytes>> {
        let mut received = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&received);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let mut lines = head.lines();
                let mut words = lines.next().unwrap().split(' ');
                let (method, path) = (words.next().unwrap(), words.next().unwrap());
                let upstream = self.upstream.get().unwrap();
                let mut request =
                    http::Request::builder().method(method).uri(format!("{upstream}{path}"));
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
}

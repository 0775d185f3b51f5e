use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::{
    Client as Tables,
    config::{Credentials, SharedCredentialsProvider, retry::RetryConfig},
};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{certificates::trusting, error_chain::chain};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{\"TableNames\":[]}";
const FAULT: &str = "HTTP/1.1 500 \r\ncontent-length: 2\r\n\r\n{}";
/// The connection is closed in the middle of a response, or before it.
const BROKEN_OFF: &str = "HTTP/1.1 200 OK\r\ncontent-";
const NOTHING: &str = "";

/// Responds with `responses`, one to each request.
struct Server {
    url: String,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn start(responses: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let responses = Arc::new(Mutex::new(responses.iter().copied().collect::<VecDeque<_>>()));
        let counted = connections.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(respond(stream, responses.clone()));
            }
        });
        Self { url, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn respond(mut stream: TcpStream, responses: Arc<Mutex<VecDeque<&'static str>>>) {
    loop {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n{}") {
            if stream.read_buf(&mut request).await.unwrap_or_default() == 0 {
                return;
            }
        }
        let response = responses.lock().unwrap().pop_front().unwrap_or(NOTHING);
        stream.write_all(response.as_bytes()).await.unwrap();
        if [NOTHING, BROKEN_OFF].contains(&response) {
            return;
        }
    }
}

/// The configuration of clients that call `url` and try `attempts` times.
pub(crate) fn config(url: &str, tls: ClientConfig, attempts: u32) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "k", "s", None, None, "test",
        )))
        .http_client(with_tls(tls))
        .retry_config(RetryConfig::standard().with_max_attempts(attempts))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .build()
}

#[tokio::test]
async fn clients_share_connections() {
    let server = Server::start(&[OK, OK, OK]).await;
    let config = config(&server.url, trusting(&[]), 1);
    for _ in 0..3 {
        Tables::new(&config).list_tables().send().await.unwrap();
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn what_fails_on_its_way_is_tried_again_on_another_connection() {
    for failure in [FAULT, BROKEN_OFF, NOTHING] {
        let server = Server::start(&[failure, OK]).await;
        let listed = Tables::new(&config(&server.url, trusting(&[]), 2)).list_tables().send().await;
        assert!(listed.is_ok(), "{failure:?}: {}", chain(&listed.unwrap_err()));
        assert_eq!(server.connections(), 2, "{failure:?}");
    }
}

#[tokio::test]
async fn an_error_says_what_failed() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (url, cause, is_io) in [
        (format!("http://{closed}"), "Connection refused", true),
        (Server::start(&[NOTHING]).await.url, "connection closed before message completed", false),
        (Server::start(&["no HTTP\r\n\r\n"]).await.url, "invalid HTTP version parsed", false),
    ] {
        let error =
            Tables::new(&config(&url, trusting(&[]), 1)).list_tables().send().await.unwrap_err();
        let aws_sdk_dynamodb::error::SdkError::DispatchFailure(failure) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(failure.is_io(), is_io, "{}", chain(&error));
        assert!(chain(&error).contains(cause), "{}", chain(&error));
    }
}

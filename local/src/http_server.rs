use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The most connections that a port serves at once; further ones wait.
const MAX_CONNECTIONS: usize = 512;
/// The largest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// How long a client may take to send the head of a request, or to send the next one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause after an error of the listener, such as too many open files.
const LISTENER_PAUSE: Duration = Duration::from_millis(100);

/// Says, as an extension of a response, that the connection is closed without that response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Close;

/// Accepts connections until `stop`, and returns when the requests under way are answered.
pub(crate) async fn serve<H, F>(listener: TcpListener, handle: H, stop: CancellationToken)
where
    H: Fn(Request<Body>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let (permits, connections) = (Arc::new(Semaphore::new(MAX_CONNECTIONS)), TaskTracker::new());
    let accept = async {
        loop {
            // The semaphore is never closed.
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, client)) => {
                    let (handle, stop) = (handle.clone(), stop.clone());
                    connections.spawn(async move {
                        connection(stream, client, handle, stop).await;
                        drop(permit);
                    });
                }
                Err(_) => tokio::time::sleep(LISTENER_PAUSE).await,
            }
        }
    };
    stop.run_until_cancelled(accept).await;
    connections.close();
    connections.wait().await;
}

/// Serves one connection; on `stop` the request under way is the last one.
async fn connection<H, F>(stream: TcpStream, client: SocketAddr, handle: H, stop: CancellationToken)
where
    H: Fn(Request<Body>, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        // The buffer below may be exceeded by what arrives at once.
        let fits = head_size(request.uri(), request.headers()) <= MAX_HEAD;
        let response = fits.then(|| handle(request.map(Body::new), client));
        async {
            let Some(response) = response else {
                return Ok(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response());
            };
            let response = response.await;
            // An error of the service closes the connection without an answer.
            if response.extensions().get::<Close>().is_some() { Err(Closed) } else { Ok(response) }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        // A client that has sent everything may say so and still wait for its answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // A connection that fails is its client's affair.
    tokio::select! {
        _ended = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
        }
    }
}

/// The size of a request's target and headers, in bytes.
pub(crate) fn head_size(uri: &Uri, headers: &HeaderMap) -> usize {
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let headers = headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    target + headers.sum::<usize>()
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed on purpose")]
struct Closed;

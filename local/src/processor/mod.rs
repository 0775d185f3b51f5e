//! The sandbox payment processor: a third party that knows nothing of orders, moves no money, and forgets
//! everything when it ends. It runs as a process of its own, as a real one does.
//!
//! `POST /charges` takes `{"amount", "currency", "method"}`, `POST /refunds` an object, both with an
//! `Idempotency-Key`; the response's `status` is the verdict. `GET /charges` lists what it was asked for.
//!
//! | method | a first request with its key |
//! |---|---|
//! | `card_ok`, none | is approved |
//! | `card_declined`, any other | is declined |
//! | `card_slow` | is approved after 1.5 s |
//! | `card_timeout` | is approved and never answered |
//! | `card_twice` | is approved and answered with 500 |
//!
//! Every other request with that key is answered at once, with the same verdict.

/// Who was charged what, by idempotency key.
mod book;
/// The process that it runs as.
mod process;

use std::{convert::Infallible, future::pending, io, net::Ipv4Addr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use self::book::{Answer, Book, Charge, KeyReused};
use crate::{access::only_programs, http_server};

pub use self::process::{Processor, ProcessorError};

/// How long `card_slow` takes.
const SLOW: Duration = Duration::from_millis(1_500);

/// Serves on a free port of the loopback interface, whose URL is the first line of standard output, until
/// standard input ends: whoever started the process holds it open.
pub async fn serve() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://localhost:{}\n", listener.local_addr()?.port());
    let mut output = tokio::io::stdout();
    output.write_all(url.as_bytes()).await?;
    output.flush().await?;
    let routes = Router::new()
        .route("/charges", get(list).post(charge))
        .route("/refunds", post(refund))
        .layer(from_fn(only_programs))
        .with_state(Arc::new(Book::default()));
    let handle = move |request, _client| {
        let response = routes.clone().oneshot(request);
        async { response.await.unwrap_or_else(|never: Infallible| match never {}) }
    };
    let mut nothing = [0];
    let mut input = tokio::io::stdin();
    tokio::select! {
        () = http_server::serve(listener, handle, CancellationToken::new()) => {}
        _ended = input.read(&mut nothing) => {}
    }
    Ok(())
}

async fn charge(
    State(book): State<Arc<Book>>,
    headers: HeaderMap,
    Json(charge): Json<Charge>,
) -> Response {
    let Some(key) = key(&headers) else { return no_key() };
    let method = charge.method.clone();
    let answer = match book.charge(key, charge, trace(&headers)) {
        Ok(answer) => answer,
        Err(KeyReused) => {
            return (StatusCode::UNPROCESSABLE_ENTITY, "the key is another charge's")
                .into_response();
        }
    };
    let Answer { status, is_first } = answer;
    // The money is moved by now, whatever becomes of the response.
    match method.as_deref() {
        Some("card_slow") if is_first => tokio::time::sleep(SLOW).await,
        Some("card_timeout") if is_first => pending().await,
        Some("card_twice") if is_first => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => {}
    }
    Json(json!({ "status": status })).into_response()
}

async fn refund(State(book): State<Arc<Book>>, headers: HeaderMap) -> Response {
    let Some(key) = key(&headers) else { return no_key() };
    Json(json!({ "status": book.refund(key) })).into_response()
}

async fn list(State(book): State<Arc<Book>>) -> Json<Value> {
    Json(json!({ "charges": book.entries() }))
}

fn key(headers: &HeaderMap) -> Option<&str> {
    headers.get("idempotency-key")?.to_str().ok()
}

fn trace(headers: &HeaderMap) -> Option<String> {
    Some(headers.get("x-amzn-trace-id")?.to_str().ok()?.to_owned())
}

fn no_key() -> Response {
    (StatusCode::BAD_REQUEST, "the header Idempotency-Key is missing").into_response()
}

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::to_bytes,
    extract::{ConnectInfo, Request, State},
    http::{Method, StatusCode, header},
    response::IntoResponse,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{console::Console, endpoint::Endpoint, services::Services, wire::HttpResponse};

/// The largest request that any AWS API here takes: DynamoDB's 16 MB.
const MAX_REQUEST: usize = 16 * 1024 * 1024;

/// Serves the REST API until `stop`.
pub(super) fn serve_api(
    listener: TcpListener,
    services: Arc<Services>,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let routes = Router::new().fallback(api_request).with_state(services);
    tokio::spawn(serve(listener, routes, stop.clone()))
}

/// Serves the AWS APIs and the console until `stop`.
pub(super) fn serve_aws(
    listener: TcpListener,
    endpoint: Endpoint,
    console: Console,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let state = Arc::new((endpoint, console));
    let routes = Router::new().fallback(aws_request).with_state(state);
    tokio::spawn(serve(listener, routes, stop.clone()))
}

async fn serve(listener: TcpListener, routes: Router, stop: CancellationToken) {
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    // `axum::serve` has no errors of its own; it ends when it is stopped.
    let _ended =
        axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await;
}

async fn api_request(
    State(services): State<Arc<Services>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> HttpResponse {
    match &services.gateway {
        Some(gateway) => gateway.handle(request, client).await,
        None => (StatusCode::NOT_FOUND, "the template has no API").into_response(),
    }
}

async fn aws_request(
    State(state): State<Arc<(Endpoint, Console)>>,
    request: Request,
) -> HttpResponse {
    let (endpoint, console) = &*state;
    let (parts, body) = request.into_parts();
    // A browser does not sign its requests, an AWS client does.
    if parts.method == Method::GET && !parts.headers.contains_key(header::AUTHORIZATION) {
        return console.handle(&parts.uri);
    }
    match to_bytes(body, MAX_REQUEST).await {
        Ok(body) => endpoint.handle(&parts.method, parts.uri.path(), &parts.headers, body).await,
        Err(_) => {
            (StatusCode::PAYLOAD_TOO_LARGE, "the request is larger than 16 MB").into_response()
        }
    }
}

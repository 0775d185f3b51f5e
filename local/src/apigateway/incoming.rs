use std::{collections::BTreeMap, net::SocketAddr};

use axum::http::HeaderMap;
use bytes::Bytes;

use super::caller::Caller;
use crate::{template::Route, trace_header::TraceHeader};

/// A request on its way.
pub(super) struct Incoming<'a> {
    pub(super) id: String,
    pub(super) method: String,
    /// As it came, still encoded, but without the stage.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) client: SocketAddr,
    /// None before it is found.
    pub(super) route: Option<&'a Route>,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) caller: Caller,
    /// The trace, with the client's parent if it sent one and is trusted.
    pub(super) trace: TraceHeader,
    /// When it came, in seconds since the epoch.
    pub(super) start: f64,
}

impl Incoming<'_> {
    /// The path of its route, with parameters.
    pub(super) fn resource(&self) -> &str {
        self.route.map_or("", |route| &route.path)
    }
}

//! X-Ray: what the daemon and the API accept, and what the API answers.

/// The API.
mod api;
/// The daemon's UDP format.
mod daemon;
/// One document: what is accepted and what is rejected.
mod document;
/// Filter expressions.
mod filter;
/// Who called whom.
mod graph;
/// Segments of services that do not report themselves.
mod infer;
/// OpenTelemetry.
mod otlp;
/// The segments of AWS services.
mod recorder;
/// The bounded collection of traces.
mod store;
/// One line about a trace.
mod summary;
/// A trace put together from its documents.
mod trace;

pub(crate) use api::XRay;
pub(crate) use daemon::listen;
pub(crate) use graph::Graph;
pub(crate) use otlp::{PATH as OTLP_PATH, receive as receive_otlp};
pub(crate) use recorder::Recorder;
pub(crate) use store::Store;
pub(crate) use summary::root_http;
pub(crate) use trace::{Kind, Node, Trace};

#[cfg(test)]
mod tests;

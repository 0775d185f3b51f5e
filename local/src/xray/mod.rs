//! A local X-Ray: what the daemon and the API take, what the API answers, and the segments that API
//! Gateway and Lambda would have sent themselves.

/// The X-Ray API's operations.
pub mod api;
/// The daemon's UDP format.
pub mod daemon;
/// One document: what is taken and what is refused.
mod document;
/// The segments of API Gateway and Lambda.
pub mod emit;
/// Filter expressions.
mod filter;
/// Who called whom.
mod graph;
/// Segments of services that do not report themselves.
mod infer;
/// The bounded collection of traces.
mod store;
/// One line about a trace.
mod summary;
/// A trace put together from its documents.
mod trace;

pub use document::Rejection;
pub use graph::Graph;
pub use store::Store;
pub use summary::{root_http, summary};
pub use trace::{Kind, Node, Trace};

#[cfg(test)]
mod tests;

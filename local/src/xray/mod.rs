//! X-Ray: what the daemon and the API accept, and what the API answers.

/// Settings of the account.
mod account;
/// The API.
mod api;
/// All traces, in parts.
mod blocks;
/// Where faults, errors and time came from.
mod cause;
/// The daemon's UDP format.
mod daemon;
/// The datagrams of the daemon's port.
mod datagrams;
/// One document: what is accepted and what is rejected.
mod document;
/// The documents of one trace.
mod documents;
/// One trace in the store.
mod entry;
/// Filter expressions.
mod filter;
/// How segments ended.
mod flags;
/// A document taken apart.
mod flatten;
/// Who called whom.
mod graph;
/// The operations on graphs.
mod graphs;
/// Traces that match a filter, under a name.
mod groups;
/// How often each time occurred.
mod histogram;
/// Segments of services that do not report themselves.
mod infer;
/// Unusual faults in a group.
mod insights;
/// Edges from trace to trace.
mod link_edges;
/// Which traces name which others.
mod links;
/// Names that many traces have in common.
mod names;
/// A segment or subsegment of a trace.
mod node;
/// The table of operations.
mod operations;
/// OpenTelemetry.
mod otlp;
/// How the business of a trace ended.
mod outcomes;
/// What is asked of a trace most.
mod outline;
/// `GetTraceSummaries` and `BatchGetTraces`.
mod query;
/// The traces that were looked at last.
mod recent;
/// The segments of AWS services.
mod recorder;
/// Traces that are retrieved by their ids.
mod retrieval;
/// The root causes in an outline.
mod root_causes;
/// When a segment or a call was, and how it ended.
mod sample;
/// Which requests are traced.
mod sampling;
/// What documents may hold.
mod schema;
/// Traces that match, for the console.
mod search;
/// What statistics are asked for.
mod selector;
/// What a node of the map is called.
mod service;
/// Names and types of services, for maps and orders.
mod service_id;
/// Parameters that several operations have, or that have parts.
mod shapes;
/// The traces at one time.
mod snapshot;
/// How often, how well and how fast.
mod statistics;
/// The bounded collection of traces.
mod store;
/// One line about a trace.
mod summary;
/// Halves of characters.
mod surrogates;
/// The tags of groups and rules.
mod tags;
/// What a graph counts.
mod tally;
/// The time that summaries are asked for.
mod time_range;
/// Statistics over time.
mod time_series;
/// The services of one trace.
mod topology;
/// A trace put together from its documents.
mod trace;
/// The id of a trace.
mod trace_id;
/// The operations that bring traces.
mod traces;
/// Traces that documents came for.
mod unsettled;

pub(crate) use api::XRay;
pub use api::XRayError;
pub(crate) use daemon::listen;
pub(crate) use filter::FilterError;
pub(crate) use graph::Graph;
pub(crate) use links::{Link, links};
pub(crate) use node::{Kind, Node};
#[cfg(test)]
pub(crate) use otlp::take_datagram;
pub(crate) use otlp::{MAX_BODY as MAX_OTLP, PATH as OTLP_PATH, receive as receive_otlp};
pub(crate) use recorder::Recorder;
pub(crate) use sampling::{Decision, Request, Sampling};
pub(crate) use search::{Matches, Subject};
pub(crate) use snapshot::{Snapshot, Window};
pub(crate) use store::Store;
pub(crate) use summary::root_http;
pub(crate) use trace::Trace;
pub(crate) use unsettled::settle;

use crate::wire::AwsError;

/// The error for what X-Ray does not understand.
fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("InvalidRequestException", message)
}

#[cfg(test)]
mod tests;

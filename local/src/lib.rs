//! The four services on one machine: the real binaries, the real template, and around them what AWS would
//! be. This page is the table of contents, from the way in to what is left behind.
//!
//! Nothing here depends on the services or on the crate that they share. This program reads AWS's wire
//! formats on its own, so that two independent readings check each other.

/// The REST API.
pub mod apigateway;
/// The one place that reads the clock.
pub mod clock;
/// From packages to executables.
pub mod compile;
/// The page that shows it all.
pub mod console;
/// DynamoDB, embedded.
pub mod dynamodb;
/// Every AWS API on one endpoint.
pub mod endpoint;
/// The event bus: rules, `PutEvents`.
pub mod events;
/// What each function may call.
pub mod iam;
/// Account, region, ARNs.
pub mod identity;
/// The Lambda host.
pub mod lambda;
/// The functions' log lines.
pub mod logs;
/// Paths and their parameters.
mod path_template;
/// A child process and whatever it starts.
mod process_group;
/// The latest of many things.
mod ring_buffer;
/// Event patterns and policies.
pub mod rules;
/// SNS: one operation, and what was published.
pub mod sns;
/// Dead letters.
pub mod sqs;
/// Everything together: started, asked where it is, stopped.
pub mod stack;
/// The SAM template.
pub mod template;
/// The X-Ray header and ids.
pub mod trace_header;
/// How AWS's APIs speak.
pub mod wire;
/// X-Ray: daemon, store, graph, API.
pub mod xray;

pub use stack::{Options, PortError, Ports, Sockets, Stack};

//! The four services on one machine: the real binaries, the real template, and around them what AWS would
//! be. This page is the table of contents, from the way in to what is left behind.
//!
//! Nothing here depends on the services or on the crate that they share. This program reads AWS's wire
//! formats on its own, so that two independent readings check each other.

/// Every AWS API on one endpoint.
pub mod aws;
/// The event bus: patterns, rules, `PutEvents`.
pub mod bus;
/// The one place that reads the clock.
pub mod clock;
/// From packages to executables.
pub mod compile;
/// The page that shows it all.
pub mod console;
/// The REST API.
pub mod gateway;
/// A child process and whatever it starts.
mod group;
/// What each function may call.
pub mod iam;
/// Account, region, ARNs.
pub mod identity;
/// The Lambda host.
pub mod lambda;
/// The functions' log lines.
pub mod logs;
/// Dead letters.
pub mod queues;
/// The latest of many things.
mod recent;
/// Everything together: started, asked where it is, stopped.
pub mod stack;
/// The SAM template.
pub mod template;
/// X-Ray: daemon, store, graph, API.
pub mod xray;

pub use stack::{Options, PortError, Ports, Sockets, Stack};

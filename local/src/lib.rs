//! A SAM template on one machine: the real binaries, and around them an emulation of the parts of AWS that
//! they use. [`template::load`] reads the template, [`compile::executables`] builds its functions, and a
//! [`Stack`] runs it all.
//!
//! Nothing here depends on the services or on the crate that they share. This program implements AWS's wire
//! formats on its own, so that two independent implementations check each other.
//!
//! The modules are layers: each uses only those that stand above it in this list. `tests/module_graph.rs`
//! fails when they form a cycle.

// What everything may use.

/// The one place that reads the clock.
pub mod clock;
/// What was sent in the last five minutes.
mod deduplication;
/// Bytes as text.
mod hex;
/// Account, region, ARNs.
mod identity;
/// Path templates and their parameters.
mod path_template;
/// What an event or a message says, as it was sent.
mod payload;
/// Text that a terminal only shows.
mod printable;
/// A child process and whatever it starts.
mod process_group;
/// Ids that only have to differ.
mod random_id;
/// The bodies of requests.
mod request_body;
/// The latest of many things.
mod ring_buffer;
/// X-Ray's trace header and ids.
mod trace_header;

/// Which requests are served at all.
mod access;
/// HTTP/1.1 servers with limits on time, connections and sizes.
mod http_server;

// What a template says.

/// Event patterns and policies.
mod rules;
/// The SAM template.
pub mod template;

/// From packages to executables.
pub mod compile;
/// The template's own command to try it with.
mod test_command;

// What the services share.

/// Faults on purpose.
mod faults;
/// The functions' log lines.
mod logs;
/// How AWS's APIs speak.
mod wire;

/// The sandbox payment processor.
pub mod processor;

// The services, a room each.

/// Cognito: the user pool of the REST API.
mod cognito;
/// DynamoDB.
mod dynamodb;
/// IAM: what each function may call.
mod iam;
/// SNS: topics and their subscribers.
mod sns;
/// SQS: queues, dead letters among them.
mod sqs;
/// STS: who calls, and in which role.
mod sts;
/// X-Ray: daemon, store, graph, API.
mod xray;

/// Lambda: processes and invocations.
mod lambda;

/// CloudWatch Logs: what functions wrote.
mod cloudwatch_logs;

/// API Gateway: the REST API.
mod apigateway;
/// EventBridge: buses and rules.
mod events;

// All of it together.

/// The services of a template, and the table of AWS APIs.
mod services;

/// The page that shows it all.
mod console;
/// Every AWS API on one endpoint.
mod endpoint;

/// Everything, running.
mod stack;

/// Inputs that nobody has thought of.
#[cfg(test)]
mod fuzz;

pub use cognito::TokenError;
pub use dynamodb::TablesError;
pub use events::{EventRecord, ScheduleState, UnknownSchedule};
pub use faults::{Fault, FaultError, UnknownFunction};
pub use iam::{AllowedCall, Denied};
pub use logs::{Entry, Line, Served};
pub use payload::Payload;
pub use printable::Printable;
pub use process_group::end_all;
pub use services::{Options, StartError};
pub use sns::Notification;
pub use sqs::{Attribute, Attributes, Message};
pub use stack::{PortError, Ports, Sockets, Stack};
pub use xray::XRayError;

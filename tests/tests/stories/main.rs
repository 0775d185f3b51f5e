//! End-to-end stories: the real binaries and the real template, seen through AWS's own clients.
//!
//! There is one test binary, because each links the AWS SDK. Every story has a world of its own,
//! and all run in parallel.

#![expect(clippy::unwrap_used, reason = "a panic fails the story")]

/// Who may send requests.
mod access;
/// The books of all services held against each other.
mod audit;
/// The AWS APIs, as AWS's clients use them.
mod aws_apis;
/// Invalid requests.
mod bad_input;
/// Many orders while everything fails.
mod chaos;
/// What clients are answered on a bad day.
mod clients;
/// `cargo local` as a command.
mod command;
/// Who may order for whom.
mod customers;
/// What goes into the event bus, and what comes out.
mod event_bus;
/// Crashes, timeouts, poison.
mod failures;
/// Faults on purpose.
mod faults;
/// Many orders for one product at once.
mod hot_product;
/// Events that are redelivered, out of order, or concurrent.
mod idempotency;
/// AWS calls whose response never arrives.
mod lost_responses;
/// Topics, queues, and what goes from one to the other.
mod messaging;
/// What CloudWatch counts.
mod metrics;
/// Who notifies the customer, when, and what for.
mod notifications;
/// Spans in OpenTelemetry's format.
mod opentelemetry;
/// An order's state and history, and what happens to one that is open for long.
mod order_history;
/// Orders that end well, and orders that do not.
mod orders;
/// Payments whose process died.
mod payments;
/// What functions may do, and what they do.
mod permissions;
/// The payment processor as a third party.
mod processor;
/// What stands between the functions and AWS.
mod proxy;
/// Archives and replays.
mod replay;
/// Which services consume which events.
mod routes;
/// Schedules of all kinds.
mod schedules;
/// Every way an order can go.
mod tour;
/// Trace headers that clients send, and that functions pass on.
mod trace_headers;
/// The X-Ray store under all sorts of input.
mod xray;
/// Retrieval, tags and settings of X-Ray.
mod xray_account;
/// Maps and statistics over time.
mod xray_graph;
/// Groups of traces, and unusual faults in them.
mod xray_groups;
/// Which requests are traced.
mod xray_sampling;

//! End-to-end stories: the real binaries and the real template, seen through AWS's own clients.
//!
//! There is one test binary, because each links the AWS SDK. Every story has a world of its own,
//! and all run in parallel.

#![expect(clippy::unwrap_used, reason = "a panic fails the story")]

/// The books of all services held against each other.
mod audit;
/// The AWS APIs, as AWS's clients use them.
mod aws_apis;
/// Invalid requests.
mod bad_input;
/// `cargo local` as a command.
mod command;
/// Crashes, timeouts, poison.
mod failures;
/// Events that are redelivered, out of order, or concurrent.
mod idempotency;
/// Faults on purpose.
mod faults;
/// AWS calls whose response never arrives.
mod lost_responses;
/// What CloudWatch counts.
mod metrics;
/// Orders that end well, and orders that do not.
mod orders;
/// Payments whose process died.
mod payments;
/// What functions may do, and what they do.
mod permissions;
/// Which services consume which events.
mod routes;
/// Every way an order can go.
mod tour;
/// The X-Ray store under all sorts of input.
mod xray;

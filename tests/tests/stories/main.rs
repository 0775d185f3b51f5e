//! Stories told end to end: the real binaries, the real template, seen through AWS's own clients.
//!
//! One binary, because each links the AWS SDK. Every story has a world of its own and they run side by side.

#![expect(clippy::unwrap_used, reason = "in a story, what cannot be is a panic that fails it")]

/// The AWS APIs, as AWS's clients use them.
mod aws_apis;
/// Requests that make no sense.
mod bad_input;
/// `cargo local` as a command.
mod command;
/// Crashes, timeouts, poison.
mod failures;
/// Events heard twice, out of order, at once.
mod idempotency;
/// What CloudWatch counts.
mod metrics;
/// Orders that end well, and orders that do not.
mod orders;
/// What functions may do, and what they do with it.
mod permissions;
/// Who hears what.
mod routes;
/// Every way an order can go.
mod tour;
/// The X-Ray store under all sorts of input.
mod xray;

//! What the four services must agree on.
//!
//! Something belongs here only if at least three services use it and it would be wrong if two of
//! them disagreed about it. Everything else belongs to its owner.
//!
//! A service's `main.rs` starts with [`Service::start`], opens its clients, and runs its handler in
//! the [`TraceLayer`]. The handler gets an [`InboundEvent`], stores what it decided and learns from
//! [`Recorded`] whether it was the first to do so, and publishes an [`OutboundEvent`] through the
//! [`Publisher`].
//!
//! The modules have no cyclic imports, which a test enforces.

/// Annotations and metadata of an invocation's subsegment.
pub mod annotation;
/// AWS clients that are traced, have time limits, and share one connection pool.
pub mod aws;
/// One budget of time for an invocation.
pub mod budget;
/// The authorities whose certificates an AWS client trusts.
mod certificates;
/// The one place that reads the clock.
pub mod clock;
/// The wire form of an event: what goes into `PutEvents` and what arrives at a function.
mod envelope;
/// A function's environment variables, with errors that name the variable.
mod environment;
/// An error with all its causes: on one line, and as exceptions in a trace.
mod error_chain;
/// The events on the bus: names, payloads, ids.
mod event;
/// The HTTP client of the AWS clients.
mod http_client;
/// Ids of orders, customers and products, checked when they are parsed.
mod id;
/// One attempt to handle one invocation.
mod invocation;
/// Attributes of DynamoDB items.
pub mod item;
/// The layer around a handler: continues the trace, records the outcome.
mod layer;
/// One JSON object a log line.
mod log_line;
/// Business metrics in CloudWatch's embedded metric format.
mod metrics;
/// Amounts of money: exact, never negative.
mod money;
/// Spans in OpenTelemetry's own format.
mod otlp;
/// `PutEvents` with partial failures detected and retried.
mod publisher;
/// Whether a conditional write recorded something new.
mod recorded;
/// The start of a service, and what runs its handler.
mod service;
/// The subsegment of an AWS call.
mod subsegment;
/// JSON logs and the X-Ray exporter.
mod telemetry;
/// The `X-Amzn-Trace-Id` header.
mod trace_header;

#[cfg(test)]
mod captured;
#[cfg(test)]
mod imports;

pub use envelope::{Cause, EventError, InboundEvent, Metadata, OutboundEvent, Producer};
pub use environment::{InvalidVariable, optional, required};
pub use error_chain::chain;
pub use event::{
    Event, InventoryCancelled, InventoryInsufficient, InventoryReleased, InventoryUpdated,
    NotificationSent, OrderCreated, PaymentCancelled, PaymentFailed, PaymentFailure,
    PaymentProcessed, PaymentRefunded,
};
pub use id::{CustomerId, InvalidId, OrderId, PaymentMethod, ProductId};
pub use invocation::Invocation;
pub use layer::{Payload, ReportedError, Request, Response, TraceLayer, Traced};
pub use metrics::{Metrics, count_republished};
pub use money::{Amount, InvalidAmount};
pub use publisher::{PublishError, Publisher};
pub use recorded::Recorded;
pub use service::{Error, EventHandler, Service, handle_event};
pub use telemetry::TelemetryError;
pub use trace_header::{InvalidTraceHeader, Sampled, TraceHeader};

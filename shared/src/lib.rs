//! What the four services must agree on.
//!
//! The door policy: something lives here only if at least three services use it and it would be wrong
//! if two of them disagreed about it. Everything else lives with its owner.
//!
//! A service's `main.rs` reads these modules from top to bottom: set up [`telemetry`], open the
//! [`aws`] clients, wrap the handler in the [`lambda`] layer, [`hear`](Heard) an event, tell one
//! through the [`publisher`].

/// AWS clients that are traced, time-limited, and share one connection pool.
pub mod aws;
/// The one place that reads the clock.
pub mod clock;
/// The wire form of an event: what goes into `PutEvents` and what arrives at a function.
mod envelope;
/// Reading a function's environment variables, with errors that name the variable.
mod environment;
/// The events that cross the bus: names, payloads, and the facts' identities.
mod event;
/// Attributes of DynamoDB items.
pub mod item;
/// The layer around a handler: continues the trace, records the outcome.
pub mod lambda;
/// One JSON object a log line.
mod log_line;
/// Business metrics: what CloudWatch counts.
mod metrics;
/// Amounts of money: exact, never negative.
mod money;
/// Telling events: `PutEvents` that notices partial failure.
pub mod publisher;
/// What every AWS call looks like in the trace.
mod subsegment;
/// JSON logs and the X-Ray exporter, set up by one call.
pub mod telemetry;
/// The `X-Amzn-Trace-Id` header.
mod trace_header;

pub use envelope::{Cause, Heard, NotUnderstood, Producer, Told};
pub use environment::{BadVariable, optional, required};
pub use event::{
    Event, InventoryInsufficient, InventoryReleased, InventoryUpdated, Metadata, NotificationSent,
    OrderCreated, PaymentFailed, PaymentFailure, PaymentProcessed, PaymentRefunded, derived_id,
};
pub use metrics::Metrics;
pub use money::{Amount, BadAmount};
pub use trace_header::{BadTraceHeader, Sampled, TraceHeader};

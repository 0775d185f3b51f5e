//! What stories are made of: a world of real binaries, and verbs for what can be done and seen in
//! it.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a panic fails the story")]

/// The laws that tables, notifications and events obey together.
mod audit;
/// What tables and topic say.
mod books;
/// Many orders while everything fails.
mod chaos;
/// The project's files.
mod files;
/// Dead letters that are handled in the end.
mod redrive;
/// HTTP requests to a world, and its responses.
mod response;
/// Traces as AWS's client sees them.
mod seen;
/// What is expected of a deployment.
mod topology;
/// A trace as a text.
mod waterfall;
/// A stack and its clients.
mod world;

pub use audit::Violation;
pub use chaos::{Chaos, Report, table};
pub use files::{changed_template, template_path, workspace};
pub use response::{Response, scope};
pub use seen::{Part, Seen, trace_id};
pub use topology::{Topology, topology};
pub use world::{Notified, World, WorldBuilder, gone};

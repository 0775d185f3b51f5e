//! What the stories are told with: a world of real binaries, and words for what can be done and seen in it.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "in a story, what cannot be is a panic that fails it"
)]

/// Reading traces.
mod seen;
/// What is expected of a deployment.
mod topology;
/// Speaking to a world.
mod world;

pub use seen::{Part, Seen};
pub use topology::{Topology, topology};
pub use world::{
    Answer, Notified, World, WorldBuilder, changed_template, gone, template_path, workspace,
};

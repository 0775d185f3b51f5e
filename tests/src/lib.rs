//! What the stories are told with: a world of real binaries, and words for what can be done and seen in it.

/// Speaking to a world.
mod world;
/// Reading traces.
mod seen;

pub use seen::{Part, Seen};
pub use world::{Answer, Notified, World, WorldBuilder, changed_template, template_path};

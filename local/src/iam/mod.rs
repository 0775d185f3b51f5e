//! What each function may call: its role, as the template says, enforced on every request that it signs.

/// The IAM API: asking what a role may do.
mod api;
/// Who calls, what that role allows, and what it was used for.
mod guard;
/// Statements, and what they say about an action on a resource.
mod policy;
/// Which actions on which resources an AWS request is.
mod request;

pub use api::{NAMESPACE, answer};
pub use guard::{Denied, Guard, Use, access_key};
pub use policy::{PolicyError, Role, Statement, Verdict};
pub use request::{Call, calls};

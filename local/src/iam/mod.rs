//! What each function may call: its role, as the template says, enforced on every request that it signs.

/// The IAM API: asking what a role may do.
mod api;
/// Who calls, what that role allows, and what it was used for.
mod authorizer;
/// Which actions on which resources an AWS request is.
mod request;

pub use api::{NAMESPACE, answer};
pub use authorizer::{Denied, Guard, Use, access_key};
pub use request::{Call, calls};

//! IAM: every function's role as the template says, enforced on each request that the function signs.

/// The API: simulating what a role allows.
mod api;
/// Who calls, what that role allows, and what it was used for.
mod authorizer;

pub use authorizer::{AllowedCall, Denied};
pub(crate) use {api::Iam, authorizer::Authorizer};

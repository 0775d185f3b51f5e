//! Cognito: a user pool that anybody can sign in to, as anybody.

/// The API: signing in.
mod api;
/// Issues tokens, and says what a token claims.
mod issuer;

pub(crate) use api::Cognito;
pub(crate) use issuer::Issuer;
pub use issuer::TokenError;

//! STS: sessions of the template's roles.

/// The API: assuming a role.
mod api;
/// Who acts in which role, and until when.
mod sessions;

pub(crate) use api::Sts;
pub(crate) use sessions::{Session, Sessions};

//! How AWS's APIs speak.

/// Errors as AWS answers them.
mod error;
/// The protocol of SNS and IAM.
mod query;

pub use error::AwsError;
pub(crate) use json::read_json;
pub use query::{escaped, query_answer, read_form};
mod json {
    use super::AwsError;
    use serde_json::Value;
    /// A request in one of the JSON protocols.
    pub(crate) fn read_json(body: &[u8]) -> Result<Value, AwsError> {
        serde_json::from_slice(body).map_err(|error| {
            AwsError::bad_request(
                "SerializationException",
                format!("the request is not JSON: {error}"),
            )
        })
    }
}

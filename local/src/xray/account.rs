use serde_json::{Value, json};

use super::{api::State, invalid};
use crate::wire::AwsError;

/// How traces are encrypted: not with a key of one's own, in a new account.
#[derive(Clone, Debug, Default)]
pub(super) struct Encryption {
    key: Option<String>,
}

impl Encryption {
    fn to_json(&self) -> Value {
        let kind = if self.key.is_some() { "KMS" } else { "NONE" };
        json!({ "EncryptionConfig": { "KeyId": self.key, "Status": "ACTIVE", "Type": kind } })
    }
}

/// `GetEncryptionConfig`.
pub(super) fn get_encryption_config(state: &State) -> Value {
    state.encryption().to_json()
}

/// `PutEncryptionConfig`. Nothing is encrypted here, only the setting is remembered.
pub(super) fn put_encryption_config(state: &State, request: &Value) -> Result<Value, AwsError> {
    let key = request["KeyId"].as_str().map(str::to_owned);
    let mut encryption = state.encryption();
    encryption.key = match (request["Type"].as_str(), key) {
        (Some("KMS"), Some(key)) => Some(key),
        (Some("KMS"), None) => return Err(invalid("KeyId is required for encryption of type KMS")),
        (_, None) => None,
        (_, Some(_)) => return Err(invalid("KeyId is not allowed for encryption of type NONE")),
    };
    Ok(encryption.to_json())
}

/// `ListResourcePolicies`: there are none.
pub(super) fn list_resource_policies(_state: &State, request: &Value) -> Result<Value, AwsError> {
    super::graphs::refuse_token(request)?;
    Ok(json!({ "ResourcePolicies": [] }))
}

/// `GetTraceSegmentDestination`: the one that every account begins with.
pub(super) fn get_trace_segment_destination() -> Value {
    json!({ "Destination": "XRay", "Status": "ACTIVE" })
}

/// `GetIndexingRules`: the one that every account has. It concerns Transaction Search alone, which is not
/// emulated; here every trace is indexed.
pub(super) fn get_indexing_rules(_state: &State, request: &Value) -> Result<Value, AwsError> {
    super::graphs::refuse_token(request)?;
    Ok(json!({ "IndexingRules": [{
        "Name": "Default",
        "ModifiedAt": 0,
        "Rule": { "Probabilistic": { "DesiredSamplingPercentage": 1.0 } },
    }] }))
}

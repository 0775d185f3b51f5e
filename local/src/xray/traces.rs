use serde_json::{Value, json};

use super::{api::State, invalid};
use crate::wire::AwsError;

/// `PutTraceSegments`.
pub(super) fn put_trace_segments(state: &State, request: &Value) -> Result<Value, AwsError> {
    let documents = request["TraceSegmentDocuments"].as_array().map_or(&[][..], Vec::as_slice);
    if documents.is_empty() {
        return Err(invalid("Segments can not be empty"));
    }
    let rejected = state.store.put_all(documents.iter().filter_map(Value::as_str));
    let rejected = rejected.into_iter().map(|rejection| {
        json!({ "Id": rejection.id, "ErrorCode": rejection.code, "Message": rejection.answer })
    });
    Ok(json!({ "UnprocessedTraceSegments": rejected.collect::<Vec<_>>() }))
}

/// `PutTelemetryRecords`: what a daemon says about itself. Nobody can ask for it.
pub(super) fn put_telemetry_records(_state: &State, request: &Value) -> Result<Value, AwsError> {
    match request["TelemetryRecords"].as_array() {
        Some(records) if !records.is_empty() => Ok(json!({})),
        _ => Err(invalid("Telemetry records can not be empty")),
    }
}

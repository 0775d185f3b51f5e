use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    invocation::{FunctionError, Invocation},
    pool::Pool,
    service::{Lambda, is_recorded, passed_on},
};
use crate::{
    clock,
    trace_header::{TraceHeader, new_segment_id},
    xray::emit::{self, Span},
};

/// Runs an event's attempts until one succeeds or there are none left; then the event goes to the
/// on-failure destination.
/// See <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.
///
/// In the trace the Lambda service's segment ends when the event is accepted, and its parts (`Dwell Time`
/// and one `Attempt` each) come after, as on AWS.
pub(super) async fn handle(
    lambda: &Lambda,
    pool: &Pool,
    request_id: String,
    payload: Bytes,
    header: Option<TraceHeader>,
) {
    let accepted = clock::seconds();
    let function = &pool.function;
    let header = header.unwrap_or_else(|| TraceHeader::start(accepted));
    let service_id = new_segment_id();
    let recorded = is_recorded(&passed_on(function, &header, ""));
    if recorded {
        let span = Span { start: accepted, end: clock::seconds() };
        let store = &lambda.store;
        emit::lambda_service(store, function, &service_id, &header, &request_id, span, 202);
    }
    let mut attempt = 0;
    let failure = loop {
        attempt += 1;
        let (attempt_id, run_id) = (new_segment_id(), new_segment_id());
        let passed_on = passed_on(function, &header, &run_id);
        let invocation = Invocation {
            request_id: request_id.clone(),
            payload: payload.clone(),
            trace: Some(passed_on.to_string()),
        };
        let mut begun = accepted;
        let finished = pool.run(invocation, |begin| begun = begin).await;
        if recorded {
            let part = |id: &str, name: &str, span, failed| {
                emit::lambda_part(&lambda.store, &header.root, &service_id, id, name, span, failed);
            };
            if attempt == 1 {
                let waited = Span { start: accepted, end: begun };
                part(&new_segment_id(), "Dwell Time", waited, None);
            }
            let failed = Some(finished.outcome.is_err());
            let span = Span { start: begun, end: clock::seconds() };
            part(&attempt_id, &format!("Attempt #{attempt}"), span, failed);
            lambda.emit_run(function, &passed_on, &run_id, &attempt_id, &request_id, &finished);
        }
        let Err(error) = finished.outcome else { return };
        let pause = lambda.retry_delay.saturating_mul(attempt);
        let age = Duration::from_secs_f64((clock::seconds() - accepted).max(0.0));
        if attempt > function.retries {
            break Failed { error, condition: "RetriesExhausted", attempts: attempt };
        }
        if age + pause > function.max_age {
            break Failed { error, condition: "EventAgeExceeded", attempts: attempt };
        }
        tokio::time::sleep(pause).await;
    };
    let record = record(&function.arn, &request_id, &payload, &failure);
    match &function.on_failure {
        Some(queue) => {
            lambda.logs.add(
                &function.name,
                &format!(
                    "ERROR gave up after {} attempts; the event is in {queue}",
                    failure.attempts
                ),
            );
            let reason = format!("{}: {}", failure.error.kind, failure.error.message);
            lambda.queues.send(queue, record, &reason, Some(&header), json!({}));
        }
        None => lambda.logs.add(
            &function.name,
            &format!("ERROR gave up after {} attempts; the event is lost", failure.attempts),
        ),
    }
}

struct Failed {
    error: FunctionError,
    condition: &'static str,
    attempts: u32,
}

/// What Lambda sends to an on-failure destination
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>).
fn record(function_arn: &str, request_id: &str, payload: &Bytes, failure: &Failed) -> Value {
    let json_or_text = |bytes: &Bytes| {
        serde_json::from_slice(bytes)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(bytes).into_owned()))
    };
    json!({
        "version": "1.0",
        "timestamp": clock::rfc3339(),
        "requestContext": {
            "requestId": request_id,
            "functionArn": format!("{function_arn}:$LATEST"),
            "condition": failure.condition,
            "approximateInvokeCount": failure.attempts,
        },
        "requestPayload": json_or_text(payload),
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": json_or_text(&failure.error.payload),
    })
}

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json, value::RawValue};

use super::{
    host::Lambda,
    invocation::{FunctionError, Invocation},
    pool::Pool,
    segments::{Run, Segments},
};
use crate::{
    clock::{self, Span},
    logs::Source,
    random_id::new_id,
    sqs::NewMessage,
    template::Function,
    trace_header::{TraceHeader, new_segment_id},
};

/// An event that was accepted for a function.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) request_id: String,
    payload: Bytes,
    header: TraceHeader,
    /// When it was accepted, in seconds since the epoch.
    accepted: f64,
}

/// Why an event is given up.
struct Failed {
    error: FunctionError,
    condition: &'static str,
    attempts: u32,
}

impl Event {
    /// Accepts an event, in a trace of its own unless `header` names one.
    pub(super) fn accept(payload: Bytes, header: Option<TraceHeader>) -> Self {
        let accepted = clock::seconds();
        let header = header.unwrap_or_else(|| TraceHeader::start(accepted));
        Self { request_id: new_id().to_string(), payload, header, accepted }
    }

    fn age(&self) -> Duration {
        Duration::from_secs_f64(Span::since(self.accepted).duration().max(0.0))
    }
}

/// Attempts to handle an event until it succeeds or no attempt is left; then the event goes to the
/// on-failure destination.
/// See <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.
///
/// In the trace, the Lambda service's segment ends when the event is accepted, and its parts (`Dwell Time`
/// and one `Attempt` for each) come after it, as on AWS.
pub(super) async fn handle(lambda: &Lambda, pool: &Pool, event: &Event) {
    let function = &pool.function;
    let segments = Segments::new(lambda, function, &event.request_id, &event.header);
    segments.service(Span::since(event.accepted), 202);
    let mut attempts = 0;
    loop {
        attempts += 1;
        let Err(error) = attempt(pool, &segments, event, attempts).await else { return };
        let pause = lambda.retry_delay.saturating_mul(attempts);
        if let Some(condition) = last_attempt(function, attempts, event.age() + pause) {
            return give_up(lambda, function, event, &Failed { error, condition, attempts });
        }
        tokio::time::sleep(pause).await;
    }
}

async fn attempt(
    pool: &Pool,
    segments: &Segments<'_>,
    event: &Event,
    number: u32,
) -> Result<Bytes, FunctionError> {
    let (attempt_id, run_id) = (new_segment_id(), new_segment_id());
    let invocation = Invocation {
        request_id: event.request_id.clone(),
        payload: event.payload.clone(),
        trace: segments.header_of_run(&run_id),
        wants_log: false,
    };
    let mut begin = event.accepted;
    let finished = pool.run(invocation, |started| begin = started).await;
    if number == 1 {
        segments.dwell_time(Span { start: event.accepted, end: begin });
    }
    segments.attempt(&attempt_id, number, Span::since(begin), finished.outcome.is_err());
    segments.run(&Run { id: &run_id, attempt_id: Some(&attempt_id), finished: &finished });
    finished.outcome
}

/// The condition that makes the attempt just made the last one, if there is one. `age` is how old the event
/// will be at the next attempt.
fn last_attempt(function: &Function, attempts: u32, age: Duration) -> Option<&'static str> {
    if attempts > function.retries {
        Some("RetriesExhausted")
    } else if age > function.max_age {
        Some("EventAgeExceeded")
    } else {
        None
    }
}

fn give_up(lambda: &Lambda, function: &Function, event: &Event, failed: &Failed) {
    let Failed { error, attempts, .. } = failed;
    let fate = match &function.on_failure {
        Some(queue) => {
            lambda.queues.deliver(
                queue,
                NewMessage {
                    body: record(&function.arn, event, failed),
                    reason: format!("{}: {}", error.kind, error.message),
                    trace_header: Some(event.header.to_string()),
                    ..NewMessage::default()
                },
            );
            format!("the event is in {queue}")
        }
        None => "the event is lost".to_owned(),
    };
    let source = Source {
        function: function.name.clone(),
        request_id: Some(event.request_id.clone()),
        trace_id: Some(event.header.root.clone()),
    };
    lambda.logs.add_error(&source, &format!("gave up after {attempts} attempts; {fate}"));
}

/// What Lambda sends to an on-failure destination
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>).
fn record(function_arn: &str, event: &Event, failed: &Failed) -> String {
    let (request, response) = (json_or_text(&event.payload), json_or_text(&failed.error.payload));
    let context = json!({
        "requestId": event.request_id,
        "functionArn": format!("{function_arn}:$LATEST"),
        "condition": failed.condition,
        "approximateInvokeCount": failed.attempts,
    });
    let answer = json!({
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    });
    // The payloads stay as they were sent, whatever numbers and depth they have.
    format!(
        "{{\"version\":\"1.0\",\"timestamp\":\"{}\",\"requestContext\":{context},\"requestPayload\":{request},\
         \"responseContext\":{answer},\"responsePayload\":{response}}}",
        clock::rfc3339()
    )
}

fn json_or_text(bytes: &Bytes) -> String {
    let text = String::from_utf8_lossy(bytes);
    match serde_json::from_str::<&RawValue>(&text) {
        Ok(json) => json.get().to_owned(),
        Err(_) => Value::from(text).to_string(),
    }
}

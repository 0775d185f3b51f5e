use aws_sdk_eventbridge::operation::put_events::{PutEventsInput, PutEventsOutput};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
                BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
            },
            dyn_dispatch_hint,
        },
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use opentelemetry::trace::Status;
use serde_json::Value;
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::lambda::{causes, exception, trace_header};

/// The longest `TraceHeader` that `PutEvents` takes
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html>).
const MAX_TRACE_HEADER: usize = 500;

/// What Python's `patch_all()` does, for every AWS client: opens the call's subsegment, sends its id along
/// as the parent, and, for `PutEvents`, writes it into each entry, where it wins over the HTTP header.
/// A publisher cannot forget.
///
/// Without it the SDK's own recursion detection sends the function segment's id, and the consumers
/// would hang beside the call instead of below it.
#[derive(Debug)]
pub(crate) struct Subsegment {
    region: String,
}

/// The call's span, kept while the call runs.
#[derive(Debug)]
struct Call(Option<Span>);

/// How often the call was attempted.
#[derive(Debug)]
struct Attempts(u32);

impl Storable for Call {
    type Storer = StoreReplace<Self>;
}

impl Storable for Attempts {
    type Storer = StoreReplace<Self>;
}

impl Subsegment {
    /// `region` is recorded with each call.
    pub(crate) fn new(region: String) -> Self {
        Self { region }
    }
}

#[dyn_dispatch_hint]
impl Intercept for Subsegment {
    fn name(&self) -> &'static str {
        "Subsegment"
    }

    /// The first hook that knows the operation; those before it run with the client's settings alone.
    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(metadata) = cfg.load::<Metadata>() else { return Ok(()) };
        let span = tracing::info_span!(
            "aws_call",
            aws.service = node_name(metadata.service()),
            aws.operation = metadata.name(),
            aws.region = self.region,
            aws.table.name = Empty,
            aws.request_id = Empty,
            http.response.status_code = Empty,
            annotation.failed_entry_count = Empty,
            metadata.event_bus = Empty,
            metadata.retries = Empty,
            metadata.failed_entries = Empty,
        );
        if let Some(input) = context.input_mut().downcast_mut::<PutEventsInput>() {
            let header = span.in_scope(trace_header).map(|header| header.to_string());
            let header = header.filter(|header| header.len() <= MAX_TRACE_HEADER);
            for entry in input.entries.iter_mut().flatten() {
                entry.trace_header.clone_from(&header);
                if let Some(bus) = &entry.event_bus_name {
                    span.record("metadata.event_bus", bus);
                }
            }
        }
        cfg.interceptor_state().store_put(Call(Some(span)));
        Ok(())
    }

    fn read_after_serialization(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_dynamodb = |metadata: &Metadata| metadata.service() == "DynamoDB";
        // Only its requests name a table; the others' bodies, events among them, need not be read.
        if let (Some(span), true) = (call(cfg), cfg.load::<Metadata>().is_some_and(is_dynamodb)) {
            let body = context.request().body().bytes().unwrap_or_default();
            if let Some(table) = table_name(body) {
                span.record("aws.table.name", table);
            }
        }
        Ok(())
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(span) = call(cfg) else { return Ok(()) };
        if let Some(header) = span.in_scope(trace_header) {
            context.request_mut().headers_mut().insert("x-amzn-trace-id", header.to_string());
        }
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let before = cfg.load::<Attempts>().map_or(0, |attempts| attempts.0);
        cfg.interceptor_state().store_put(Attempts(before + 1));
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(span) = call(cfg) else { return Ok(()) };
        let attempts = cfg.load::<Attempts>().map_or(1, |attempts| attempts.0);
        span.record("metadata.retries", attempts.saturating_sub(1));
        if let Some(response) = context.response() {
            span.record("http.response.status_code", response.status().as_u16());
            let header = |name| response.headers().get(name);
            if let Some(id) = header("x-amzn-requestid").or_else(|| header("x-amz-request-id")) {
                span.record("aws.request_id", id);
            }
            if let Some(length) = header("content-length").and_then(|l| l.parse::<i64>().ok()) {
                span.set_attribute("http.response.header.content-length", length);
            }
        }
        match context.output_or_error() {
            Some(Ok(output)) => {
                if let Some(output) = output.downcast_ref::<PutEventsOutput>() {
                    record_failed_entries(&span, output);
                }
            }
            Some(Err(error)) => {
                span.set_status(Status::error(error.to_string()));
                for cause in causes(error) {
                    exception(&span, "SdkError", cause.to_string());
                }
            }
            None => {}
        }
        // A span ends when it was last left: this is when.
        span.in_scope(|| {});
        // It closes with the call, not whenever the SDK lets go of its configuration.
        cfg.interceptor_state().store_put(Call(None));
        Ok(())
    }
}

fn call(cfg: &ConfigBag) -> Option<Span> {
    cfg.load::<Call>().and_then(|call| call.0.clone())
}

/// X-Ray makes the node's type from the subsegment's name: `Events` becomes `AWS::Events`, whereas the
/// SDK's own `EventBridge` would become a type of its own.
fn node_name(service: &str) -> &str {
    match service {
        "EventBridge" => "Events",
        other => other,
    }
}

/// The table that a DynamoDB request is about: X-Ray names the node after it. A transaction names its
/// tables item by item; each service owns one table, so the first stands for all.
fn table_name(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let in_transaction = || {
        let item = body["TransactItems"].as_array()?.first()?.as_object()?;
        item.values().next()?["TableName"].as_str()
    };
    body["TableName"].as_str().or_else(in_transaction).map(str::to_owned)
}

/// A `PutEvents` that lost entries is answered with 200: X-Ray would call it a success.
fn record_failed_entries(span: &Span, output: &PutEventsOutput) {
    if output.failed_entry_count() == 0 {
        return;
    }
    let codes: Vec<_> = output.entries().iter().filter_map(|entry| entry.error_code()).collect();
    span.record("annotation.failed_entry_count", output.failed_entry_count());
    span.record("metadata.failed_entries", codes.join(","));
    span.set_status(Status::error("entries were not accepted"));
    for entry in output.entries() {
        if let Some(code) = entry.error_code() {
            exception(span, code, entry.error_message().unwrap_or_default().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_found_in_plain_requests_and_in_transactions() {
        for (body, table) in [
            (r#"{"TableName":"orders","Key":{}}"#, Some("orders")),
            (r#"{"TransactItems":[{"Update":{"TableName":"inventory"}}]}"#, Some("inventory")),
            (r#"{"Entries":[]}"#, None),
            ("Action=Publish", None),
            ("", None),
        ] {
            assert_eq!(table_name(body.as_bytes()).as_deref(), table, "{body}");
        }
    }
}

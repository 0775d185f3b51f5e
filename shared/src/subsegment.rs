use aws_sdk_dynamodb::operation::{
    put_item::PutItemError, transact_write_items::TransactWriteItemsError,
    update_item::UpdateItemError,
};
use aws_sdk_eventbridge::operation::put_events::{PutEventsInput, PutEventsOutput};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                BeforeSerializationInterceptorContextMut, BeforeSerializationInterceptorContextRef,
                BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef, Error,
                FinalizerInterceptorContextRef,
            },
            dyn_dispatch_hint,
        },
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use opentelemetry::trace::Status;
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{
    budget,
    error_chain::{causes, record_exception},
    trace_header::TraceHeader,
};

/// The longest `TraceHeader` that `PutEvents` accepts
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html>).
const MAX_TRACE_HEADER: usize = 500;

/// Puts the calls of an AWS client into the trace: opens a subsegment for each call and sends the
/// subsegment's id as the parent. For `PutEvents` it also writes the header into each entry, where
/// it takes precedence over the HTTP header.
///
/// Without it the SDK's own recursion detection sends the function segment's id, and the consumers'
/// segments would be siblings of the call instead of its children.
#[derive(Debug)]
pub struct Subsegment {
    region: String,
    table: Option<String>,
}

/// The call's span while the call runs.
#[derive(Debug)]
struct Call(Option<Span>);

/// How many attempts the call has made.
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
        Self { region, table: None }
    }

    /// Names the DynamoDB table that all of the client's calls are about. X-Ray names the node
    /// after it.
    #[must_use]
    pub fn table(self, name: &str) -> Self {
        Self { table: Some(name.to_owned()), ..self }
    }
}

#[dyn_dispatch_hint]
impl Intercept for Subsegment {
    fn name(&self) -> &'static str {
        "Subsegment"
    }

    /// The call's time limit is the invocation's.
    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        budget::limit(cfg)
    }

    /// The first hook that knows the operation; earlier ones only have the client's settings.
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
            aws.table.name = self.table,
            aws.request_id = Empty,
            http.response.status_code = Empty,
            annotation.failed_entry_count = Empty,
            metadata.condition_met = Empty,
            metadata.event_bus = Empty,
            metadata.retries = Empty,
            metadata.failed_entries = Empty,
        );
        if let Some(input) = context.input_mut().downcast_mut::<PutEventsInput>() {
            let header = span.in_scope(TraceHeader::current).map(|header| header.to_string());
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

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(span) = call(cfg) else { return Ok(()) };
        if let Some(header) = span.in_scope(TraceHeader::current) {
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
        let outcome = context.output_or_error();
        let error = outcome.as_ref().and_then(|outcome| outcome.err());
        let unmet = error.and_then(|error| error.as_operation_error()).is_some_and(is_unmet);
        if let Some(response) = context.response() {
            // X-Ray would count its 400 as an error of the table.
            if !unmet {
                span.record("http.response.status_code", response.status().as_u16());
            }
            let header = |name| response.headers().get(name);
            if let Some(id) = header("x-amzn-requestid").or_else(|| header("x-amz-request-id")) {
                span.record("aws.request_id", id);
            }
            if let Some(length) = header("content-length").and_then(|l| l.parse::<i64>().ok()) {
                span.set_attribute("http.response.header.content-length", length);
            }
        }
        match outcome {
            Some(Ok(output)) => {
                if let Some(output) = output.downcast_ref::<PutEventsOutput>() {
                    record_failed_entries(&span, output);
                }
            }
            Some(Err(_)) if unmet => {
                span.record("metadata.condition_met", false);
            }
            Some(Err(error)) => {
                span.set_status(Status::error(error.to_string()));
                for cause in causes(error) {
                    record_exception(&span, "SdkError", cause.to_string());
                }
            }
            None => {}
        }
        // A span ends when it was last left, which is now.
        span.in_scope(|| {});
        // It closes with the call, not when the SDK drops its configuration.
        cfg.interceptor_state().store_put(Call(None));
        Ok(())
    }
}

fn call(cfg: &ConfigBag) -> Option<Span> {
    cfg.load::<Call>().and_then(|call| call.0.clone())
}

/// X-Ray derives the node's type from the subsegment's name: `Events` becomes `AWS::Events`. The
/// SDK's name, `EventBridge`, would become a type of its own.
fn node_name(service: &str) -> &str {
    match service {
        "EventBridge" => "Events",
        other => other,
    }
}

/// Whether DynamoDB refused a write for its condition alone. That is one of the two answers that the caller asked for: a
/// request that came twice, a loser of a race, no stock. On a map where each of them is an error, no real one is seen.
fn is_unmet(error: &Error) -> bool {
    let put =
        matches!(error.downcast_ref(), Some(PutItemError::ConditionalCheckFailedException(_)));
    let update =
        matches!(error.downcast_ref(), Some(UpdateItemError::ConditionalCheckFailedException(_)));
    let transaction = match error.downcast_ref() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            let mut codes = cancelled.cancellation_reasons().iter().filter_map(|r| r.code());
            codes.all(|code| ["None", "ConditionalCheckFailed"].contains(&code))
        }
        _ => false,
    };
    put || update || transaction
}

/// `PutEvents` responds with 200 even if entries failed, which X-Ray would show as a success.
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
            record_exception(span, code, entry.error_message().unwrap_or_default().to_owned());
        }
    }
}

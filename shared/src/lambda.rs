use std::{
    any::type_name,
    error::Error,
    future::Future,
    iter,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context as TaskContext, Poll},
};

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use opentelemetry::{
    Context as OtelContext, KeyValue,
    trace::{Status, TraceContextExt},
};
use tower::{Layer, Service};
use tracing::{Instrument, Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{Heard, Metrics, TraceHeader, metrics};

/// Wraps a handler: its work becomes the subsegment `operation` of the trace that Lambda hands over, and
/// its error, with the whole chain of causes, becomes that subsegment's fault, one log line, and the
/// error that Lambda sees.
///
/// ```no_run
/// use lambda_runtime::{LambdaEvent, service_fn};
/// use serde_json::value::RawValue;
/// use shared::{Metrics, lambda::TraceLayer};
/// use tower::Layer;
///
/// # async fn hear(_event: LambdaEvent<Box<RawValue>>) -> Result<(), std::fmt::Error> { Ok(()) }
/// # async fn run() -> Result<(), lambda_runtime::Error> {
/// let metrics = Metrics::new("shop".to_owned());
/// let layer = TraceLayer::new("process_payment", "payment-service", metrics);
/// lambda_runtime::run(layer.layer(service_fn(hear))).await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TraceLayer {
    operation: &'static str,
    service: &'static str,
    metrics: Metrics,
}

impl TraceLayer {
    /// `operation` names the subsegment, `service` is its annotation `service_name` and the metrics'
    /// dimension.
    pub fn new(operation: &'static str, service: &'static str, metrics: Metrics) -> Self {
        Self { operation, service, metrics }
    }
}

/// A handler within a [`TraceLayer`].
#[derive(Debug)]
pub struct Traced<S> {
    handler: S,
    layer: TraceLayer,
    /// Whether this process has not been invoked yet.
    cold: AtomicBool,
}

/// An invocation that knows the [`Context`] that Lambda sent along.
pub trait Invocation {
    /// What sets this function off, for the annotation `event_source`.
    const EVENT_SOURCE: &'static str;

    /// Lambda's context of this invocation. The trace header comes from here and never from the
    /// environment, which is not set when one process serves several invocations at once.
    fn context(&self) -> Option<&Context>;
}

impl<T> Invocation for LambdaEvent<T> {
    const EVENT_SOURCE: &'static str = "eventbridge";

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }
}

impl<B> Invocation for http::Request<B> {
    const EVENT_SOURCE: &'static str = "apigateway";

    /// `lambda_http` keeps the context among the request's extensions.
    fn context(&self) -> Option<&Context> {
        self.extensions().get()
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Traced<S>;

    fn layer(&self, handler: S) -> Traced<S> {
        Traced { handler, layer: self.clone(), cold: AtomicBool::new(true) }
    }
}

impl<S, I> Service<I> for Traced<S>
where
    S: Service<I>,
    S::Future: Send + 'static,
    S::Response: 'static,
    S::Error: Error + 'static,
    I: Invocation,
{
    type Response = S::Response;
    type Error = Diagnostic;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Diagnostic>> + Send>>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Diagnostic>> {
        self.handler.poll_ready(cx).map_err(|error| diagnostic(&error))
    }

    fn call(&mut self, invocation: I) -> Self::Future {
        let cold = self.cold.swap(false, Ordering::Relaxed);
        let counts = metrics::Invocation::begin(self.layer.service, cold);
        let span = self.layer.open(&invocation, cold, &counts);
        let metrics = self.layer.metrics.clone();
        let work = span.in_scope(|| self.handler.call(invocation));
        Box::pin(async move {
            let watched = Unwinding(span.clone());
            let outcome = counts.clone().run(work).instrument(span.clone()).await;
            metrics.write(&counts);
            drop(watched);
            if let Err(error) = &outcome {
                span.in_scope(|| {
                    record_error(&span, error);
                    tracing::error!(error = chain(error), "the invocation failed");
                });
            }
            // The span closes here and is sent before Lambda hears that we are done and may freeze us.
            drop(span);
            outcome.map_err(|error| diagnostic(&error))
        })
    }
}

impl TraceLayer {
    /// The invocation's span, and in `counts` what finds both.
    fn open(&self, invocation: &impl Invocation, cold: bool, counts: &metrics::Invocation) -> Span {
        fn event_source<I: Invocation>(_: &I) -> &'static str {
            I::EVENT_SOURCE
        }
        // What a handler may annotate later has to be declared here. No names, addresses or texts.
        let span = tracing::info_span!(
            "invocation",
            otel.name = self.operation,
            request_id = Empty,
            xray_trace_id = Empty,
            annotation.service_name = self.service,
            annotation.cold_start = cold,
            annotation.event_source = event_source(invocation),
            annotation.order_id = Empty,
            annotation.customer_id = Empty,
            annotation.product_id = Empty,
            annotation.order_amount = Empty,
            annotation.payment_amount = Empty,
            annotation.warehouse = Empty,
            annotation.notification_type = Empty,
            metadata.event_id = Empty,
            metadata.told_in_trace = Empty,
            http.response.status_code = Empty,
        );
        let Some(context) = invocation.context() else { return span };
        span.record("request_id", &context.request_id);
        counts.request(&context.request_id);
        let Some(header) = &context.xray_trace_id else { return span };
        match header.parse::<TraceHeader>() {
            Ok(header) => {
                span.record("xray_trace_id", header.root());
                counts.trace(header.root());
                let parent = OtelContext::new()
                    .with_remote_span_context(header.span_context())
                    .with_value(header);
                // Fails only when the span is already started, which this one is not.
                let _started = span.set_parent(parent);
            }
            Err(error) => {
                span.in_scope(|| tracing::warn!(%error, "this invocation is not traced"));
            }
        }
        span
    }
}

/// The header that a call made right here carries, if Lambda handed one over.
pub fn trace_header() -> Option<TraceHeader> {
    let context = Span::current().context();
    let header = context.get::<TraceHeader>()?;
    Some(header.under(context.span().span_context().span_id()))
}

/// Annotates the invocation with the event that it is about, and counts how long that was on its way. Where the event was told in another trace
/// (a replay from an archive starts a new one), that trace is named too.
pub fn annotate(heard: &Heard) {
    metrics::heard(heard);
    let span = Span::current();
    span.record("annotation.order_id", heard.event.order_id());
    span.record("annotation.customer_id", heard.event.customer_id());
    span.record("metadata.event_id", &heard.metadata.event_id);
    let told_in = heard.metadata.trace.as_deref().and_then(|text| text.parse::<TraceHeader>().ok());
    let told_in = told_in.map(|header| header.root());
    if told_in != trace_header().map(|header| header.root())
        && let Some(told_in) = told_in
    {
        span.record("metadata.told_in_trace", told_in);
    }
}

/// Marks `span` as failed and lists `error` and its causes as exceptions.
pub fn record_error<E: Error + 'static>(span: &Span, error: &E) {
    span.set_status(Status::error(error.to_string()));
    for (depth, cause) in causes(error).enumerate() {
        let kind = if depth == 0 { short_type_name::<E>() } else { "cause" };
        exception(span, kind, cause.to_string());
    }
}

/// Adds one exception to `span`, without marking it as failed.
pub(crate) fn exception(span: &Span, kind: &str, message: String) {
    span.add_event(
        "exception",
        vec![
            KeyValue::new("exception.type", kind.to_owned()),
            KeyValue::new("exception.message", message),
        ],
    );
}

/// `error` and its causes on one line.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| error.source())
}

fn diagnostic<E: Error + 'static>(error: &E) -> Diagnostic {
    Diagnostic { error_type: short_type_name::<E>().to_owned(), error_message: chain(error) }
}

fn short_type_name<E>() -> &'static str {
    type_name::<E>().rsplit("::").next().unwrap_or(type_name::<E>())
}

/// Marks the span when the handler unwinds past it; the runtime turns the panic into an error itself.
struct Unwinding(Span);

impl Drop for Unwinding {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.set_status(Status::error("the handler panicked"));
            exception(
                &self.0,
                "panic",
                "the handler panicked; its message is in the logs".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("could not keep order `ord_1`")]
    struct KeepError(#[source] std::fmt::Error);

    #[test]
    fn an_error_is_shown_with_its_causes() {
        let error = KeepError(std::fmt::Error);
        let diagnostic = diagnostic(&error);
        assert_eq!(diagnostic.error_type, "KeepError");
        assert_eq!(
            diagnostic.error_message,
            "could not keep order `ord_1`: an error occurred when formatting an argument"
        );
    }
}

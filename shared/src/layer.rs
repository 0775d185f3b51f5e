use std::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context as TaskContext, Poll},
};

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use opentelemetry::trace::Status;
use serde_json::value::RawValue;
use tower::{Layer, Service};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{
    annotation::invocation_span,
    budget,
    error_chain::{chain, record_error, record_exception, short_type_name},
    invocation::deadline,
    metrics::{InvocationMetrics, Metrics},
    trace_header::TraceHeader,
};

/// Wraps a handler. Its work becomes the subsegment `operation` of the trace that Lambda passes in.
/// Its error, with all causes, becomes that subsegment's fault, one log line, and the error that
/// Lambda sees. Its metrics are written.
///
/// ```no_run
/// use lambda_runtime::{LambdaEvent, service_fn};
/// use serde_json::value::RawValue;
/// use shared::{Metrics, TraceLayer};
/// use tower::Layer;
///
/// # async fn handle(_event: LambdaEvent<Box<RawValue>>) -> Result<(), std::fmt::Error> { Ok(()) }
/// # async fn run() -> Result<(), lambda_runtime::Error> {
/// let metrics = Metrics::new("shop".to_owned());
/// let layer = TraceLayer::new("process_payment", "payment-service", metrics);
/// lambda_runtime::run(layer.layer(service_fn(handle))).await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TraceLayer {
    operation: &'static str,
    service: &'static str,
    metrics: Metrics,
}

/// A handler within a [`TraceLayer`].
#[derive(Debug)]
pub struct Traced<S> {
    handler: S,
    layer: TraceLayer,
    /// Whether this process has not been invoked yet.
    is_cold: AtomicBool,
}

/// What a handler is invoked with.
pub trait Request {
    /// What invoked this function, for the annotation `event_source`.
    fn event_source(&self) -> &'static str;

    /// Lambda's context of this invocation. The trace header comes from here and never from the
    /// environment, which is not set when one process serves several invocations at once.
    fn context(&self) -> Option<&Context>;
}

/// What Lambda hands to a function.
pub trait Payload {
    /// Who sent it: `eventbridge`, `apigateway` or `schedule`.
    fn event_source(&self) -> &'static str;
}

/// What a handler returns.
pub trait Response {
    /// Records in `span` what the response says about the invocation.
    fn record(&self, span: &Span);
}

/// An error that the caller gets as an HTTP response. The handler puts it into the response's
/// extensions, and the [`TraceLayer`] records and logs it.
#[derive(Clone)]
pub struct ReportedError {
    kind: &'static str,
    error: Arc<dyn Error + Send + Sync>,
}

impl TraceLayer {
    /// `operation` names the subsegment, `service` is its annotation `service_name` and the
    /// metrics' dimension.
    pub fn new(operation: &'static str, service: &'static str, metrics: Metrics) -> Self {
        Self { operation, service, metrics }
    }

    /// Opens the invocation's span, and adds the ids that find it to `counts`.
    fn open<R: Request>(&self, request: &R, is_cold: bool, counts: &InvocationMetrics) -> Span {
        let span = invocation_span(self.operation, self.service, is_cold, request.event_source());
        let Some(context) = request.context() else { return span };
        span.record("request_id", &context.request_id);
        counts.set_request_id(&context.request_id);
        let Some(header) = &context.xray_trace_id else { return span };
        match header.parse::<TraceHeader>() {
            Ok(header) => {
                span.record("xray_trace_id", header.root());
                counts.set_trace_id(header.root());
                header.continue_in(&span);
            }
            Err(error) => {
                span.in_scope(|| tracing::warn!(%error, "this invocation is not traced"));
            }
        }
        span
    }
}

// === impl Traced ===

impl<S> Layer<S> for TraceLayer {
    type Service = Traced<S>;

    fn layer(&self, handler: S) -> Traced<S> {
        Traced { handler, layer: self.clone(), is_cold: AtomicBool::new(true) }
    }
}

impl<S, R> Service<R> for Traced<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
    S::Response: Response + 'static,
    S::Error: Error + 'static,
    R: Request,
{
    type Response = S::Response;
    type Error = Diagnostic;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Diagnostic>> + Send>>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Diagnostic>> {
        self.handler.poll_ready(cx).map_err(|error| diagnostic(&error))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let is_cold = self.is_cold.swap(false, Ordering::Relaxed);
        let metrics = self.layer.metrics.clone();
        let counts = InvocationMetrics::new(metrics, self.layer.service, is_cold);
        let span = self.layer.open(&request, is_cold, &counts);
        let deadline = request.context().and_then(deadline);
        // On the heap at once: it is large, and each of the futures around it would move it.
        let work = Box::pin(span.in_scope(|| self.handler.call(request)));
        Box::pin(async move {
            let unwinding = Unwinding(span.clone());
            let work = budget::scope(deadline, counts.clone().scope(work));
            let outcome = work.instrument(span.clone()).await;
            counts.write();
            drop(unwinding);
            match &outcome {
                Ok(response) => response.record(&span),
                Err(error) => {
                    record_error(&span, short_type_name::<S::Error>(), error);
                    span.in_scope(|| {
                        tracing::error!(error = chain(error), "the invocation failed");
                    });
                }
            }
            // The span closes here, and is sent before Lambda gets the response and may freeze the
            // process.
            drop(span);
            outcome.map_err(|error| diagnostic(&error))
        })
    }
}

fn diagnostic<E: Error + 'static>(error: &E) -> Diagnostic {
    Diagnostic { error_type: short_type_name::<E>().to_owned(), error_message: chain(error) }
}

/// Marks the span when the handler panics. The runtime turns the panic into an error itself.
struct Unwinding(Span);

impl Drop for Unwinding {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.set_status(Status::error("the handler panicked"));
            let message = "the handler panicked; its message is in the logs".to_owned();
            record_exception(&self.0, "panic", message);
        }
    }
}

// === impl Request and Response ===

impl<T: Payload> Request for LambdaEvent<T> {
    fn event_source(&self) -> &'static str {
        self.payload.event_source()
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }
}

impl Payload for Box<RawValue> {
    fn event_source(&self) -> &'static str {
        "eventbridge"
    }
}

impl Response for () {
    fn record(&self, _span: &Span) {}
}

impl<B> Response for http::Response<B> {
    /// A server error is logged as an error, a client error as a warning.
    fn record(&self, span: &Span) {
        let status = self.status().as_u16();
        span.record("http.response.status_code", status);
        let Some(ReportedError { kind, error }) = self.extensions().get() else { return };
        record_error(span, kind, error.as_ref());
        let error = chain(error.as_ref());
        span.in_scope(|| {
            if self.status().is_server_error() {
                tracing::error!(status, error, "the request failed");
            } else {
                tracing::warn!(status, error, "the request was refused");
            }
        });
    }
}

impl ReportedError {
    /// `error` as an extension of the response that reports it.
    pub fn new<E: Error + Send + Sync + 'static>(error: E) -> Self {
        Self { kind: short_type_name::<E>(), error: Arc::new(error) }
    }
}

impl fmt::Debug for ReportedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

#[cfg(test)]
mod tests;

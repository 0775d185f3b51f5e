use std::{any::type_name, error::Error, iter};

use opentelemetry::{KeyValue, trace::Status};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// `error` and its causes on one line.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Marks `span` as failed, and lists `error` and its causes as exceptions. `kind` is the type of
/// the first.
pub(crate) fn record_error(span: &Span, kind: &str, error: &(dyn Error + 'static)) {
    span.set_status(Status::error(error.to_string()));
    for (depth, cause) in causes(error).enumerate() {
        record_exception(span, if depth == 0 { kind } else { "cause" }, cause.to_string());
    }
}

/// Adds one exception to `span` without marking it as failed.
pub(crate) fn record_exception(span: &Span, kind: &str, message: String) {
    span.add_event(
        "exception",
        vec![
            KeyValue::new("exception.type", kind.to_owned()),
            KeyValue::new("exception.message", message),
        ],
    );
}

/// The name of the type `E` without its path.
pub(crate) fn short_type_name<E>() -> &'static str {
    type_name::<E>().rsplit("::").next().unwrap_or(type_name::<E>())
}

/// `error`, its cause, the cause's cause, and so on.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| error.source())
}

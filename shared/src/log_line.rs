use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, Scope},
};

use crate::clock::{now, rfc3339};

/// Writes each log event as one flat JSON object on a line: time, level and message, then the fields of the
/// event's spans (`xray_trace_id`, `request_id`, `order_id`, …), then its own.
///
/// The JSON format of `tracing-subscriber` nests the spans' fields. Flat fields can be queried by name in
/// CloudWatch Logs Insights, and the X-Ray console's link from a trace to its logs finds them. It also
/// formats a span's fields again each time one is recorded, which was a seventh of an invocation.
pub(crate) struct LogLines<W> {
    /// Reads the clock; a test passes a fixed time.
    now: fn() -> DateTime<Utc>,
    /// Where a line is written to.
    output: W,
}

/// The fields of a span that log lines have.
#[derive(Default)]
struct SpanFields(Map<String, Value>);

impl LogLines<fn() -> io::StdoutLock<'static>> {
    /// Writes to standard output.
    pub(crate) fn new() -> Self {
        Self { now, output: || io::stdout().lock() }
    }
}

impl<W> LogLines<W> {
    #[cfg(test)]
    pub(crate) fn written_to(now: fn() -> DateTime<Utc>, output: W) -> Self {
        Self { now, output }
    }
}

impl<S, O, W> Layer<S> for LogLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    O: Write,
    W: Fn() -> O + 'static,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, spans: Context<'_, S>) {
        let mut fields = SpanFields::default();
        attributes.record(&mut fields);
        if let Some(span) = spans.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, spans: Context<'_, S>) {
        let Some(span) = spans.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<SpanFields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, spans: Context<'_, S>) {
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), rfc3339((self.now)()).into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        for span in spans.event_scope(event).into_iter().flat_map(Scope::from_root) {
            let extensions = span.extensions();
            let fields = extensions.get::<SpanFields>().into_iter().flat_map(|fields| &fields.0);
            line.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
        }
        event.record(&mut EventFields(&mut line));
        line.insert("target".to_owned(), event.metadata().target().into());
        // A log that cannot be written cannot be reported either.
        let _written = writeln!((self.output)(), "{}", Value::Object(line));
    }
}

/// A span's field under its name in logs: annotations lose their prefix, and fields for the
/// exporter are left out.
fn log_name(field: &Field) -> Option<&str> {
    match field.name().strip_prefix("annotation.") {
        None if field.name().contains('.') => None,
        None => Some(field.name()),
        annotation => annotation,
    }
}

/// An event's own fields, under their own names.
struct EventFields<'a>(&'a mut Map<String, Value>);

/// Makes a visitor that collects fields as JSON values.
macro_rules! collects {
    ($visitor:ty, $collect:expr) => {
        impl Visit for $visitor {
            fn record_f64(&mut self, field: &Field, value: f64) {
                $collect(self, field, &|| value.into());
            }

            fn record_i64(&mut self, field: &Field, value: i64) {
                $collect(self, field, &|| value.into());
            }

            fn record_u64(&mut self, field: &Field, value: u64) {
                $collect(self, field, &|| value.into());
            }

            fn record_bool(&mut self, field: &Field, value: bool) {
                $collect(self, field, &|| value.into());
            }

            fn record_str(&mut self, field: &Field, value: &str) {
                $collect(self, field, &|| value.into());
            }

            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                $collect(self, field, &|| format!("{value:?}").into());
            }
        }
    };
}

collects!(SpanFields, |fields: &mut Self, field: &Field, value: &dyn Fn() -> Value| {
    if let Some(name) = log_name(field) {
        fields.0.insert(name.to_owned(), value());
    }
});
collects!(EventFields<'_>, |fields: &mut Self, field: &Field, value: &dyn Fn() -> Value| {
    fields.0.insert(field.name().to_owned(), value());
});

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::captured::Captured;

    #[test]
    fn a_line_is_flat_and_names_its_trace() {
        let lines = Captured::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::registry().with(LogLines::written_to(
            || DateTime::from_timestamp_millis(1_000).unwrap(),
            move || writer.clone(),
        ));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!(
                "process_order",
                xray_trace_id = "1-5759e988-bd862e3fe1be46a994272793",
                annotation.order_id = tracing::field::Empty,
                http.response.status_code = 201,
            );
            span.record("annotation.order_id", "ord_1");
            span.in_scope(|| tracing::info!(attempts = 2, "order stored"));
        });
        let line = lines.text();
        assert!(line.ends_with("}\n") && line.matches('\n').count() == 1, "{line}");
        let line: Value = serde_json::from_str(&line).unwrap();
        insta::assert_json_snapshot!(line);
    }
}

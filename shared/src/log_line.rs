use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tracing::{Event, Subscriber, field::Visit};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormattedFields,
        format::{JsonFields, Writer},
    },
    registry::LookupSpan,
};

use crate::clock::rfc3339;

/// Writes a log event as one flat JSON object: time, level and message, then the fields of the
/// event's spans (`xray_trace_id`, `request_id`, `order_id`, …), then its own.
///
/// The default JSON format nests the spans' fields. Flat fields can be queried by name in
/// CloudWatch Logs Insights, and the X-Ray console's link from a trace to its logs finds them.
pub(crate) struct LogLine {
    /// Reads the clock; a test passes a fixed time.
    pub(crate) now: fn() -> DateTime<Utc>,
}

impl<S> FormatEvent<S, JsonFields> for LogLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Map::new();
        let time = rfc3339((self.now)());
        line.insert("timestamp".to_owned(), time.into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        for span in context
            .event_scope()
            .into_iter()
            .flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<JsonFields>>();
            let fields = fields.and_then(|fields| serde_json::from_str::<Map<_, _>>(fields).ok());
            line.extend(fields.into_iter().flatten().filter_map(as_log_field));
        }
        event.record(&mut Fields(&mut line));
        line.insert("target".to_owned(), event.metadata().target().into());
        writeln!(writer, "{}", Value::Object(line))
    }
}

/// A span's field under its name in logs: annotations lose their prefix, and fields for the
/// exporter are left out.
fn as_log_field((name, value): (String, Value)) -> Option<(String, Value)> {
    match name.strip_prefix("annotation.") {
        Some(annotation) => Some((annotation.to_owned(), value)),
        None if name.contains('.') => None,
        None => Some((name, value)),
    }
}

/// Collects an event's own fields.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &tracing::field::Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &tracing::field::Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &tracing::field::Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::captured::Captured;

    #[test]
    fn a_line_is_flat_and_names_its_trace() {
        let lines = Captured::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::registry().with(
            tracing_subscriber::fmt::layer()
                .fmt_fields(JsonFields::new())
                .event_format(LogLine { now: || DateTime::from_timestamp_millis(1_000).unwrap() })
                .with_writer(move || writer.clone()),
        );
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

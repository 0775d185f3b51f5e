use std::{env, io, net::SocketAddr, panic, thread, time::SystemTime};

use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, SpanKind, Status, TraceState, TracerProvider},
};
use opentelemetry_aws::{
    trace::XrayIdGenerator,
    xray_exporter::{SegmentTranslator, XrayExporter, daemon_client::XrayDaemonClient},
};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanEvents, SpanLinks};
use tracing::Level;
use tracing_subscriber::{Layer, filter::filter_fn, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{log_line::LogLines, otlp::OtlpUdpExporter};

/// Where the X-Ray daemon listens by default
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-daemon.html>).
const DEFAULT_DAEMON: &str = "127.0.0.1:2000";

/// Why telemetry could not be set up. The function's init fails with it.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The address of the X-Ray daemon is invalid.
    #[error("AWS_XRAY_DAEMON_ADDRESS is `{0}`, not an address such as `{DEFAULT_DAEMON}`")]
    DaemonAddress(String),
    /// The format of traces is unknown.
    #[error("TRACES_EXPORTER is `{0}`, neither `xray` nor `otlp-udp`")]
    Exporter(String),
    /// There is no socket to send from.
    #[error("cannot open a UDP socket to the X-Ray daemon at {0}")]
    Socket(SocketAddr, #[source] io::Error),
    /// Logging is already set up.
    #[error("logging is already set up")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Sets up JSON logs on standard output and the X-Ray exporter.
///
/// `service` is the service's package. Its log level and that of this crate is
/// `AWS_LAMBDA_LOG_LEVEL` or `LOG_LEVEL`, by default `INFO`; the level of every other crate is
/// `WARN`.
///
/// Spans are sent synchronously, one datagram each, when they close, so that nothing is left to
/// flush when Lambda freezes the process. Only children of a sampled parent are recorded: this
/// process never starts a trace of its own.
pub(crate) fn init(service: &str) -> Result<(), TelemetryError> {
    let daemon = daemon_address(env::var("AWS_XRAY_DAEMON_ADDRESS").ok())?;
    let format = Format::parse(env::var("TRACES_EXPORTER").ok().as_deref())?;
    let provider =
        provider(format, daemon).map_err(|source| TelemetryError::Socket(daemon, source))?;
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("shared"))
        .with_location(false)
        .with_target(false)
        .with_threads(false)
        .with_level(false)
        .with_tracked_inactivity(false)
        // Log lines do not become span events. Errors reach the span through `record_error`, with
        // their causes.
        .with_filter(filter_fn(|metadata| !metadata.is_event()));

    let level = ["AWS_LAMBDA_LOG_LEVEL", "LOG_LEVEL"].iter().find_map(|name| env::var(name).ok());
    let level = log_level(level.as_deref());
    // Our spans are independent of the log level: turning logs down must not turn traces off.
    let service = service.replace('-', "_");
    let interesting = filter_fn(move |metadata| {
        let target = metadata.target().split("::").next();
        let ours = target == Some(service.as_str()) || target == Some(env!("CARGO_CRATE_NAME"));
        match (ours, metadata.is_span()) {
            (true, true) => true,
            (true, false) => metadata.level() <= &level,
            (false, true) => false,
            (false, false) => metadata.level() <= &Level::WARN,
        }
    });
    tracing_subscriber::registry()
        .with(LogLines::new())
        .with(spans)
        .with(interesting)
        .try_init()?;
    // A panic becomes a log line like any other, with the ids of its invocation.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked: {}", panic.payload_as_str().unwrap_or("no message"));
    }));
    Ok(())
}

/// In which format spans are sent to the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// X-Ray's own documents.
    Segments,
    /// OpenTelemetry's.
    Otlp,
}

impl Format {
    /// Parses `TRACES_EXPORTER`.
    fn parse(variable: Option<&str>) -> Result<Self, TelemetryError> {
        match variable {
            None | Some("" | "xray") => Ok(Self::Segments),
            Some("otlp-udp") => Ok(Self::Otlp),
            Some(other) => Err(TelemetryError::Exporter(other.to_owned())),
        }
    }
}

fn provider(format: Format, daemon: SocketAddr) -> io::Result<SdkTracerProvider> {
    let provider = SdkTracerProvider::builder()
        .with_id_generator(XrayIdGenerator::default())
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)));
    Ok(match format {
        Format::Segments => {
            compile_patterns()?;
            let exporter = XrayExporter::new(XrayDaemonClient::new(daemon)?);
            provider.with_simple_exporter(exporter.with_translator(translator()))
        }
        Format::Otlp => provider.with_simple_exporter(OtlpUdpExporter::new(daemon)?),
    }
    .build())
}

fn translator() -> SegmentTranslator {
    // X-Ray accepts trace ids made from W3C ones, which contain no time; the exporter would drop them.
    SegmentTranslator::new().skip_timestamp_validation()
}

/// Has the exporter compile its regular expressions, for names and for keys of annotations, which it
/// would do in the first invocation. They take more than a millisecond, beside the rest of init.
fn compile_patterns() -> io::Result<()> {
    let patterns = thread::Builder::new().name("patterns".to_owned());
    patterns.spawn(|| drop(translator().translate_spans(&[any_span()])))?;
    Ok(())
}

/// A span with a name and an annotation, which is not sent.
fn any_span() -> SpanData {
    let (trace, span) = (TraceId::from(1), SpanId::from(1));
    let flags = TraceFlags::SAMPLED;
    SpanData {
        span_context: SpanContext::new(trace, span, flags, false, TraceState::NONE),
        parent_span_id: SpanId::from(2),
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "any".into(),
        start_time: SystemTime::UNIX_EPOCH,
        end_time: SystemTime::UNIX_EPOCH,
        attributes: vec![KeyValue::new("annotation.any", "any")],
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::default(),
    }
}

/// Parses `AWS_XRAY_DAEMON_ADDRESS`: `host:port`, or `tcp:host:port udp:host:port` in any order
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-python-configuration.html>).
fn daemon_address(variable: Option<String>) -> Result<SocketAddr, TelemetryError> {
    let text = variable.unwrap_or_else(|| DEFAULT_DAEMON.to_owned());
    let udp = text.split_whitespace().find(|part| !part.starts_with("tcp:")).unwrap_or_default();
    udp.strip_prefix("udp:")
        .unwrap_or(udp)
        .parse()
        .map_err(|_| TelemetryError::DaemonAddress(text.clone()))
}

fn log_level(variable: Option<&str>) -> Level {
    // Lambda's FATAL is tracing's ERROR. An unknown level is treated as unset.
    match variable {
        Some(level) if level.eq_ignore_ascii_case("fatal") => Level::ERROR,
        Some(level) => level.parse().unwrap_or(Level::INFO),
        None => Level::INFO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daemon_addresses() {
        for (variable, address) in [
            (None, "127.0.0.1:2000"),
            (Some("169.254.79.129:2000"), "169.254.79.129:2000"),
            (Some("tcp:127.0.0.1:2001 udp:127.0.0.2:2002"), "127.0.0.2:2002"),
            (Some("udp:127.0.0.2:2002 tcp:127.0.0.1:2001"), "127.0.0.2:2002"),
        ] {
            let read = daemon_address(variable.map(str::to_owned)).unwrap();
            assert_eq!(read, address.parse().unwrap());
        }
        for variable in ["", "localhost", "tcp:127.0.0.1:2000", "127.0.0.1"] {
            assert!(daemon_address(Some(variable.to_owned())).is_err(), "{variable}");
        }
    }

    #[test]
    fn any_span_needs_both_patterns() {
        let (translator, spans) = (translator(), [any_span()]);
        let documents = translator.translate_spans(&spans);
        let [document] = documents.as_slice() else { panic!("{documents:?}") };
        let document = document.to_string();
        assert!(document.contains(r#""name":"any""#), "{document}");
        assert!(document.contains(r#""annotations":{"any":"any"}"#), "{document}");
    }

    #[test]
    fn formats() {
        let parse = |text| Format::parse(Some(text));
        assert_eq!(Format::parse(None).unwrap(), Format::Segments);
        assert_eq!(parse("xray").unwrap(), Format::Segments);
        assert_eq!(parse("otlp-udp").unwrap(), Format::Otlp);
        assert!(parse("otlp").is_err());
    }

    #[test]
    fn log_levels() {
        for (variable, level) in [
            (None, Level::INFO),
            (Some("debug"), Level::DEBUG),
            (Some("FATAL"), Level::ERROR),
            (Some("WARN"), Level::WARN),
            (Some("loud"), Level::INFO),
        ] {
            assert_eq!(log_level(variable), level);
        }
    }
}

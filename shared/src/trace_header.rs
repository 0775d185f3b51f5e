use std::{fmt, str::FromStr};

use opentelemetry::{
    Context, SpanId, TraceId,
    trace::{SpanContext, TraceContextExt, TraceFlags, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The most that `Lineage` and unknown fields may take in all, in bytes. They come from clients, are copied into every
/// event, and an entry of `PutEvents` takes a header of 500 characters at most.
const MAX_OTHERS: usize = 256;

/// The `X-Amzn-Trace-Id` header: which trace a call belongs to, which subsegment made it, and
/// whether anything is recorded.
///
/// The order of its fields does not matter. `Lineage` and unknown fields are passed on as far as they
/// fit into 256 bytes, `Self` (added by load balancers) is dropped. See
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>.
///
/// ```
/// use shared::TraceHeader;
///
/// let header: TraceHeader =
///     "Sampled=1;Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Lineage=25:a87bd80c:1"
///         .parse()?;
/// assert!(header.is_recorded());
/// assert_eq!(header.root(), "1-5759e988-bd862e3fe1be46a994272793");
/// assert_eq!(
///     header.to_string(),
///     "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=25:a87bd80c:1",
/// );
/// # Ok::<(), shared::InvalidTraceHeader>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceHeader {
    root: TraceId,
    parent: Option<SpanId>,
    sampled: Option<Sampled>,
    /// `Lineage` and all unknown fields, in their original order.
    others: Vec<(String, String)>,
}

/// The sampling decision, which is made once, at the head of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampled {
    /// `1`: record the trace.
    Yes,
    /// `0`: record nothing, and pass the header on.
    No,
    /// `?`: the callee is asked to decide.
    Requested,
}

/// Why a text is not a [`TraceHeader`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTraceHeader {
    /// There is no `Root` field.
    #[error("the trace header has no `Root`")]
    NoRoot,
    /// `Root` is not `1-`, 8 hex digits, `-`, 24 hex digits.
    #[error("`{0}` is not a trace id such as `1-5759e988-bd862e3fe1be46a994272793`")]
    BadRoot(String),
    /// `Parent` is not 16 hex digits.
    #[error("`{0}` is not a segment id of 16 hexadecimal digits")]
    BadParent(String),
    /// `Sampled` is none of `0`, `1` and `?`.
    #[error("`{0}` is not a sampling decision (`0`, `1` or `?`)")]
    BadSampled(String),
}

impl TraceHeader {
    /// Makes `span` a part of this trace: a child of the header's parent. Call it before the span is
    /// entered for the first time; a span that has started keeps its parent.
    pub fn continue_in(self, span: &Span) {
        let parent = Context::new().with_remote_span_context(self.span_context()).with_value(self);
        let _started = span.set_parent(parent);
    }

    /// The header that a call made from the current span carries, if the invocation has a trace
    /// header.
    pub fn current() -> Option<Self> {
        let context = Span::current().context();
        let header = context.get::<Self>()?;
        Some(header.with_parent(context.span().span_context().span_id()))
    }

    /// The trace id in X-Ray's form.
    pub fn root(&self) -> String {
        let hex = self.root.to_string();
        format!("1-{}-{}", &hex[..8], &hex[8..])
    }

    /// Whether this process records anything: the trace is sampled and has a parent segment. A
    /// function in pass-through mode gets neither field and must record nothing
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html>).
    pub fn is_recorded(&self) -> bool {
        self.sampled == Some(Sampled::Yes) && self.parent.is_some()
    }

    /// The header that a call made from the span `parent` carries: the same trace with a new
    /// parent. A header that is not recorded is passed on unchanged, because there is no new
    /// parent.
    #[must_use]
    pub fn with_parent(&self, parent: SpanId) -> Self {
        if self.is_recorded() {
            Self { parent: Some(parent), ..self.clone() }
        } else {
            self.clone()
        }
    }

    /// The same decision and parent in OpenTelemetry's terms.
    pub(crate) fn span_context(&self) -> SpanContext {
        let flags = if self.is_recorded() { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let parent = self.parent.unwrap_or(SpanId::INVALID);
        SpanContext::new(self.root, parent, flags, true, TraceState::default())
    }
}

impl FromStr for TraceHeader {
    type Err = InvalidTraceHeader;

    fn from_str(text: &str) -> Result<Self, InvalidTraceHeader> {
        let (mut root, mut parent, mut sampled, mut others) = (None, None, None, Vec::new());
        let mut left = MAX_OTHERS;
        for field in text.split(';') {
            let Some((key, value)) = field.split_once('=') else { continue };
            let (key, value) = (key.trim(), value.trim());
            if key.eq_ignore_ascii_case("Root") {
                root = Some(trace_id(value)?);
            } else if key.eq_ignore_ascii_case("Parent") {
                parent = Some(segment_id(value)?);
            } else if key.eq_ignore_ascii_case("Sampled") {
                sampled = Some(decision(value)?);
            } else if !key.is_empty() && !key.eq_ignore_ascii_case("Self") {
                let size = key.len() + value.len() + 2;
                if size <= left {
                    left -= size;
                    others.push((key.to_owned(), value.to_owned()));
                }
            }
        }
        Ok(Self { root: root.ok_or(InvalidTraceHeader::NoRoot)?, parent, sampled, others })
    }
}

impl fmt::Display for TraceHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root={}", self.root())?;
        if let Some(parent) = self.parent {
            write!(f, ";Parent={parent}")?;
        }
        if let Some(sampled) = self.sampled {
            let sampled = match sampled {
                Sampled::Yes => "1",
                Sampled::No => "0",
                Sampled::Requested => "?",
            };
            write!(f, ";Sampled={sampled}")?;
        }
        self.others.iter().try_for_each(|(key, value)| write!(f, ";{key}={value}"))
    }
}

fn trace_id(text: &str) -> Result<TraceId, InvalidTraceHeader> {
    let bad = || InvalidTraceHeader::BadRoot(text.to_owned());
    let (time, rest) = text.strip_prefix("1-").and_then(|t| t.split_once('-')).ok_or_else(bad)?;
    let well_formed = is_hex(time, 8) && is_hex(rest, 24);
    match TraceId::from_hex(&format!("{time}{rest}")) {
        Ok(id) if well_formed && id != TraceId::INVALID => Ok(id),
        _ => Err(bad()),
    }
}

fn segment_id(text: &str) -> Result<SpanId, InvalidTraceHeader> {
    match SpanId::from_hex(text) {
        Ok(id) if is_hex(text, 16) && id != SpanId::INVALID => Ok(id),
        _ => Err(InvalidTraceHeader::BadParent(text.to_owned())),
    }
}

fn decision(text: &str) -> Result<Sampled, InvalidTraceHeader> {
    match text {
        "1" => Ok(Sampled::Yes),
        "0" => Ok(Sampled::No),
        "?" => Ok(Sampled::Requested),
        _ => Err(InvalidTraceHeader::BadSampled(text.to_owned())),
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use opentelemetry::{
    SpanId, TraceId,
    trace::{SpanContext, TraceFlags, TraceState},
};

/// The `X-Amzn-Trace-Id` header: which trace a call belongs to, which subsegment made it, and whether
/// anything is recorded.
///
/// Read without regard to the order of its fields; `Lineage` and fields that this code does not know
/// are kept and travel on, `Self` (added by load balancers) is dropped.
/// See <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>.
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
/// # Ok::<(), shared::BadTraceHeader>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceHeader {
    root: TraceId,
    parent: Option<SpanId>,
    sampled: Option<Sampled>,
    /// `Lineage` and everything unknown, in the order in which it came.
    others: Vec<(String, String)>,
}

/// The sampling decision, which is made once, at the head of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampled {
    /// `1`: record.
    Yes,
    /// `0`: record nothing, but pass the header on.
    No,
    /// `?`: the callee is asked to decide.
    Requested,
}

/// Why a text is not a [`TraceHeader`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTraceHeader {
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
    /// The trace id in X-Ray's form, for logs and for people.
    pub fn root(&self) -> String {
        let hex = self.root.to_string();
        format!("1-{}-{}", &hex[..8], &hex[8..])
    }

    /// Whether this process is to record anything: the trace is sampled and there is a parent to hang
    /// from. A function in pass-through mode gets neither field and must stay silent
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html>).
    pub fn is_recorded(&self) -> bool {
        self.sampled == Some(Sampled::Yes) && self.parent.is_some()
    }

    /// The header that a call made under the span `parent` carries: the same trace, a new parent.
    /// What is not recorded is passed on as it came, for there is no new parent.
    #[must_use]
    pub fn under(&self, parent: SpanId) -> Self {
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
    type Err = BadTraceHeader;

    fn from_str(text: &str) -> Result<Self, BadTraceHeader> {
        let (mut root, mut parent, mut sampled, mut others) = (None, None, None, Vec::new());
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
                others.push((key.to_owned(), value.to_owned()));
            }
        }
        Ok(Self { root: root.ok_or(BadTraceHeader::NoRoot)?, parent, sampled, others })
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

fn trace_id(text: &str) -> Result<TraceId, BadTraceHeader> {
    let bad = || BadTraceHeader::BadRoot(text.to_owned());
    let (time, rest) = text.strip_prefix("1-").and_then(|t| t.split_once('-')).ok_or_else(bad)?;
    let well_formed = is_hex(time, 8) && is_hex(rest, 24);
    match TraceId::from_hex(&format!("{time}{rest}")) {
        Ok(id) if well_formed && id != TraceId::INVALID => Ok(id),
        _ => Err(bad()),
    }
}

fn segment_id(text: &str) -> Result<SpanId, BadTraceHeader> {
    match SpanId::from_hex(text) {
        Ok(id) if is_hex(text, 16) && id != SpanId::INVALID => Ok(id),
        _ => Err(BadTraceHeader::BadParent(text.to_owned())),
    }
}

fn decision(text: &str) -> Result<Sampled, BadTraceHeader> {
    match text {
        "1" => Ok(Sampled::Yes),
        "0" => Ok(Sampled::No),
        "?" => Ok(Sampled::Requested),
        _ => Err(BadTraceHeader::BadSampled(text.to_owned())),
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOT: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";

    #[test]
    fn headers_that_are_understood() {
        let full = format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
        for (text, written, recorded) in [
            (full.clone(), full.clone(), true),
            (format!("Sampled=1; Parent=53995c3f42cd8ad8 ; {ROOT};"), full.clone(), true),
            (format!("sampled=1;PARENT=53995C3F42CD8AD8;{ROOT}"), full.clone(), true),
            (format!("Self=1-67891234-12456789abcdef0123456789;{full}"), full, true),
            (ROOT.to_owned(), ROOT.to_owned(), false),
            (
                format!("{ROOT};Lineage=a87bd80c:1|68fd508a:5"),
                format!("{ROOT};Lineage=a87bd80c:1|68fd508a:5"),
                false,
            ),
            (
                format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=0;Custom=a=b"),
                format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=0;Custom=a=b"),
                false,
            ),
            (format!("{ROOT};Sampled=?"), format!("{ROOT};Sampled=?"), false),
            (format!("{ROOT};Sampled=1"), format!("{ROOT};Sampled=1"), false),
        ] {
            let header: TraceHeader = text.parse().unwrap();
            assert_eq!(header.to_string(), written, "{text}");
            assert_eq!(header.is_recorded(), recorded, "{text}");
        }
    }

    #[test]
    fn headers_that_are_refused() {
        for (text, refusal) in [
            ("", BadTraceHeader::NoRoot),
            ("Sampled=1", BadTraceHeader::NoRoot),
            ("Root=1-5759e988", BadTraceHeader::BadRoot("1-5759e988".to_owned())),
            ("Root=1-+759e988-bd862e3fe1be46a994272793", {
                BadTraceHeader::BadRoot("1-+759e988-bd862e3fe1be46a994272793".to_owned())
            }),
            ("Root=1-00000000-000000000000000000000000", {
                BadTraceHeader::BadRoot("1-00000000-000000000000000000000000".to_owned())
            }),
            (&format!("{ROOT};Parent=53"), BadTraceHeader::BadParent("53".to_owned())),
            (&format!("{ROOT};Sampled=yes"), BadTraceHeader::BadSampled("yes".to_owned())),
        ] {
            assert_eq!(text.parse::<TraceHeader>().unwrap_err(), refusal, "{text}");
        }
    }

    #[test]
    fn a_recorded_call_gets_a_new_parent_and_keeps_the_rest() {
        let header: TraceHeader =
            format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:2:3").parse().unwrap();
        let under = header.under(SpanId::from_hex("00000000000000ff").unwrap());
        assert_eq!(
            under.to_string(),
            format!("{ROOT};Parent=00000000000000ff;Sampled=1;Lineage=1:2:3")
        );
    }

    #[test]
    fn an_unsampled_call_passes_the_header_on_as_it_came() {
        for text in [
            format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=0;Lineage=1:2:3"),
            format!("{ROOT};Lineage=1:2:3"),
        ] {
            let header: TraceHeader = text.parse().unwrap();
            assert_eq!(
                header.under(SpanId::from_hex("00000000000000ff").unwrap()).to_string(),
                text
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            root in "1-[0-9a-f]{8}-[0-9a-f]{23}1",
            parent in proptest::option::of("[0-9a-f]{15}1"),
            sampled in proptest::option::of("[01?]"),
            lineage in proptest::option::of("[0-9]{1,2}:[0-9a-f]{8}:[0-9]"),
        ) {
            let mut text = format!("Root={root}");
            for (key, value) in [("Parent", parent), ("Sampled", sampled), ("Lineage", lineage)] {
                if let Some(value) = value {
                    text = format!("{text};{key}={value}");
                }
            }
            prop_assert_eq!(text.parse::<TraceHeader>().unwrap().to_string(), text);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _outcome = text.parse::<TraceHeader>();
        }
    }
}

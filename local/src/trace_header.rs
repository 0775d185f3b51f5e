use std::fmt;

/// The most that `Lineage` and unknown fields may take in all, in bytes. AWS's SDKs keep as much of them, and a header
/// has to fit into the 500 characters of an entry of `PutEvents`.
const MAX_OTHERS: usize = 256;

/// What an `X-Amzn-Trace-Id` header says
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>). It is
/// parsed here without the services' own code, so that the two implementations check each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceHeader {
    /// `1-`, 8 hex digits, `-`, 24 hex digits.
    pub(crate) root: String,
    /// The caller's segment or subsegment.
    pub(crate) parent: Option<String>,
    /// The decision, if one was made.
    pub(crate) sampled: Option<bool>,
    /// `Lineage` and whatever else came along, each with the semicolon before it: what is visible ASCII, as far as it
    /// fits into 256 bytes.
    pub(crate) others: String,
}

impl TraceHeader {
    /// Parses a header; `None` when it is malformed, in which case AWS drops it too.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (mut root, mut parent, mut sampled, mut others) = (None, None, None, String::new());
        for (key, value) in text.split(';').filter_map(|field| field.split_once('=')) {
            let (key, value) = (key.trim(), value.trim());
            match key.to_ascii_lowercase().as_str() {
                "root" => root = Some(value),
                "parent" => parent = Some(value),
                "sampled" => sampled = Some(value),
                "self" | "" => {}
                _ => {
                    let fits = others.len() + key.len() + value.len() + 2 <= MAX_OTHERS;
                    if fits && is_visible(key) && is_visible(value) {
                        others.extend([";", key, "=", value]);
                    }
                }
            }
        }
        let root = root.filter(|root| is_trace_id(root))?.to_ascii_lowercase();
        Some(Self {
            root,
            parent: parent.filter(|parent| is_segment_id(parent)).map(str::to_ascii_lowercase),
            sampled: match sampled {
                Some("1") => Some(true),
                Some("0") => Some(false),
                _ => None,
            },
            others,
        })
    }

    /// Begins a new trace, which is recorded.
    pub(crate) fn start(now: f64) -> Self {
        let sampled = Some(true);
        Self { root: new_trace_id(now), parent: None, sampled, others: String::new() }
    }

    /// The same trace for what is a child of `parent`.
    #[must_use]
    pub(crate) fn child_of(&self, parent: Option<String>, sampled: Option<bool>) -> Self {
        Self { parent, sampled, ..self.clone() }
    }
}

impl fmt::Display for TraceHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root={}", self.root)?;
        if let Some(parent) = &self.parent {
            write!(f, ";Parent={parent}")?;
        }
        if let Some(sampled) = self.sampled {
            write!(f, ";Sampled={}", u8::from(sampled))?;
        }
        f.write_str(&self.others)
    }
}

/// Whether `text` is a trace id. The time in it may be any: ids made from W3C ones have none.
pub(crate) fn is_trace_id(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    matches!(parts.as_slice(), ["1", time, rest] if is_hex(time, 8) && is_hex(rest, 24))
}

/// Whether `text` is the id of a segment or subsegment.
pub(crate) fn is_segment_id(text: &str) -> bool {
    is_hex(text, 16)
}

/// A new trace id, with `now` (seconds since the epoch) in it.
pub(crate) fn new_trace_id(now: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "X-Ray keeps 32 bits of seconds"
    )]
    let now = now as u32;
    format!("1-{now:08x}-{:024x}", fastrand::u128(..) >> 32)
}

/// A new segment id.
pub(crate) fn new_segment_id() -> String {
    format!("{:016x}", fastrand::u64(..))
}

fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
        for (text, written) in [
            (format!("{root};Parent=53995c3f42cd8ad8;Sampled=1"), None),
            (format!("{root};Sampled=0;Lineage=1:2:3"), None),
            (root.to_owned(), None),
            (format!("Sampled=?;{root}"), Some(root.to_owned())),
            (format!("Self=1;{root};Parent=zz"), Some(root.to_owned())),
            (format!("{root};a={};b=1", "x".repeat(300)), Some(format!("{root};b=1"))),
            (format!("{root};a=\x1b[31m;\u{e9}=1;b=1"), Some(format!("{root};b=1"))),
        ] {
            let header = TraceHeader::parse(&text).unwrap();
            assert_eq!(header.to_string(), written.unwrap_or(text));
        }
        for text in ["", "Root=", "Root=1-2-3", "Parent=53995c3f42cd8ad8;Sampled=1"] {
            assert_eq!(TraceHeader::parse(text), None, "{text}");
        }
        assert!(is_trace_id(&new_trace_id(1.0)) && is_segment_id(&new_segment_id()));
    }
}

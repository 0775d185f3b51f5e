use std::fmt;

use crate::trace_header::is_trace_id;

/// A trace's id, `1-` and 32 hexadecimal digits, as the number that these are: a store keeps a hundred thousand of
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TraceId(u128);

impl TraceId {
    /// Parses an id in any case.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (time, rest) =
            text.strip_prefix("1-")?.split_once('-').filter(|_| is_trace_id(text))?;
        let number = |digits| u128::from_str_radix(digits, 16).ok();
        Some(Self(number(time)? << 96 | number(rest)?))
    }

    /// The time inside of it, in seconds since the epoch.
    pub(super) fn time(self) -> f64 {
        f64::from(u32::try_from(self.0 >> 96).unwrap_or_default())
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1-{:08x}-{:024x}", self.0 >> 96, self.0 & (u128::MAX >> 32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_as_they_were_read_in_lower_case() {
        for id in ["1-5759e988-bd862e3fe1be46a994272793", "1-00000000-000000000000000000000001"] {
            assert_eq!(TraceId::parse(id).unwrap().to_string(), id);
            assert_eq!(TraceId::parse(&id.to_uppercase()), TraceId::parse(id));
        }
        let id = TraceId::parse("1-5759e988-bd862e3fe1be46a994272793").unwrap();
        assert!((id.time() - 1_465_510_280.0).abs() < 0.1);
        for id in [
            "",
            "1-",
            "1-5759e988",
            "2-5759e988-bd862e3fe1be46a994272793",
            "1-+759e988-bd862e3fe1be46a994272793",
        ] {
            assert_eq!(TraceId::parse(id), None, "{id}");
        }
    }
}

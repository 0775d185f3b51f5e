use serde_json::{Map, Value};

/// How a segment or subsegment ended: the flags that its document carries, and what its status says besides. They are
/// asked for so often that they are read once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags(u8);

/// The flags of documents, the first one that counts first.
const CARRIED: [(&str, u8); 3] = [("fault", 1), ("throttle", 2), ("error", 4)];
/// The same flags, three bits further, with what statuses say.
const FAULT: u8 = 8;
const THROTTLE: u8 = 16;
const ERROR: u8 = 32;

impl Flags {
    /// Those of a document whose response has that status.
    pub(super) fn of(body: &Map<String, Value>, status: Option<i32>) -> Self {
        let is_set = |(name, _): &&(&str, u8)| body.get(*name) == Some(&Value::Bool(true));
        let carried = CARRIED.iter().filter(is_set).fold(0, |flags, (_, bit)| flags | bit);
        let says = match status {
            Some(429) => THROTTLE,
            Some(400..500) => ERROR,
            Some(500..600) => FAULT,
            _ => 0,
        };
        // A flag says the same as a status; what is throttled is no other error.
        let is = carried << 3 | says;
        Self(carried | if is & THROTTLE == 0 { is } else { is & !ERROR })
    }

    /// What either has.
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it failed with a 5xx, by its flag or its status; the next two are of 429, and of another 4xx.
    pub(super) fn is_fault(self) -> bool {
        self.0 & FAULT != 0
    }

    pub(super) fn is_throttle(self) -> bool {
        self.0 & THROTTLE != 0
    }

    pub(super) fn is_error(self) -> bool {
        self.0 & ERROR != 0
    }

    /// Whether it answered with a 2xx, or did not fail where there is no status.
    pub(super) fn is_ok(self, status: Option<i32>) -> bool {
        self.0 == 0 && status.is_none_or(|status| (200..300).contains(&status))
    }

    /// The flag that its document carries, the first one that counts.
    pub(super) fn carried(self) -> Option<&'static str> {
        CARRIED.iter().find(|(_, bit)| self.0 & bit != 0).map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_ok() {
        for (document, status, ok) in [
            (json!({}), None, true),
            (json!({}), Some(200), true),
            (json!({}), Some(299), true),
            (json!({}), Some(302), false),
            (json!({}), Some(100), false),
            (json!({}), Some(600), false),
            (json!({}), Some(404), false),
            (json!({ "fault": true }), Some(200), false),
            (json!({ "error": false }), Some(200), true),
        ] {
            let flags = Flags::of(document.as_object().unwrap(), status);
            assert_eq!(flags.is_ok(status), ok, "{document} {status:?}");
        }
    }

    #[test]
    fn flags_and_statuses_say_how_it_ended() {
        for (document, status, [fault, throttle, error], carried) in [
            (json!({}), None, [false; 3], None),
            (json!({ "fault": false }), Some(200), [false; 3], None),
            (json!({ "fault": true }), Some(200), [true, false, false], Some("fault")),
            (json!({ "error": true }), None, [false, false, true], Some("error")),
            (
                json!({ "error": true, "throttle": true }),
                None,
                [false, true, false],
                Some("throttle"),
            ),
            (json!({}), Some(429), [false, true, false], None),
            (json!({ "error": true }), Some(429), [false, true, false], Some("error")),
            (json!({}), Some(404), [false, false, true], None),
            (json!({}), Some(503), [true, false, false], None),
            (json!({ "error": true }), Some(500), [true, false, true], Some("error")),
            (
                json!({ "fault": true, "throttle": true }),
                Some(404),
                [true, true, false],
                Some("fault"),
            ),
            (json!({}), Some(600), [false; 3], None),
        ] {
            let flags = Flags::of(document.as_object().unwrap(), status);
            let found = [flags.is_fault(), flags.is_throttle(), flags.is_error()];
            assert_eq!(
                (found, flags.carried()),
                ([fault, throttle, error], carried),
                "{document} {status:?}"
            );
        }
    }
}

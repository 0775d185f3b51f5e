use std::collections::BTreeMap;

use super::{outline::Outline, topology::Part};

/// How far a trace may be from the time inside its id, in seconds: as long as X-Ray keeps it. Other ids are random, as
/// OpenTelemetry's are, and have no time.
const MAX_AGE: f64 = 30.0 * 24.0 * 3600.0;

/// The time that summaries are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeRange {
    /// Seconds since the epoch.
    pub(super) start: f64,
    /// The same; this second is no part of it.
    pub(super) end: f64,
    pub(super) clock: Clock,
}

/// Which time of a trace counts: `TimeRangeType`. The API's page words it differently (start of the trace, its update, the
/// end of a segment), and what it means exactly is not confirmed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Clock {
    /// The time inside the id.
    TraceId,
    /// When its segments were.
    Event,
    /// When its services were, each from its first segment to its last.
    Service,
}

impl Clock {
    /// Parses it, or says what is wrong.
    pub(super) fn parse(kind: Option<&str>) -> Result<Self, String> {
        match kind {
            None | Some("TraceId") => Ok(Self::TraceId),
            Some("Event") => Ok(Self::Event),
            Some("Service") => Ok(Self::Service),
            Some(other) => Err(format!(
                "Value '{other}' at 'timeRangeType' failed to satisfy constraint: Member must satisfy enum value set: \
                 [TraceId, Service, Event]"
            )),
        }
    }
}

impl TimeRange {
    /// Whether a trace is in it.
    pub(super) fn has(self, trace: &Outline) -> bool {
        match self.clock {
            // An id has whole seconds.
            Clock::TraceId => (self.start.floor()..self.end).contains(&time(trace)),
            Clock::Event | Clock::Service => self.first_within(trace).is_some(),
        }
    }

    /// The second in which the first of what counts was in it; nothing if that is the id.
    pub(super) fn matched(self, trace: &Outline) -> Option<f64> {
        self.first_within(trace).map(f64::floor)
    }

    fn first_within(self, trace: &Outline) -> Option<f64> {
        let parts = &trace.topology.services;
        match self.clock {
            Clock::TraceId => None,
            Clock::Event => self.first(parts.iter().map(span)),
            Clock::Service => {
                let mut services = BTreeMap::new();
                for part in parts {
                    let (start, end) = span(part);
                    let service = services.entry(part.service.number).or_insert((start, end));
                    *service = (start.min(service.0), end.max(service.1));
                }
                self.first(services.into_values())
            }
        }
    }

    fn first(self, spans: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
        let within = spans.filter(|(start, end)| *start < self.end && *end >= self.start);
        within.map(|(start, _)| start.max(self.start)).min_by(f64::total_cmp)
    }
}

/// Of a segment that is in progress, only its begin is known.
fn span(part: &Part) -> (f64, f64) {
    let start = part.segment.start;
    (start, part.segment.end.map_or(start, |end| end.max(start)))
}

/// The time inside the id of a trace; if there is none, when it began.
fn time(trace: &Outline) -> f64 {
    let time = trace.id.time();
    if (trace.start - time).abs() <= MAX_AGE { time } else { trace.start }
}

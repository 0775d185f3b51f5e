use std::ops::Range;

use crate::{clock, ring_buffer::Cut, xray::Subject};

/// The minutes that the map and the list cover unless the page asks for others, and the most it may ask for.
const MINUTES: f64 = 15.0;
const MAX_MINUTES: f64 = 24.0 * 60.0;
/// The time that the range moves on by at once, in seconds: until then an answer can stay as it is.
const STEP: f64 = 10.0;
/// How many rows of a list the page gets at once unless it asks for fewer.
const ROWS: usize = 100;

/// What the page asks for: `minutes`, `until`, `filter`, `after`, `rows`, `show`, and the subject of a map.
#[derive(Debug)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
    /// When the traces began, in seconds since the epoch.
    pub(super) range: Range<f64>,
    minutes: f64,
    /// How many rows of a list are asked for.
    pub(super) rows: usize,
}

impl Query {
    /// Parses the query of a URL. What is not understood is as if it were not there.
    pub(super) fn parse(query: &str) -> Self {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut query = Self { pairs, range: 0.0..0.0, minutes: MINUTES, rows: ROWS };
        let number = |name| {
            let number = query.get(name).and_then(|text| text.parse::<f64>().ok());
            number.filter(|number| number.is_finite())
        };
        let minutes = number("minutes").unwrap_or(MINUTES).clamp(0.0, MAX_MINUTES);
        query.range = match number("until") {
            Some(until) => until - minutes * 60.0..until,
            // Traces of clocks that run ahead are shown too.
            None => ((clock::seconds() - minutes * 60.0) / STEP).floor() * STEP..f64::INFINITY,
        };
        query.minutes = minutes;
        let rows = query.get("rows").and_then(|text| text.parse().ok());
        query.rows = rows.unwrap_or(ROWS).min(ROWS);
        query
    }

    /// A parameter's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The filter expression.
    pub(super) fn filter(&self) -> &str {
        self.get("filter").unwrap_or_default().trim()
    }

    /// The range with an end: the present one in steps, as an answer stays as it is for so long.
    pub(super) fn known_range(&self) -> Range<f64> {
        let Range { start, end } = self.range;
        let present = start + self.minutes * 60.0 + STEP;
        start..if end.is_finite() { end } else { present }
    }

    /// The page of a list that is asked for.
    pub(super) fn cut(&self) -> Cut<'_> {
        let after = self.get("after").unwrap_or_default();
        Cut { range: self.range.clone(), after, rows: self.rows }
    }

    /// Whether the page shows `part`.
    pub(super) fn shows(&self, part: &str) -> bool {
        self.get("show").is_none_or(|parts| parts.split(',').any(|each| each == part))
    }

    /// The node or edge of the map that is asked for.
    pub(super) fn subject(&self) -> Option<Subject> {
        let id = |name, kind| Some((self.get(name)?.to_owned(), self.get(kind).map(str::to_owned)));
        Some(Subject { service: id("name", "type")?, callee: id("callee", "calleeType") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_left_out() {
        let range = |query| Query::parse(query).range;
        let fixed = range("minutes=2&until=1000");
        assert!((fixed.start - 880.0).abs() < 1e-9 && (fixed.end - 1000.0).abs() < 1e-9);
        for query in ["", "minutes=x", "minutes=NaN", "until=NaN", "until=inf", "rows=-1"] {
            let Range { start, end } = range(query);
            assert!(start > 0.0 && end > start, "{query}");
        }
        for (query, seconds) in [("minutes=2&until=1000", 120.0), ("minutes=2", 130.0)] {
            let Range { start, end } = Query::parse(query).known_range();
            assert!((end - start - seconds).abs() < 1e-9, "{query}: {start} to {end}");
        }
        assert_eq!(Query::parse("rows=1000000").rows, ROWS);
        assert!(Query::parse("").shows("map") && !Query::parse("show=logs,map2").shows("map"));
    }
}

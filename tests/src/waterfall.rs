use std::fmt::Write;

use serde_json::Value;

use crate::seen::{Part, Seen};

impl Seen {
    /// The trace as a text: each part below its parent, with the milliseconds at which it began and that it
    /// took, and what is wrong with it.
    pub fn waterfall(&self) -> String {
        let start = self.parts.iter().map(Part::start).fold(f64::INFINITY, f64::min);
        let mut text = format!("trace {}\n", self.id);
        let is_top =
            |part: &&Part| part.parent.as_ref().is_none_or(|parent| self.part(parent).is_none());
        let mut top: Vec<_> = self.parts.iter().filter(is_top).collect();
        top.sort_by(|a, b| a.start().total_cmp(&b.start()));
        for part in top {
            self.add(part, 0, start, &mut text);
        }
        text
    }

    fn add(&self, part: &Part, depth: usize, start: f64, text: &mut String) {
        let at = (part.start() - start) * 1000.0;
        let took = part.document["end_time"]
            .as_f64()
            .map_or("running".to_owned(), |end| format!("{:.0} ms", (end - part.start()) * 1000.0));
        let indent = "  ".repeat(depth);
        // Writing into a string cannot fail.
        let _infallible = write!(text, "{at:8.0} {indent}{} ({took})", part.name);
        for flag in ["fault", "error", "throttle"].into_iter().filter(|flag| part.is(flag)) {
            let _infallible = write!(text, " {flag}");
        }
        let cause = &part.document["cause"]["exceptions"][0]["message"];
        if let Value::String(message) = cause {
            let _infallible = write!(text, ": {message}");
        }
        text.push('\n');
        let is_child = |child: &&Part| child.parent.as_ref() == Some(&part.id);
        let mut children: Vec<_> = self.parts.iter().filter(is_child).collect();
        children.sort_by(|a, b| a.start().total_cmp(&b.start()));
        for child in children {
            self.add(child, depth + 1, start, text);
        }
    }
}

impl Part {
    fn start(&self) -> f64 {
        self.document["start_time"].as_f64().unwrap_or_default()
    }
}

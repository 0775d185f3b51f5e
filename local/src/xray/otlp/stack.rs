//! Stack traces as the languages of OpenTelemetry's SDKs write them.

use serde_json::{Value, json};

/// The sentences that Python writes between an exception and its cause.
const PYTHON_CAUSES: [&str; 2] = [
    "\nDuring handling of the above exception, another exception occurred:\n",
    "\nThe above exception was the direct cause of the following exception:\n",
];
/// What Java writes before a cause.
const JAVA_CAUSE: &str = "\nCaused by: ";

/// An exception in a stack trace.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Thrown<'a> {
    pub(super) kind: &'a str,
    pub(super) message: String,
    /// The innermost first.
    pub(super) frames: Vec<Value>,
}

/// Reads a stack trace: the exception itself and then its causes, each the cause of the one before. What is said of the first
/// one is not read, since it has attributes of its own.
pub(super) fn read<'a>(language: &str, trace: &'a str) -> Vec<Thrown<'a>> {
    match language {
        "python" => python_parts(trace).into_iter().map(python).collect(),
        "java" | "php" => trace.split(JAVA_CAUSE).map(java).collect(),
        "nodejs" | "javascript" | "webjs" => vec![only(trace.lines().filter_map(javascript))],
        "dotnet" => vec![only(trace.lines().filter_map(dotnet))],
        "go" => vec![only(go(trace))],
        _ => vec![Thrown::default()],
    }
}

fn only<'a>(frames: impl Iterator<Item = Value>) -> Thrown<'a> {
    Thrown { frames: frames.collect(), ..Thrown::default() }
}

fn frame(path: &str, line: u32, label: &str) -> Value {
    json!({ "path": path, "line": line, "label": label })
}

/// The tracebacks in a Python one, that of the exception itself first, then those of its causes.
fn python_parts(trace: &str) -> Vec<&str> {
    let mut parts = vec![trace];
    while let Some(first) = parts.last().copied() {
        let split = PYTHON_CAUSES.iter().filter_map(|sentence| {
            let at = first.rfind(sentence)?;
            Some((at, at + sentence.len()))
        });
        let Some((end, begin)) = split.max() else { break };
        parts.pop();
        parts.push(&first[begin..]);
        parts.push(&first[..end]);
    }
    parts
}

/// A traceback: frames such as `  File "a.py", line 3, in handler`, each with its code on lines that begin with spaces,
/// and at the end `builtins.KeyError: 'x'`.
fn python(trace: &str) -> Thrown<'_> {
    let frames = trace.lines().rev().filter_map(|line| {
        let (path, rest) = line.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
        let (line, label) = rest.split_once(", in ").unwrap_or((rest, ""));
        Some(frame(path, line.parse().ok()?, label))
    });
    let after = trace.rfind("\n  File \"").map_or(trace, |at| &trace[at + 1..]);
    let mut lines =
        after.lines().skip_while(|line| line.starts_with(' ')).filter(|l| !l.is_empty());
    let first = lines.next().unwrap_or_default();
    let (kind, message) = first.split_once(": ").unwrap_or((first, ""));
    let rest = lines.map(|line| format!("\n{line}"));
    Thrown {
        kind,
        message: message.to_owned() + &rest.collect::<String>(),
        frames: frames.collect(),
    }
}

/// `com.example.Error: message`, then frames such as `\tat module/com.example.Shop.order(Shop.java:3)`.
fn java(trace: &str) -> Thrown<'_> {
    let frame = |line: &str| {
        let (label, place) = line.strip_prefix("\tat ")?.strip_suffix(')')?.split_once('(')?;
        let label = label.rsplit_once('/').map_or(label, |(_, label)| label);
        let (path, line) = place.split_once(':').unwrap_or((place, ""));
        Some(frame(path, line.parse().unwrap_or_default(), label))
    };
    let (head, _) = trace.split_once("\n\tat ").unwrap_or((trace, ""));
    let (kind, message) = head.split_once(": ").unwrap_or((head.trim_end(), ""));
    // The frames of suppressed exceptions are indented by more.
    Thrown {
        kind,
        message: message.trim_end().to_owned(),
        frames: trace.lines().filter_map(frame).collect(),
    }
}

/// `    at handler (/var/task/a.js:3:7)`.
fn javascript(line: &str) -> Option<Value> {
    let text = line.trim_start().strip_prefix("at ")?;
    let (label, place) = match text.split_once(" (") {
        Some((label, place)) => (label, place.trim_end_matches(')')),
        None => ("", text),
    };
    let mut parts = place.rsplitn(3, ':');
    let (_column, line, path) = (parts.next()?, parts.next(), parts.next());
    let numbered = line.zip(path).and_then(|(line, path)| Some((line.parse().ok()?, path)));
    match numbered {
        Some((line, path)) => Some(frame(path, line, label)),
        None if place.contains("native") => Some(frame("native", 0, label)),
        None => None,
    }
}

/// `   at Shop.Order(String id) in /src/Shop.cs:line 3`, or without a place.
fn dotnet(line: &str) -> Option<Value> {
    let text = line.trim().strip_prefix("at ")?;
    let Some((label, place)) = text.split_once(" in ") else {
        let end = text.rfind(')')?;
        return Some(frame("", 0, &text[..=end]));
    };
    let (path, line) = place.rsplit_once(':').unwrap_or((place, ""));
    let line = line.strip_prefix("line").unwrap_or(line).trim();
    Some(frame(path, line.parse().unwrap_or_default(), label))
}

/// A line with the function, and one with the place: `\t/src/shop.go:3 +0x9b`.
fn go(trace: &str) -> impl Iterator<Item = Value> {
    let pairs = trace.lines().zip(trace.lines().skip(1));
    pairs.filter_map(|(label, place)| {
        let (path, rest) = place.strip_prefix('\t')?.rsplit_once(':')?;
        let line = rest.split(' ').next()?.parse().ok()?;
        let label = label.strip_prefix("created by ").unwrap_or(label);
        Some(frame(path, line, label.rsplit_once('(').map_or(label, |(label, _)| label)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stack_traces_and_what_is_read_of_them() {
        for (language, trace, expected) in [
            (
                "java",
                "java.lang.IllegalStateException: no stock\n\tat app//shop.Order.place(Order.java:9)\n\tat java.base/Thread.run(Thread.java)\n\
                 \tSuppressed: java.io.IOException: x\n\t\tat a.B.c(B.java:1)\nCaused by: shop.Empty: none\nat all\n\tat shop.Stock.take(Stock.java:3)\n\t... 2 more\n",
                json!([
                    [
                        "java.lang.IllegalStateException",
                        "no stock",
                        ["shop.Order.place Order.java:9", "Thread.run Thread.java:0"]
                    ],
                    ["shop.Empty", "none\nat all", ["shop.Stock.take Stock.java:3"]],
                ]),
            ),
            (
                "python",
                "Traceback (most recent call last):\n  File \"/a.py\", line 3, in take\n    x[1]\n    ^^^^\nshop.Empty: none\nat all\n\n\
                 During handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"/a.py\", line 9, in place\n    take()\nValueError: no stock\n",
                json!([
                    ["ValueError", "no stock", ["place /a.py:9"]],
                    ["shop.Empty", "none\nat all", ["take /a.py:3"]],
                ]),
            ),
            (
                "nodejs",
                "Error: no stock\n    at place (/a.js:9:5)\n    at file:///b.js:3:1\n    at new Promise (native)\n",
                json!([["", "", ["place /a.js:9", " file:///b.js:3", "new Promise native:0"]]]),
            ),
            (
                "dotnet",
                "System.Exception: no stock\n   at Shop.Place(String id) in /src/Shop.cs:line 9\n   at System.Run()\n",
                json!([["", "", ["Shop.Place(String id) /src/Shop.cs:9", "System.Run() :0"]]]),
            ),
            (
                "go",
                "goroutine 1 [running]:\nshop.place(0x0)\n\t/src/shop.go:9 +0x9b\ncreated by main.main\n\t/src/main.go:3\n",
                json!([["", "", ["shop.place /src/shop.go:9", "main.main /src/main.go:3"]]]),
            ),
            ("cobol", "anything", json!([["", "", []]])),
        ] {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let short = |frame: &Value| {
                format!("{} {}:{}", text(&frame["label"]), text(&frame["path"]), frame["line"])
            };
            let thrown: Value = read(language, trace)
                .iter()
                .map(|thrown| {
                    let frames: Vec<_> = thrown.frames.iter().map(short).collect();
                    json!([thrown.kind, thrown.message, frames])
                })
                .collect();
            assert_eq!(thrown, expected, "{language}");
        }
    }
}

//! The terminal: standard output for what was started and for log lines, standard error for
//! errors.

use std::{
    env,
    error::Error,
    fmt::Display,
    io::{self, IsTerminal, Write},
    iter,
};

use local::{Entry, Line, Printable, Served, Stack, template::App};

/// Parameters of the escape sequences that choose a colour (`CSI … m` of ECMA-48).
const RED: &str = "31";
const BOLD_RED: &str = "1;31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

/// Prints a line. A closed standard output does not stop the program.
pub(crate) fn print(text: &str) {
    print_raw(Printable(text));
}

/// Prints a line whose control characters are this program's own.
fn print_raw(text: impl Display) {
    let _closed = writeln!(io::stdout(), "{text}");
}

/// Whether a stream takes colours: a terminal does, unless its user says otherwise (<https://no-color.org>).
fn takes_colours(stream: &impl IsTerminal) -> bool {
    let says = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    stream.is_terminal()
        && says("NO_COLOR").is_none()
        && says("TERM").is_none_or(|term| term != "dumb")
}

fn painted(text: impl Display, colour: Option<&str>) -> String {
    match colour {
        Some(colour) => format!("\x1b[{colour}m{text}\x1b[0m"),
        None => text.to_string(),
    }
}

/// Prints an error with its causes, and its hint last.
pub(crate) fn print_error(error: &dyn Error) {
    let text = error.to_string();
    let (summary, hint) = text.split_once("\n\n").unwrap_or((&text, ""));
    let causes = iter::successors(error.source(), |&cause| cause.source());
    let chain: Vec<_> =
        iter::once(summary.to_owned()).chain(causes.map(ToString::to_string)).collect();
    let colour = takes_colours(&io::stderr()).then_some(BOLD_RED);
    let _closed =
        writeln!(io::stderr(), "{} {}", painted("error:", colour), lines(&chain.join(": ")));
    if !hint.is_empty() {
        let _closed = writeln!(io::stderr(), "\n{}", lines(hint));
    }
}

/// A text of several lines, of a compiler for instance.
fn lines(text: &str) -> String {
    let lines = text.lines().map(|line| Printable(line).to_string());
    lines.collect::<Vec<_>>().join("\n")
}

/// Prints the functions' log lines, each with the function's short name, and a line for each request, with a link to its
/// trace. Lines of metrics are on the console page only.
pub(crate) fn log_printer(app: &App, console: String) -> Box<dyn Fn(Entry<'_>) + Send + Sync> {
    let (prefix, colours) = (common_prefix(app), takes_colours(&io::stdout()));
    Box::new(move |entry| match entry {
        Entry::Line(line) if line.is_metrics() => {}
        Entry::Line(line) => print_raw(log_line(line, &prefix, colours)),
        Entry::Served(request) => print_raw(request_line(request, &console, colours)),
    })
}

fn log_line(line: &Line, prefix: &str, colours: bool) -> String {
    let mut line = line.clone();
    if let Some(short) = line.function.strip_prefix(prefix) {
        line.function = format!("{short:<20}");
    }
    let colour = match line.level.as_str() {
        "ERROR" => Some(RED),
        "WARN" => Some(YELLOW),
        _ => None,
    };
    painted(&line, colour.filter(|_| colours))
}

fn request_line(request: &Served, console: &str, colours: bool) -> String {
    let Served { time, method, path, status, duration, trace_id, outcome } = request;
    let colour = match status {
        500.. => RED,
        400.. => YELLOW,
        _ => GREEN,
    };
    let status = painted(status, colours.then_some(colour));
    let (clock, method, path) =
        (time.get(11..23).unwrap_or(time), Printable(method), Printable(path));
    let link = trace_id.as_ref().map(|id| format!("  {console}#trace/{id}"));
    let outcome = outcome.as_ref().map(|outcome| format!(" → {}", Printable(outcome)));
    let (outcome, link) = (outcome.unwrap_or_default(), link.unwrap_or_default());
    let milliseconds = duration.as_millis();
    format!("{clock} {method} {path} → {status}, {milliseconds} ms{outcome}{link}")
}

/// Prints what was started, and a command to try it with.
pub(crate) fn print_summary(stack: &Stack) {
    let app = stack.app();
    let names = |names: Vec<&str>| names.join(", ");
    print("");
    print(&format!(
        "  functions    {}",
        names(app.functions.iter().map(|f| f.name.as_str()).collect())
    ));
    print(&format!(
        "  rules        {}",
        names(app.rules.iter().map(|r| r.name.as_str()).collect())
    ));
    for schedule in stack.schedules() {
        let state = if schedule.enabled { "" } else { ", disabled" };
        print(&format!("  schedule     {} ({}{state})", schedule.name, schedule.expression));
    }
    let tables = app.tables.iter().filter_map(|table| table["TableName"].as_str());
    print(&format!("  tables       {}", names(tables.collect())));
    print(&format!(
        "  queues       {}",
        names(app.queues.iter().map(|q| q.name.as_str()).collect())
    ));
    for (logical_id, kind) in &app.not_emulated {
        print(&format!("  not emulated {logical_id} ({kind})"));
    }
    for output in &app.unresolved_outputs {
        let (name, error) = (&output.name, &output.error);
        print(&format!("  warning      output `{name}` cannot be evaluated here: line {error}"));
    }
    print(&format!("  API          {}", stack.api()));
    print(&format!("  AWS APIs     {}  (any credentials, region us-east-1)", stack.aws()));
    print(&format!("  X-Ray        {} (UDP; TCP for sampling rules)", stack.xray()));
    if let Some(otlp) = stack.otlp() {
        print(&format!("  spans        {otlp} (OTLP over HTTP)"));
    }
    print(&format!("  console      {}", stack.console()));
    print("");
    if let Some(command) = stack.test_command() {
        print("try it:");
        command.lines().for_each(|line| print(&format!("  {line}")));
        print("");
    }
    print("press Ctrl-C to stop everything");
    print("");
}

/// The prefix that all functions' names have in common. It says nothing to the reader, so log lines
/// leave it out.
fn common_prefix(app: &App) -> String {
    let mut names = app.functions.iter().map(|function| function.name.as_str());
    let Some(first) = names.next() else { return String::new() };
    let common = names.fold(first, |common, name| {
        let same = common.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
        common.get(..same).unwrap_or_default()
    });
    common.rfind('-').map_or(String::new(), |end| common[..=end].to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_request_is_one_line() {
        let mut request = Served {
            time: "2026-11-22T12:00:00.123Z".to_owned(),
            method: "POST".to_owned(),
            path: "/orders/x".to_owned(),
            status: 201,
            duration: Duration::from_micros(12_900),
            trace_id: Some("1-2-3".to_owned()),
            outcome: Some("confirmed".to_owned()),
        };
        let console = "http://127.0.0.1:4566/";
        assert_eq!(
            request_line(&request, console, false),
            "12:00:00.123 POST /orders/x → 201, 12 ms → confirmed  http://127.0.0.1:4566/#trace/1-2-3"
        );
        (request.trace_id, request.outcome) = (None, None);
        request.status = 502;
        request.path = "/a\n\x1b[31m".to_owned();
        assert_eq!(
            request_line(&request, console, true),
            "12:00:00.123 POST /a\\n\\u{1b}[31m → \x1b[31m502\x1b[0m, 12 ms"
        );
    }

    #[test]
    fn a_text_of_several_lines_keeps_them_and_nothing_else() {
        assert_eq!(lines("one\n  two\x1b[2J\r\n\nthree\n"), "one\n  two\\u{1b}[2J\n\nthree");
    }
}

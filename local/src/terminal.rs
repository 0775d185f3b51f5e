//! The terminal: standard output for what was started and for log lines, standard error for
//! progress and errors.

use std::{
    error::Error,
    io::{self, Write},
    iter,
};

use indicatif::{ProgressBar, ProgressStyle};
use local::{Line, Stack, compile::Progress, template::App};

/// Prints a line. A closed standard output does not stop the program.
pub(crate) fn print(text: &str) {
    let _closed = writeln!(io::stdout(), "{text}");
}

/// Prints an error with its causes, and its hint last.
pub(crate) fn print_error(error: &dyn Error) {
    let text = error.to_string();
    let (summary, hint) = text.split_once("\n\n").unwrap_or((&text, ""));
    let causes = iter::successors(error.source(), |&cause| cause.source());
    let chain: Vec<_> =
        iter::once(summary.to_owned()).chain(causes.map(ToString::to_string)).collect();
    let hint = if hint.is_empty() { String::new() } else { format!("\n\n{hint}") };
    let _closed = writeln!(io::stderr(), "error: {}{hint}", chain.join(": "));
}

/// A progress bar for the build.
pub(crate) fn progress() -> Bar {
    let bar = ProgressBar::new(0);
    // The template is a constant, so this cannot fail; if it did, the plain bar would do.
    if let Ok(style) =
        ProgressStyle::with_template("building the functions {bar:30} {pos}/{len} {msg}")
    {
        bar.set_style(style);
    }
    Bar(bar)
}

/// Prints the functions' log lines, each with the function's short name. Those of metrics are on
/// the console page only.
pub(crate) fn log_printer(app: &App) -> Box<dyn Fn(&Line) + Send + Sync> {
    let prefix = common_prefix(app);
    Box::new(move |line| {
        if line.is_metrics() {
            return;
        }
        let mut line = line.clone();
        if let Some(short) = line.function.strip_prefix(&prefix) {
            line.function = format!("{short:<20}");
        }
        print(&line.to_string());
    })
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
    print(&format!("  X-Ray        {} (UDP)", stack.xray()));
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

/// The progress bar of a build. It disappears when it is dropped.
#[derive(Debug)]
pub(crate) struct Bar(ProgressBar);

impl Progress for Bar {
    fn package(&mut self, done: usize, total: usize, name: &str) {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        self.0.set_length(count(total.max(done)));
        self.0.set_position(count(done));
        self.0.set_message(name.to_owned());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
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

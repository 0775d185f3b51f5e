//! Where people read: standard output for what there is to read, standard error for progress and
//! complaints.

use std::{
    error::Error,
    io::{self, Write},
    iter,
};

use indicatif::{ProgressBar, ProgressStyle};
use local::{Line, Stack, compile::Progress, template::App};

/// A line for the reader. One who has gone away does not stop the work.
pub(crate) fn say(text: &str) {
    let _gone = writeln!(io::stdout(), "{text}");
}

/// An error with its causes, and its hint last.
pub(crate) fn complain(error: &dyn Error) {
    let text = error.to_string();
    let (what, hint) = text.split_once("\n\n").unwrap_or((&text, ""));
    let causes = iter::successors(error.source(), |&cause| cause.source());
    let chain: Vec<_> =
        iter::once(what.to_owned()).chain(causes.map(ToString::to_string)).collect();
    let hint = if hint.is_empty() { String::new() } else { format!("\n\n{hint}") };
    let _gone = writeln!(io::stderr(), "error: {}{hint}", chain.join(": "));
}

/// A progress bar for the build.
pub(crate) fn progress() -> Bar {
    let bar = ProgressBar::new(0);
    // The template is a constant that was tried; should it be wrong, the plain bar does.
    if let Ok(style) =
        ProgressStyle::with_template("building the functions {bar:30} {pos}/{len} {msg}")
    {
        bar.set_style(style);
    }
    Bar(bar)
}

/// What prints the functions' log lines, each with the service's name. Those of metrics are on the console page.
pub(crate) fn log(app: &App) -> Box<dyn Fn(&Line) + Send + Sync> {
    let prefix = common_prefix(app);
    Box::new(move |line| {
        if line.is_metrics() {
            return;
        }
        let mut line = line.clone();
        if let Some(short) = line.function.strip_prefix(&prefix) {
            line.function = format!("{short:<20}");
        }
        let _gone = writeln!(io::stdout(), "{line}");
    })
}

/// What was started, and what to do next.
pub(crate) fn introduce(stack: &Stack) {
    let app = stack.app();
    let names = |names: Vec<&str>| names.join(", ");
    say("");
    say(&format!(
        "  functions    {}",
        names(app.functions.iter().map(|f| f.name.as_str()).collect())
    ));
    say(&format!("  rules        {}", names(app.rules.iter().map(|r| r.name.as_str()).collect())));
    let tables = app.tables.iter().filter_map(|table| table["TableName"].as_str());
    say(&format!("  tables       {}", names(tables.collect())));
    say(&format!("  queues       {}", names(app.queues.iter().map(|q| q.name.as_str()).collect())));
    for (logical_id, kind) in &app.not_emulated {
        say(&format!("  not here     {logical_id} ({kind})"));
    }
    say(&format!("  API          {}", stack.api()));
    say(&format!("  AWS APIs     {}  (any credentials, region us-east-1)", stack.aws()));
    say(&format!("  X-Ray        {} (UDP)", stack.xray()));
    say(&format!("  console      {}", stack.console()));
    say("");
    say("place an order:");
    say(&format!(
        "  curl -X POST -H 'Content-Type: application/json' -d '{{\"productId\": \"12345\", \"quantity\": 1}}' {}/orders/customer123",
        stack.api()
    ));
    say("");
    say("Ctrl-C stops it all");
    say("");
}

/// The progress of a build. It disappears when it is done.
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

/// What all functions' names begin with: the reader knows it, so log lines leave it out.
fn common_prefix(app: &App) -> String {
    let mut names = app.functions.iter().map(|function| function.name.as_str());
    let Some(first) = names.next() else { return String::new() };
    let common = names.fold(first, |common, name| {
        let same = common.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
        common.get(..same).unwrap_or_default()
    });
    common.rfind('-').map_or(String::new(), |end| common[..=end].to_owned())
}

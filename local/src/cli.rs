use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use local::{Fault, Ports};

use crate::trace_command::TraceArguments;

/// Runs the functions of a SAM template on this machine with API Gateway, Lambda, EventBridge,
/// DynamoDB, SNS and X-Ray, and a console page that shows traces and events.
#[derive(Clone, Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(
    name = "cargo local",
    bin_name = "cargo local",
    version,
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Port of the REST API; 0 picks a free one
    #[arg(long, default_value_t = 3000)]
    api_port: u16,
    /// Port of the AWS APIs and the console; 0 picks a free one
    #[arg(long, default_value_t = 4566)]
    aws_port: u16,
    /// Port of the X-Ray daemon, UDP for segments and TCP for sampling rules; 0 picks a free one
    #[arg(long, default_value_t = 2000)]
    xray_port: u16,
    /// Port that takes OpenTelemetry's spans over HTTP, usually 4318; 0 picks a free one. The port of the AWS APIs
    /// takes them too
    #[arg(long)]
    otlp_port: Option<u16>,
    /// The SAM template
    #[arg(long, value_name = "PATH", default_value = "infra/template.yaml")]
    pub(crate) template: PathBuf,
    /// Value of a template parameter; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub(crate) parameter: Vec<(String, String)>,
    /// Executable to run for a function, given by its logical id or its name; may be repeated
    #[arg(long, value_name = "FUNCTION=PATH", value_parser = parse_bootstrap)]
    pub(crate) bootstrap: Vec<(String, PathBuf)>,
    /// Run the executables that were built before
    #[arg(long)]
    pub(crate) no_build: bool,
    /// Executable that was built just now; may be repeated
    #[arg(long, value_name = "PATH", hide = true)]
    pub(crate) built: Vec<PathBuf>,
    /// File to write the addresses to, as JSON, once everything is ready
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Number of traces to keep; the oldest are dropped first
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = parse_count)]
    pub(crate) max_traces: usize,
    /// Seconds before the first retry of an asynchronous invocation (60 on AWS); twice as long
    /// before the second
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = parse_seconds)]
    retry_delay: f64,
    /// Largest number of processes of a function
    #[arg(long, value_name = "COUNT", default_value_t = 8, value_parser = parse_count)]
    pub(crate) max_processes: usize,
    /// Let X-Ray's sampling rules, those of the template among them, decide which requests are traced;
    /// otherwise all are
    #[arg(long)]
    pub(crate) sampling: bool,
    /// Continue the trace that a client's `X-Amzn-Trace-Id` names, sampling decision included, as API Gateway
    /// does; otherwise every request to the REST API begins a trace of its own
    #[arg(long)]
    pub(crate) trust_trace_header: bool,
    /// Fault that calls meet, such as `events:PutEvents=throttle@5%`; may be repeated
    #[arg(long, value_name = "SERVICE[:OPERATION][/FUNCTION]=KIND@PERCENT%")]
    pub(crate) fault: Vec<Fault>,
    /// Number that decides which calls meet a fault; the same number decides the same again
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Start the sandbox payment processor as a process of its own, behind the parameter `ProcessorUrl`
    #[arg(long)]
    pub(crate) processor: bool,
    /// Be that process
    #[arg(long, hide = true)]
    pub(crate) serve_processor: bool,
}

/// What else it does.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Print an id token of a customer, which the API of a running `cargo local` takes as
    /// `Authorization` with --parameter ApiAuth=JWT
    Token(TokenArguments),
    /// Print a trace of the running `cargo local` as a waterfall
    Trace(TraceArguments),
}

/// Whose token.
#[derive(Clone, Debug, Args)]
pub(crate) struct TokenArguments {
    /// The customer
    pub(crate) customer: String,
    /// The app client that it is issued to: the template's `UserPoolClientId`
    #[arg(long, value_name = "ID", default_value = "local")]
    pub(crate) client: String,
    /// Port of the AWS APIs
    #[arg(long, value_name = "PORT", default_value_t = 4566)]
    pub(crate) aws_port: u16,
}

impl Arguments {
    pub(crate) fn ports(&self) -> Ports {
        Ports { api: self.api_port, aws: self.aws_port, xray: self.xray_port, otlp: self.otlp_port }
    }

    pub(crate) fn retry_delay(&self) -> Duration {
        Duration::from_secs_f64(self.retry_delay)
    }
}

/// Why a value is not valid.
#[derive(Debug, thiserror::Error)]
enum ValueError {
    #[error("expected a name, `=`, and a value")]
    Pair,
    #[error("expected a number of seconds from 0 to 3600")]
    Seconds,
    #[error("expected a whole number of at least 1")]
    Count,
}

fn parse_pair(text: &str) -> Result<(String, String), ValueError> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(ValueError::Pair),
    }
}

fn parse_bootstrap(text: &str) -> Result<(String, PathBuf), ValueError> {
    parse_pair(text).map(|(function, path)| (function, path.into()))
}

fn parse_count(text: &str) -> Result<usize, ValueError> {
    text.parse().ok().filter(|count| *count > 0).ok_or(ValueError::Count)
}

fn parse_seconds(text: &str) -> Result<f64, ValueError> {
    let seconds = text.parse().map_err(|_| ValueError::Seconds)?;
    if (0.0..=3600.0).contains(&seconds) { Ok(seconds) } else { Err(ValueError::Seconds) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn invalid_values_are_refused() {
        for wrong in [
            ["--parameter", "Name"],
            ["--parameter", "=x"],
            ["--bootstrap", "Order"],
            ["--retry-delay", "-1"],
            ["--api-port", "70000"],
            ["--max-traces", "0"],
            ["--max-processes", "0"],
            ["--max-traces", "-1"],
            ["--fault", "events=boom@1"],
        ] {
            assert!(Arguments::try_parse_from(["local"].into_iter().chain(wrong)).is_err());
        }
    }
}

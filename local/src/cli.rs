use std::{path::PathBuf, time::Duration};

use clap::Parser;
use local::Ports;

/// Runs the functions of a SAM template on this machine: API Gateway, Lambda, EventBridge, DynamoDB, SNS and
/// X-Ray, with a page that shows what happens.
#[derive(Clone, Debug, Parser)]
#[command(name = "cargo local", bin_name = "cargo local", version)]
pub(crate) struct Arguments {
    /// Port of the API; 0 is any
    #[arg(long, default_value_t = 3000)]
    api_port: u16,
    /// Port of the AWS APIs and the console; 0 is any
    #[arg(long, default_value_t = 4566)]
    aws_port: u16,
    /// UDP port of the X-Ray daemon; 0 is any
    #[arg(long, default_value_t = 2000)]
    xray_port: u16,
    /// The SAM template
    #[arg(long, value_name = "PATH", default_value = "infra/template.yaml")]
    pub(crate) template: PathBuf,
    /// A parameter of the template; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) parameter: Vec<(String, String)>,
    /// Run this executable for that function, named by its logical id or its name; may be repeated
    #[arg(long, value_name = "FUNCTION=PATH", value_parser = bootstrap)]
    pub(crate) bootstrap: Vec<(String, PathBuf)>,
    /// Run what was built before
    #[arg(long)]
    pub(crate) no_build: bool,
    /// Write the addresses there, as JSON, once everything answers
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,
    /// How many traces to keep; the oldest go first
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    pub(crate) max_traces: usize,
    /// Seconds before the first retry of an asynchronous invocation (60 on AWS); the second waits twice as long
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    retry_delay: f64,
    /// How many processes a function may have at once
    #[arg(long, value_name = "COUNT", default_value_t = 8)]
    pub(crate) max_processes: usize,
}

impl Arguments {
    pub(crate) fn ports(&self) -> Ports {
        Ports { api: self.api_port, aws: self.aws_port, xray: self.xray_port }
    }

    pub(crate) fn retry_delay(&self) -> Duration {
        Duration::from_secs_f64(self.retry_delay)
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a name, `=`, and a value are wanted".to_owned()),
    }
}

fn bootstrap(text: &str) -> Result<(String, PathBuf), String> {
    pair(text).map(|(function, path)| (function, path.into()))
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds from 0 to 3600 is wanted".to_owned()),
    }
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
    fn what_makes_no_sense_is_refused() {
        for wrong in [
            ["--parameter", "Name"],
            ["--parameter", "=x"],
            ["--bootstrap", "Order"],
            ["--retry-delay", "-1"],
            ["--api-port", "70000"],
        ] {
            assert!(Arguments::try_parse_from(["local"].into_iter().chain(wrong)).is_err());
        }
    }
}

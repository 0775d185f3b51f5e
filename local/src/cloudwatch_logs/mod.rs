//! CloudWatch Logs: the functions' log lines, as `aws logs` and `sam logs` read them.

/// The API.
mod api;
/// Which lines a filter pattern finds.
mod pattern;

pub(crate) use api::CloudWatchLogs;

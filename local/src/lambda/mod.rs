//! Lambda: the real binaries as child processes behind the real Runtime API.

/// The API.
mod api;
/// Invocations that nobody waits for: retries, then the on-failure destination.
mod asynchronous;
/// What a function finds in its environment.
mod environment;
/// The latest runs, for the console.
mod history;
/// The functions by name, and their invocations.
mod host;
/// One process of a function.
mod instance;
/// What goes into a function and what comes out.
mod invocation;
/// What the caller of an invocation gets of its log.
mod log_tail;
/// The log lines of a process.
mod output;
/// The processes of one function.
mod pool;
/// The Runtime API of one process.
mod runtime_api;
/// The segments that Lambda records.
mod segments;

pub(crate) use api::LambdaApi;
pub(crate) use environment::{Endpoints, LOG_STREAM};
pub(crate) use history::RunRecord;
pub(crate) use host::{Lambda, Settings};

//! A Lambda host: the real binaries as child processes behind the real Runtime API.

/// `Invoke`, the one operation of the Lambda API here.
pub mod api;
/// Invocations that nobody waits for: retries, then the on-failure destination.
mod asynchronous;
/// One process of a function.
mod instance;
/// What goes into a function and what comes out.
mod invocation;
/// The log lines of a process.
mod output;
/// The processes of one function.
mod pool;
/// The Runtime API of one process.
mod runtime_api;
/// The functions by name, their invocations and the segments of these.
mod service;

pub use invocation::{Failure, FunctionError};
pub use service::{Answer, Lambda, Surroundings, UnknownFunction};

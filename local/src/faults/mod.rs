//! Faults on purpose: what AWS does to its callers on a bad day, as often as asked for.

/// What one fault does, to which calls, how often.
mod fault;
/// Decides which call meets which fault.
mod injector;
/// What a call that meets a fault is answered.
mod response;

pub use fault::{Fault, FaultError};
pub use injector::UnknownFunction;
pub(crate) use {
    fault::Kind,
    injector::{Call, Faults, Injection},
    response::{close, error, partial_results, throttle},
};

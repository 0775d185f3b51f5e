use std::time::Duration;

use crate::{faults::Fault, logs::Entry};

/// Settings of a stack beside its template.
pub struct Options {
    /// How many traces are kept.
    pub max_traces: usize,
    /// The pause before the first retry of an asynchronous invocation.
    pub retry_delay: Duration,
    /// How many processes a function may have at once.
    pub max_processes: usize,
    /// Whether X-Ray's sampling rules decide which requests are traced. Otherwise all are.
    pub sampling: bool,
    /// Whether the REST API continues the trace that a client's header names, as API Gateway does.
    pub trust_trace_header: bool,
    /// The faults that calls meet.
    pub faults: Vec<Fault>,
    /// What decides which calls meet them.
    pub seed: u64,
    /// What to do with each log line of a function and each answer of the REST API.
    pub log: Box<dyn Fn(Entry<'_>) + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        let retry_delay = Duration::from_secs(1);
        Self {
            max_traces: 1_000,
            retry_delay,
            max_processes: 8,
            trust_trace_header: false,
            faults: Vec::new(),
            sampling: false,
            seed: 0,
            log: Box::new(|_| {}),
        }
    }
}

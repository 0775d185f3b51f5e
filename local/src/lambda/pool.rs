use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{process::Child, sync::Semaphore};
use tokio_util::task::TaskTracker;

use super::{
    instance::{Instance, command},
    invocation::{Failure, Finished, FunctionError, Invocation},
    output::Output,
};
use crate::{
    clock::{self, Span},
    logs::{Logs, Source},
    process_group::ProcessGroups,
    template::Function,
};

/// The processes of one function. Each handles one invocation at a time; more are started as
/// needed, and they are kept warm.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) function: Function,
    executable: PathBuf,
    environment: Vec<(String, String)>,
    logs: Arc<Logs>,
    idle: Mutex<Vec<Instance>>,
    reaper: TaskTracker,
    processes: Arc<ProcessGroups>,
    /// Limits the processes. Where Lambda would throttle, further invocations wait.
    permits: Semaphore,
}

impl Pool {
    pub(super) fn new(
        function: Function,
        executable: PathBuf,
        environment: Vec<(String, String)>,
        logs: Arc<Logs>,
        reaper: TaskTracker,
        processes: Arc<ProcessGroups>,
        max_processes: usize,
    ) -> Self {
        let (idle, permits) = (Mutex::default(), Semaphore::new(max_processes.max(1)));
        Self { function, executable, environment, logs, idle, reaper, processes, permits }
    }

    /// Runs one invocation; `begin` is called with the time at which a process is assigned to it.
    pub(super) async fn run(&self, invocation: Invocation, begin: impl FnOnce(f64)) -> Finished {
        let source = invocation.source(&self.function.name);
        // The semaphore is never closed, so this is a permit.
        let _permit = self.permits.acquire().await;
        let warm = self.take_idle();
        let start = clock::seconds();
        begin(start);
        let (mut instance, init) = match warm {
            Some(instance) => (instance, None),
            None => match self.start(&invocation.request_id, &source).await {
                Ok(instance) => (instance, Some(Span { start, end: clock::seconds() })),
                Err(error) => {
                    let end = clock::seconds();
                    let init = Some(Span { start, end });
                    return self.finished(&source, Err(error), Span { start, end }, init);
                }
            },
        };
        // The function's own time begins when the process is ready: as on AWS, `Init` comes before
        // it.
        let start = clock::seconds();
        let wants_log = invocation.wants_log;
        let outcome = instance.invoke(invocation, &source, self.function.timeout).await;
        let span = Span { start, end: clock::seconds() };
        let reusable =
            outcome.as_ref().map_or_else(|error| error.failure == Failure::Handler, |_| true);
        if wants_log || !reusable {
            instance.last_words().await;
        }
        if reusable {
            self.idle().push(instance);
        } else {
            drop(instance);
        }
        self.finished(&source, outcome, span, init)
    }

    /// Kills all idle processes.
    pub(super) fn shut(&self) {
        self.idle().clear();
    }

    async fn start(&self, request_id: &str, source: &Source) -> Result<Instance, FunctionError> {
        let Self { function, executable, environment, logs, reaper, processes, .. } = self;
        let command = command(function, executable, environment);
        let log = |child: &mut Child| Output::collect(child, logs, source);
        Instance::start(&function.arn, command, log, reaper, processes, request_id).await
    }

    fn take_idle(&self) -> Option<Instance> {
        let mut idle = self.idle();
        // The one used last is the warmest. One that exited meanwhile is dropped.
        while let Some(mut instance) = idle.pop() {
            if instance.is_alive() {
                return Some(instance);
            }
        }
        None
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finished(
        &self,
        source: &Source,
        outcome: Result<bytes::Bytes, FunctionError>,
        span: Span,
        init: Option<Span>,
    ) -> Finished {
        if let Err(error) = &outcome
            && error.failure != Failure::Handler
        {
            self.logs.add_error(source, &format!("{}: {}", error.kind, error.message));
        }
        Finished { outcome, span, init }
    }
}

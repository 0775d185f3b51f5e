use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    asynchronous::{self, Event},
    environment::{Endpoints, environment},
    history::History,
    invocation::{FunctionError, Invocation},
    log_tail::log_tail,
    pool::Pool,
    segments::{Run, Segments},
};
use crate::{
    clock::{self, Span},
    faults::{Call, Faults, Kind},
    logs::Logs,
    process_group::ProcessGroups,
    random_id::new_id,
    sqs::Queues,
    template::Function,
    trace_header::{TraceHeader, new_segment_id},
    xray::Recorder,
};

/// How long processes may take to disappear once they are killed.
const REAPING: Duration = Duration::from_secs(5);

/// The functions, by name, ARN or logical id.
#[derive(Debug)]
pub(crate) struct Lambda {
    pools: Vec<Arc<Pool>>,
    names: HashMap<String, usize>,
    pub(super) recorder: Recorder,
    /// The latest runs.
    pub(crate) history: History,
    pub(super) queues: Arc<Queues>,
    pub(super) logs: Arc<Logs>,
    pub(super) retry_delay: Duration,
    tasks: TaskTracker,
    faults: Arc<Faults>,
    /// By their session tokens.
    processes: Arc<ProcessGroups>,
    /// Processes that were ended and are not gone yet.
    reaper: TaskTracker,
    stop: CancellationToken,
}

/// How functions are run.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What functions find in their environment.
    pub(crate) endpoints: Endpoints,
    /// The pause before the first retry of an asynchronous invocation, a minute on AWS. The second one is
    /// twice as long.
    pub(crate) retry_delay: Duration,
    /// How many processes a function may have at once.
    pub(crate) max_processes: usize,
}

/// There is no such function.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("Function not found: {0}")]
pub(crate) struct UnknownFunction(String);

/// How a synchronous invocation ended.
#[derive(Clone, Debug)]
pub(crate) struct InvokeOutput {
    /// Of the invocation.
    pub(crate) request_id: String,
    /// What the function returned, or why it did not.
    pub(crate) outcome: Result<Bytes, FunctionError>,
    /// The header that the function got, whose parent is its segment.
    pub(crate) header: TraceHeader,
    /// The end of its log, if it was asked for.
    pub(crate) log: Option<Vec<u8>>,
}

impl Lambda {
    /// A host for `functions`, each with the executable that runs it.
    pub(crate) fn new(
        functions: Vec<(Function, PathBuf)>,
        settings: &Settings,
        recorder: Recorder,
        queues: Arc<Queues>,
        logs: Arc<Logs>,
        faults: Arc<Faults>,
    ) -> Self {
        let (mut pools, mut names) = (Vec::new(), HashMap::new());
        let (reaper, processes) = (TaskTracker::new(), Arc::<ProcessGroups>::default());
        for (number, (function, executable)) in functions.into_iter().enumerate() {
            for name in [&function.name, &function.arn, &function.logical_id] {
                names.insert(name.clone(), number);
            }
            let environment = environment(&function, &executable, &settings.endpoints);
            let (logs, reaper) = (Arc::clone(&logs), reaper.clone());
            let (processes, most) = (Arc::clone(&processes), settings.max_processes);
            let pool = Pool::new(function, executable, environment, logs, reaper, processes, most);
            pools.push(Arc::new(pool));
        }
        let (tasks, stop, retry_delay) =
            (TaskTracker::new(), CancellationToken::new(), settings.retry_delay);
        Self {
            pools,
            names,
            recorder,
            history: History::default(),
            queues,
            logs,
            retry_delay,
            tasks,
            faults,
            processes,
            reaper,
            stop,
        }
    }

    /// The function of that name, ARN or logical id.
    pub(crate) fn function(&self, name: &str) -> Result<&Function, UnknownFunction> {
        self.pool(name).map(|pool| &pool.function)
    }

    /// All functions.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &Function> {
        self.pools.iter().map(|pool| &pool.function)
    }

    /// Whether nothing is being handled and no retry is still to come.
    pub(crate) fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Invokes a function and waits for its response. The invocation goes on when the caller stops waiting,
    /// as on AWS.
    pub(crate) async fn invoke(
        self: &Arc<Self>,
        name: &str,
        payload: Bytes,
        header: Option<TraceHeader>,
        wants_log: bool,
    ) -> Result<InvokeOutput, UnknownFunction> {
        let pool = Arc::clone(self.pool(name)?);
        let lambda = Arc::clone(self);
        let task = self.spawn(async move { lambda.run(&pool, payload, header, wants_log).await });
        match task.await {
            Ok(Some(output)) => Ok(output),
            // Stopped, or the task panicked: either way there is no response.
            _ => Err(UnknownFunction(format!("{name} (the host is stopping)"))),
        }
    }

    /// Accepts an event for a function and returns its request id at once. What becomes of it is seen in the
    /// trace and, if it fails for good, in the on-failure destination.
    pub(crate) fn invoke_asynchronously(
        self: &Arc<Self>,
        name: &str,
        payload: Bytes,
        header: Option<TraceHeader>,
    ) -> Result<String, UnknownFunction> {
        let pool = Arc::clone(self.pool(name)?);
        let event = Event::accept(payload, header);
        let request_id = event.request_id.clone();
        if self.is_delivered_twice(&pool.function.name) {
            self.deliver(Arc::clone(&pool), event.clone());
        }
        self.deliver(pool, event);
        Ok(request_id)
    }

    fn deliver(self: &Arc<Self>, pool: Arc<Pool>, event: Event) {
        let lambda = Arc::clone(self);
        // The task runs on its own; its outcome is in the trace and in the queues.
        drop(self.spawn(async move { asynchronous::handle(&lambda, &pool, &event).await }));
    }

    /// Asynchronous invocation is at least once
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>): here it is
    /// twice where a fault says so.
    fn is_delivered_twice(&self, function: &str) -> bool {
        let call = Call { service: "lambda", operation: "Invoke", function: Some(function) };
        self.faults.meet(call, |kind| kind == Kind::Duplicate).is_some()
    }

    /// Kills the process that signs with that session token, as a crash would.
    pub(crate) fn kill(&self, session_token: &str) -> bool {
        self.processes.kill(session_token)
    }

    /// Ends every process, whatever it is doing.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        for pool in &self.pools {
            pool.shut();
        }
        self.reaper.close();
        // They were killed; if the system does not let go of one, nothing more can be done.
        let _gone = tokio::time::timeout(REAPING, self.reaper.wait()).await;
    }

    fn pool(&self, name: &str) -> Result<&Arc<Pool>, UnknownFunction> {
        let number = self.names.get(name).ok_or_else(|| UnknownFunction(name.to_owned()))?;
        Ok(&self.pools[*number])
    }

    fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<Option<T>> {
        let stop = self.stop.clone();
        self.tasks.spawn(async move { stop.run_until_cancelled(work).await })
    }

    async fn run(
        &self,
        pool: &Pool,
        payload: Bytes,
        header: Option<TraceHeader>,
        wants_log: bool,
    ) -> InvokeOutput {
        let start = clock::seconds();
        let (request_id, run_id) = (new_id().to_string(), new_segment_id());
        let caller = header.unwrap_or_else(|| TraceHeader::start(start));
        let segments = Segments::new(self, &pool.function, &request_id, &caller);
        let header = segments.header_of_run(&run_id);
        let trace = header.clone();
        let invocation = Invocation { request_id: request_id.clone(), payload, trace, wants_log };
        let finished = pool.run(invocation, |_begin| {}).await;
        segments.run(&Run { id: &run_id, attempt_id: None, finished: &finished });
        segments.service(Span::since(start), 200);
        let log = wants_log
            .then(|| log_tail(&pool.function, &request_id, &self.logs, &finished, &header));
        InvokeOutput { request_id, outcome: finished.outcome, header, log }
    }
}

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{
    asynchronous,
    invocation::{Finished, FunctionError, Invocation},
    pool::Pool,
};
use crate::{
    clock,
    iam::access_key,
    identity::REGION,
    logs::Logs,
    sqs::Queues,
    template::Function,
    trace_header::{TraceHeader, new_segment_id},
    xray::{
        Store,
        emit::{self, FunctionRun, Span},
    },
};

/// The functions, by name, ARN or logical id.
#[derive(Debug)]
pub struct Lambda {
    pools: Vec<Arc<Pool>>,
    names: HashMap<String, usize>,
    pub(super) store: Arc<Store>,
    pub(super) queues: Arc<Queues>,
    pub(super) logs: Arc<Logs>,
    /// The pause before the first retry of an asynchronous invocation, a minute on AWS. The second
    /// one is twice as long.
    pub(super) retry_delay: Duration,
    tasks: TaskTracker,
    /// Processes that were ended and are not gone yet.
    reaper: TaskTracker,
    stop: CancellationToken,
}

/// What every function finds in its environment beside its own variables.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Where the AWS APIs are.
    pub aws: String,
    /// Where the X-Ray daemon is.
    pub xray: String,
}

/// There is no such function.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("Function not found: {0}")]
pub struct UnknownFunction(pub String);

/// How a synchronous invocation ended.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Of the invocation.
    pub request_id: String,
    /// What the function answered, or why it did not.
    pub outcome: Result<Bytes, FunctionError>,
    /// The header that the function got, whose parent is its segment.
    pub header: TraceHeader,
}

impl Lambda {
    /// A host for `functions`, each with the executable that runs it.
    pub fn new(
        functions: Vec<(Function, PathBuf)>,
        surroundings: &Surroundings,
        store: Arc<Store>,
        queues: Arc<Queues>,
        logs: Arc<Logs>,
        retry_delay: Duration,
        most_processes: usize,
    ) -> Self {
        let (mut pools, mut names) = (Vec::new(), HashMap::new());
        let reaper = TaskTracker::new();
        for (number, (function, executable)) in functions.into_iter().enumerate() {
            for name in [&function.name, &function.arn, &function.logical_id] {
                names.insert(name.clone(), number);
            }
            let environment = environment(&function, &executable, surroundings);
            let logs = Arc::clone(&logs);
            let reaper = reaper.clone();
            let pool = Pool::new(function, executable, environment, logs, reaper, most_processes);
            pools.push(Arc::new(pool));
        }
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        Self { pools, names, store, queues, logs, retry_delay, tasks, reaper, stop }
    }

    /// The function of that name, ARN or logical id.
    pub fn function(&self, name: &str) -> Result<&Function, UnknownFunction> {
        self.pool(name).map(|pool| &pool.function)
    }

    /// All functions.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.pools.iter().map(|pool| &pool.function)
    }

    /// Whether nothing is being handled, retries that are still to come included.
    pub fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Invokes a function and waits for its answer. The invocation goes on when the caller stops
    /// waiting, as on AWS.
    pub async fn invoke(
        self: &Arc<Self>,
        name: &str,
        payload: Bytes,
        header: Option<TraceHeader>,
    ) -> Result<Answer, UnknownFunction> {
        let pool = Arc::clone(self.pool(name)?);
        let lambda = Arc::clone(self);
        let task = self.spawn(async move { lambda.run_synchronous(&pool, payload, header).await });
        match task.await {
            Ok(Some(answer)) => Ok(answer),
            // Stopped, or the task panicked: either way there is no answer.
            _ => Err(UnknownFunction(format!("{name} (the host is going away)"))),
        }
    }

    /// Accepts an event for a function and answers its request id at once. What becomes of it is seen in
    /// the trace and, if it fails for good, in the on-failure destination.
    pub fn invoke_asynchronously(
        self: &Arc<Self>,
        name: &str,
        payload: Bytes,
        header: Option<TraceHeader>,
    ) -> Result<String, UnknownFunction> {
        let pool = Arc::clone(self.pool(name)?);
        let lambda = Arc::clone(self);
        let request_id = Uuid::new_v4().to_string();
        let id = request_id.clone();
        // The task runs on its own; its outcome is in the trace and in the queues.
        drop(self.spawn(async move {
            asynchronous::handle(&lambda, &pool, id, payload, header).await;
        }));
        Ok(request_id)
    }

    /// Ends every process, whatever it is doing.
    pub async fn shut(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        for pool in &self.pools {
            pool.shut();
        }
        self.reaper.close();
        // They were killed; should the system not let go of one, nothing more can be done.
        let _gone = tokio::time::timeout(Duration::from_secs(5), self.reaper.wait()).await;
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

    async fn run_synchronous(
        &self,
        pool: &Pool,
        payload: Bytes,
        header: Option<TraceHeader>,
    ) -> Answer {
        let start = clock::seconds();
        let function = &pool.function;
        let request_id = Uuid::new_v4().to_string();
        let header = header.unwrap_or_else(|| TraceHeader::start(start));
        let (service_id, run_id) = (new_segment_id(), new_segment_id());
        let passed_on = passed_on(function, &header, &run_id);
        let invocation = Invocation {
            request_id: request_id.clone(),
            payload,
            trace: Some(passed_on.to_string()),
        };
        let finished = pool.run(invocation, |_begin| {}).await;
        if is_recorded(&passed_on) {
            self.emit_run(function, &passed_on, &run_id, &service_id, &request_id, &finished);
            let span = Span { start, end: clock::seconds() };
            emit::lambda_service(
                &self.store,
                function,
                &service_id,
                &header,
                &request_id,
                span,
                200,
            );
        }
        Answer { request_id, outcome: finished.outcome, header: passed_on }
    }

    /// Sends the segment of one run of `function`'s code.
    pub(super) fn emit_run(
        &self,
        function: &Function,
        header: &TraceHeader,
        id: &str,
        parent: &str,
        request_id: &str,
        finished: &Finished,
    ) {
        let exception = finished.outcome.as_ref().err().map(FunctionError::exception);
        let init_failed =
            finished.outcome.as_ref().is_err_and(|error| error.failure == super::Failure::Init);
        emit::lambda_function(
            &self.store,
            &FunctionRun {
                function,
                id,
                trace_id: &header.root,
                parent,
                request_id,
                span: finished.span,
                init: finished.init,
                exception: exception.as_ref(),
                init_failed,
            },
        );
    }
}

/// What a function in active mode gets has its own segment for a parent and the decision; one in
/// pass-through mode gets the root alone (<https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html>).
/// Where nobody decided, Lambda does; here it always says yes.
pub(super) fn passed_on(function: &Function, header: &TraceHeader, run_id: &str) -> TraceHeader {
    if function.traced {
        header.under(Some(run_id.to_owned()), Some(header.sampled.unwrap_or(true)))
    } else {
        header.under(None, None)
    }
}

pub(super) fn is_recorded(passed_on: &TraceHeader) -> bool {
    passed_on.sampled == Some(true)
}

/// The environment that Lambda gives a function, and nothing of ours.
/// See <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>.
fn environment(
    function: &Function,
    executable: &std::path::Path,
    surroundings: &Surroundings,
) -> Vec<(String, String)> {
    let folder = executable.parent().unwrap_or(std::path::Path::new("/"));
    let memory = function.memory.to_string();
    let key = access_key(&function.name);
    let fixed = [
        ("AWS_ACCESS_KEY_ID", key.as_str()),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ENDPOINT_URL", &surroundings.aws),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &function.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
        ("AWS_REGION", REGION),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_SESSION_TOKEN", "local"),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
        ("AWS_XRAY_DAEMON_ADDRESS", &surroundings.xray),
        ("LAMBDA_TASK_ROOT", &folder.display().to_string()),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
        ("_HANDLER", &function.handler),
    ];
    let own = function.environment.iter();
    let own = own.map(|(name, value)| (name.clone(), value.clone()));
    // The function's own variables come first: reserved ones cannot be set on AWS either.
    own.chain(fixed.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}

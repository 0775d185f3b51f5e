use std::{
    borrow::Cow,
    future, io,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    process::{Child, Command},
    runtime::Handle,
};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{
    invocation::{Failure, FunctionError, Invocation},
    output::Output,
    runtime_api::{ApiGone, RuntimeApi},
};
use crate::{
    logs::Source,
    process_group::{ProcessGroup, ProcessGroups},
    template::Function,
};

/// How long a process may take until it is ready
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>).
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// One process of a function with its Runtime API.
#[derive(Debug)]
pub(super) struct Instance {
    /// `None` only while it is dropped.
    child: Option<Child>,
    output: Output,
    group: Option<ProcessGroup>,
    api: RuntimeApi,
    /// The process's own session token, and where it is known by it.
    session: (String, Arc<ProcessGroups>),
    /// Waits for processes that were killed, so that none becomes a zombie.
    reaper: TaskTracker,
}

impl Instance {
    /// Starts a process and waits until it asks for its first invocation.
    pub(super) async fn start(
        function_arn: &str,
        mut command: Command,
        log: impl FnOnce(&mut Child) -> Output,
        reaper: &TaskTracker,
        processes: &Arc<ProcessGroups>,
        request_id: &str,
    ) -> Result<Self, FunctionError> {
        let failed = |error: String| {
            FunctionError::detected(Failure::Init, "Runtime.InvalidEntrypoint", request_id, &error)
        };
        let api = RuntimeApi::start(function_arn)
            .await
            .map_err(|error| failed(format!("no port for the Runtime API: {error}")))?;
        // As on AWS, where each process has temporary credentials of its own.
        let token = Uuid::new_v4().to_string();
        command
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_SESSION_TOKEN", &token);
        let mut child = command.spawn().map_err(|error| {
            let executable = Path::new(command.as_std().get_program()).display();
            failed(format!("cannot start {executable}: {error}"))
        })?;
        let group = ProcessGroup::led_by(&child);
        processes.add(&token, &group);
        let output = log(&mut child);
        let mut instance = Self {
            child: Some(child),
            output,
            group: Some(group),
            api,
            session: (token, Arc::clone(processes)),
            reaper: reaper.clone(),
        };
        let ready = instance.wait_until_ready(request_id).await;
        if ready.is_err() {
            instance.last_words().await;
        }
        ready.map(|()| instance)
    }

    async fn wait_until_ready(&mut self, request_id: &str) -> Result<(), FunctionError> {
        let exit = tokio::select! {
            // Readiness first: if a process was ready and then exited, the invocation reports it.
            biased;
            () = self.api.ready() => return Ok(()),
            exit = exit(&mut self.child) => Some(exit),
            () = tokio::time::sleep(INIT_TIMEOUT) => None,
        };
        let failed =
            |kind, error: &str| FunctionError::detected(Failure::Init, kind, request_id, error);
        Err(match (self.api.init_error(), exit) {
            (Some(reported), _) => FunctionError::reported(Failure::Init, reported),
            (None, Some(exit)) => failed("Runtime.ExitError", &text(&exit)),
            (None, None) => {
                let error = format!("Init timed out after {} seconds", INIT_TIMEOUT.as_secs());
                failed("Sandbox.Timedout", &error)
            }
        })
    }

    /// Waits until what the process wrote is in the logs: the reason of its end stands before the end.
    pub(super) async fn last_words(&self) {
        self.output.read().await;
    }

    /// Whether the process is still running.
    pub(super) fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Has the process handle `invocation`. After a crash or a timeout the instance is unusable.
    pub(super) async fn invoke(
        &mut self,
        invocation: Invocation,
        source: &Source,
        limit: Duration,
    ) -> Result<Bytes, FunctionError> {
        self.output.belongs_to(source).await;
        let request_id = invocation.request_id.clone();
        let crashed = |error: &str| {
            FunctionError::detected(Failure::Crash, "Runtime.ExitError", &request_id, error)
        };
        let outcome = tokio::select! {
            // The outcome first: a process may exit right after it.
            biased;
            outcome = self.api.invoke(invocation, limit) => {
                outcome.unwrap_or_else(|gone: ApiGone| Err(crashed(&gone.to_string())))
            }
            exit = exit(&mut self.child) => {
                Err(crashed(&text(&exit)))
            }
            () = tokio::time::sleep(limit) => {
                let error = format!("Task timed out after {:.2} seconds", limit.as_secs_f64());
                Err(FunctionError::detected(Failure::Timeout, "Sandbox.Timedout", &request_id, &error))
            }
        };
        self.api.forget_current();
        outcome
    }
}

/// Dropping an instance kills its process and every process that it started.
impl Drop for Instance {
    fn drop(&mut self) {
        let (token, processes) = &self.session;
        processes.remove(token);
        drop(self.group.take());
        if let (Some(mut child), Ok(runtime)) = (self.child.take(), Handle::try_current()) {
            let reaped = async move { drop(child.wait().await) };
            self.reaper.spawn_on(reaped, &runtime);
        }
    }
}

/// What starts a process of `function`.
pub(super) fn command(
    function: &Function,
    executable: &Path,
    environment: &[(String, String)],
) -> Command {
    let mut command = Command::new(executable);
    command
        .arg(&function.handler)
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A process group of its own: a terminal's Ctrl-C reaches only this program, which then
        // ends the process in order; and a wrapper script is killed with what it started.
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// Waits until the process exits.
async fn exit(child: &mut Option<Child>) -> io::Result<ExitStatus> {
    match child {
        Some(child) => child.wait().await,
        None => future::pending().await,
    }
}

/// How Lambda says that a process ended.
fn text(exit: &io::Result<ExitStatus>) -> String {
    let reason = match exit {
        Ok(exit) => match (exit.code(), exit.signal()) {
            (Some(0), _) => return "Runtime exited without providing a reason".to_owned(),
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(signal)) => format!("signal: {}", signal_name(signal)),
            (None, None) => exit.to_string(),
        },
        Err(error) => error.to_string(),
    };
    format!("Runtime exited with error: {reason}")
}

fn signal_name(signal: i32) -> Cow<'static, str> {
    let names = [(4, "illegal instruction"), (6, "aborted"), (7, "bus error"), (9, "killed")];
    let names = names.into_iter().chain([(11, "segmentation fault"), (15, "terminated")]);
    let name = names.into_iter().find(|(number, _)| *number == signal).map(|(_, name)| name);
    name.map_or_else(|| format!("signal {signal}").into(), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_processes_end() {
        for (raw, expected) in [
            (0, "Runtime exited without providing a reason"),
            (3 << 8, "Runtime exited with error: exit status 3"),
            (9, "Runtime exited with error: signal: killed"),
            (6 | 128, "Runtime exited with error: signal: aborted"),
            (10, "Runtime exited with error: signal: signal 10"),
        ] {
            assert_eq!(text(&Ok(ExitStatus::from_raw(raw))), expected);
        }
    }
}

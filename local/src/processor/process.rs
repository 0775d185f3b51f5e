use std::{io, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::process_group::ProcessGroup;

/// How long it may take to start.
const START: Duration = Duration::from_secs(10);

/// The sandbox payment processor, running. It ends when this is dropped.
#[derive(Debug)]
pub struct Processor {
    url: String,
    _group: ProcessGroup,
    /// Holds the process's standard input open.
    _child: Child,
}

/// Why the processor did not start.
#[derive(Debug, thiserror::Error)]
pub enum ProcessorError {
    /// It cannot be run.
    #[error("cannot run the sandbox payment processor")]
    Run(#[from] io::Error),
    /// It ended, or took too long.
    #[error("the sandbox payment processor did not start")]
    Silent,
}

impl Processor {
    /// Starts it; `local` is the executable of this program.
    pub async fn start(local: &Path) -> Result<Self, ProcessorError> {
        let mut child = Command::new(local)
            .arg("--serve-processor")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = ProcessGroup::led_by(&child);
        let output = child.stdout.take().ok_or(ProcessorError::Silent)?;
        let mut lines = BufReader::new(output).lines();
        let line =
            timeout(START, lines.next_line()).await.map_err(|_| ProcessorError::Silent)??;
        let url = line.ok_or(ProcessorError::Silent)?;
        Ok(Self { url, _group: group, _child: child })
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }
}

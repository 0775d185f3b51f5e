use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Child,
    sync::{mpsc, oneshot},
};

use crate::logs::{Logs, Source};

/// The longest log line that is kept, in bytes; longer ones are cut off. It is CloudWatch's limit.
const MAX_LINE: usize = 256 * 1024;
/// How long a process that never stops writing may delay its next invocation.
const PATIENCE: Duration = Duration::from_millis(500);

/// The output of a process. Every line belongs to the invocation that the process was given last, whatever the line
/// says.
#[derive(Debug)]
pub(super) struct Output(Vec<mpsc::Sender<Mark>>);

/// What was written before it is read first. From here on, what is written belongs to another invocation, if it says so.
struct Mark {
    source: Option<Source>,
    done: oneshot::Sender<()>,
}

impl Output {
    /// Adds the output of `child` to the logs until it ends.
    pub(super) fn collect(child: &mut Child, logs: &Arc<Logs>, source: &Source) -> Self {
        let mut output = Self(Vec::new());
        if let Some(pipe) = child.stdout.take() {
            output.add(pipe, logs, source);
        }
        if let Some(pipe) = child.stderr.take() {
            output.add(pipe, logs, source);
        }
        output
    }

    fn add(
        &mut self,
        pipe: impl AsyncRead + Send + Unpin + 'static,
        logs: &Arc<Logs>,
        source: &Source,
    ) {
        let (sender, marks) = mpsc::channel(1);
        self.0.push(sender);
        tokio::spawn(read(pipe, marks, Arc::clone(logs), source.clone()));
    }

    /// What is written from now on belongs to `source`; what was written before is read first.
    pub(super) async fn belongs_to(&self, source: &Source) {
        self.mark(Some(source)).await;
    }

    /// Waits until what was written so far is in the logs.
    pub(super) async fn read(&self) {
        self.mark(None).await;
    }

    async fn mark(&self, source: Option<&Source>) {
        for pipe in &self.0 {
            let (done, handled) = oneshot::channel();
            let mark = async {
                // A pipe that was closed has no more lines once its reader has ended.
                if pipe.send(Mark { source: source.cloned(), done }).await.is_ok() {
                    let _handled = handled.await;
                }
            };
            let _patience = tokio::time::timeout(PATIENCE, mark).await;
        }
    }
}

/// Reads a pipe line by line. `lines()` would keep a line of any length in memory.
async fn read(
    pipe: impl AsyncRead + Unpin,
    mut marks: mpsc::Receiver<Mark>,
    logs: Arc<Logs>,
    mut source: Source,
) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    let add = |source: &Source, line: &mut Vec<u8>| {
        logs.add(source, String::from_utf8_lossy(line).trim_end());
        line.clear();
    };
    loop {
        let (length, complete) = tokio::select! {
            // A mark counts once the pipe is empty. A function writes before it answers, so its lines are there when the
            // next invocation comes.
            biased;
            chunk = reader.fill_buf() => match chunk {
                Ok(chunk) if !chunk.is_empty() => {
                    let end = chunk.iter().position(|byte| *byte == b'\n');
                    let length = end.map_or(chunk.len(), |at| at + 1);
                    let room = MAX_LINE.saturating_sub(line.len());
                    line.extend_from_slice(&chunk[..length.min(room)]);
                    (length, end.is_some())
                }
                _ended => break,
            },
            Some(mark) = marks.recv() => {
                if !line.is_empty() {
                    add(&source, &mut line);
                }
                source = mark.source.unwrap_or(source);
                // Nobody waits any more if it took too long.
                let _waiting = mark.done.send(());
                continue;
            }
        };
        reader.consume(length);
        if complete {
            add(&source, &mut line);
        }
    }
    if !line.is_empty() {
        add(&source, &mut line);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn lines_belong_to_the_invocation_that_was_given_last() {
        let logs = Arc::new(Logs::new(|_| {}));
        let source = |id: &str| Source {
            function: "pay".to_owned(),
            request_id: Some(id.to_owned()),
            trace_id: None,
        };
        let (mut writer, pipe) = tokio::io::duplex(1024);
        let mut output = Output(Vec::new());
        output.add(pipe, &logs, &source("1"));
        writer.write_all(b"starting\nfirst\nwithout an end").await.unwrap();
        output.belongs_to(&source("2")).await;
        writer.write_all(b"second\n").await.unwrap();
        output.belongs_to(&source("3")).await;
        writer.write_all(b"\xff\x1b[31m").await.unwrap();
        drop(writer);
        output.belongs_to(&source("4")).await;
        let lines = logs.lines(|_| true);
        let lines: Vec<_> = lines
            .iter()
            .map(|line| (line.request_id.as_deref().unwrap(), line.message.as_str()))
            .collect();
        assert_eq!(
            lines,
            [
                ("1", "starting"),
                ("1", "first"),
                ("1", "without an end"),
                ("2", "second"),
                ("3", "\u{fffd}\x1b[31m"),
            ]
        );
    }

    #[tokio::test]
    async fn long_lines_are_cut_off() {
        let logs = Arc::new(Logs::new(|_| {}));
        let text = [vec![b'x'; MAX_LINE + 10], b"\ny\n".to_vec()].concat();
        let (_sender, marks) = mpsc::channel(1);
        read(&text[..], marks, Arc::clone(&logs), Source::default()).await;
        let lines = logs.lines(|_| true);
        let lengths: Vec<_> = lines.iter().map(|line| line.message.len()).collect();
        assert_eq!(lengths, [MAX_LINE, 1]);
    }
}

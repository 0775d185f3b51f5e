use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::logs::Logs;

/// The longest log line that is kept, in bytes; longer ones are cut off. It is CloudWatch's limit.
const MAX_LINE: usize = 256 * 1024;

/// Adds the output of a process of `function` to the logs, line by line, until it ends.
pub(super) async fn collect(output: impl AsyncRead + Unpin, logs: Arc<Logs>, function: String) {
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    // `lines()` would keep a line of any length in memory.
    while let Ok(chunk) = reader.fill_buf().await {
        if chunk.is_empty() {
            break;
        }
        let (length, complete) = match chunk.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (chunk.len(), false),
        };
        let room = MAX_LINE.saturating_sub(line.len());
        line.extend_from_slice(&chunk[..length.min(room)]);
        reader.consume(length);
        if complete {
            logs.add(&function, String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    }
    if !line.is_empty() {
        logs.add(&function, String::from_utf8_lossy(&line).trim_end());
    }
}

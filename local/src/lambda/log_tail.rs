use super::invocation::Finished;
use crate::{logs::Logs, template::Function, trace_header::TraceHeader};

/// The most that the caller of an invocation gets of its log, in bytes
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>).
const MAX: usize = 4 * 1024;

/// The end of the log of an invocation: what the function wrote, between what Lambda writes. Only the memory that was
/// used is missing.
pub(super) fn log_tail(
    function: &Function,
    request_id: &str,
    logs: &Logs,
    finished: &Finished,
    header: &TraceHeader,
) -> Vec<u8> {
    let mut log = format!("START RequestId: {request_id} Version: $LATEST\n");
    for line in logs.lines(|line| line.request_id.as_deref() == Some(request_id)) {
        log.push_str(line.text());
        log.push('\n');
    }
    let duration = finished.span.duration() * 1e3;
    let init = finished.init.map(|init| init.duration() * 1e3);
    let billed = (duration + init.unwrap_or_default()).ceil();
    log += &format!(
        "END RequestId: {request_id}\nREPORT RequestId: {request_id}\tDuration: {duration:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {} MB",
        function.memory
    );
    if let Some(init) = init {
        log += &format!("\tInit Duration: {init:.2} ms");
    }
    log.push('\n');
    if let (Some(segment), Some(true)) = (&header.parent, header.sampled) {
        log += &format!("XRAY TraceId: {}\tSegmentId: {segment}\tSampled: true\n", header.root);
    }
    log.as_bytes()[log.len().saturating_sub(MAX)..].to_vec()
}

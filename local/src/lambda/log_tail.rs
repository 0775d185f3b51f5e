use super::invocation::Finished;
use crate::{
    logs::{Line, Logs},
    template::Function,
    trace_header::TraceHeader,
};

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
    let mut log = vec![format!("START RequestId: {request_id} Version: $LATEST")];
    let lines = logs.lines(|line| line.request_id.as_deref() == Some(request_id));
    log.extend(lines.into_iter().map(Line::into_text));
    log.push(format!("END RequestId: {request_id}"));
    let init = finished.init.map(|init| init.duration() * 1e3);
    let duration = finished.span.duration() * 1e3;
    let billed = (duration + init.unwrap_or_default()).ceil();
    let init = init.map_or_else(String::new, |init| format!("\tInit Duration: {init:.2} ms"));
    log.push(format!(
        "REPORT RequestId: {request_id}\tDuration: {duration:.2} ms\tBilled Duration: {billed} ms\t\
         Memory Size: {} MB{init}",
        function.memory
    ));
    if let (Some(segment), Some(true)) = (&header.parent, header.sampled) {
        log.push(format!("XRAY TraceId: {}\tSegmentId: {segment}\tSampled: true", header.root));
    }
    let log = log.join("\n") + "\n";
    log.as_bytes()[log.len().saturating_sub(MAX)..].to_vec()
}

use std::time::Duration;

use serde_json::json;

use crate::program::{Program, exchange, gone, request, status};

const HOST: &str = "Host: localhost\r\n";

#[tokio::test]
async fn a_request_under_way_does_not_hold_it() {
    for name in ["INT", "TERM"] {
        let mut program = Program::start("echo $$ > pid\nexec sleep 1000").await;
        let api = program.address("api");
        let waiting =
            tokio::spawn(
                async move { exchange(&api, request("POST /orders/1", HOST, "{}")).await },
            );
        let pid = program.file("pid").await;
        program.signal(name).await;
        let status = program.ended(Duration::from_secs(9)).await;
        assert!(status.success(), "{name}: {status}");
        gone(pid.trim()).await;
        waiting.abort();
    }
}

/// The graph of a trace in which everything has called everything, for queries that are hard to answer.
fn documents(trace: usize) -> Vec<String> {
    let id = |number: usize| format!("{:016x}", number + 1);
    let segment = |number: usize| {
        json!({
            "trace_id": format!("1-{:08x}-{trace:024x}", local::clock::millis() / 1000),
            "id": id(number), "name": format!("n{number}"), "start_time": local::clock::seconds(),
            "end_time": local::clock::seconds() + 1.0,
            "parent_id": (number > 0).then(|| id((number - 1) / 2)),
        })
        .to_string()
    };
    (0..40).map(segment).collect()
}

#[tokio::test]
async fn queries_that_keep_every_worker_busy_do_not_hold_it() {
    let mut program = Program::start("exec sleep 1000").await;
    let aws = program.address("aws");
    for trace in 0..30 {
        let body = json!({ "TraceSegmentDocuments": documents(trace) }).to_string();
        let answer = exchange(&aws, request("POST /TraceSegments", HOST, &body)).await;
        assert_eq!(status(&answer), 200, "{answer}");
    }
    let filter = "service() { ".repeat(8) + "fault" + &" }".repeat(8);
    let now = local::clock::seconds();
    let query =
        json!({ "StartTime": now - 600.0, "EndTime": now + 600.0, "FilterExpression": filter });
    let queries: Vec<_> = (0..16)
        .map(|_| {
            let (aws, query) = (aws.clone(), query.to_string());
            tokio::spawn(async move {
                exchange(&aws, request("POST /TraceSummaries", HOST, &query)).await
            })
        })
        .collect();
    // Processed or not, they are there.
    tokio::time::timeout(Duration::from_secs(2), futures_util::future::join_all(queries))
        .await
        .ok();
    program.signal("TERM").await;
    program.ended(Duration::from_secs(15)).await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut program = Program::start("echo $$ > pid\nexec sleep 1000").await;
    let api = program.address("api");
    let waiting =
        tokio::spawn(async move { exchange(&api, request("POST /orders/1", HOST, "{}")).await });
    let pid = program.file("pid").await;
    program.signal("INT").await;
    program.signal("TERM").await;
    program.ended(Duration::from_secs(5)).await;
    gone(pid.trim()).await;
    waiting.abort();
}

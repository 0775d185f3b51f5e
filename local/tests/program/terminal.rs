use std::process::Stdio;

use serde_json::Value;

use crate::program::{Program, command, exchange, request, status};

const HOST: &str = "Host: localhost\r\n";

/// Prints what a terminal would obey, a forged line, and a panic; then it ends.
const HOSTILE: &str = r#"
printf 'plain \033[2J\033]0;title\007 text\r12:00:00.000 order ERROR forged\n'
printf '{"level":"INFO","message":"done\\n12:00:00.000 order ERROR forged\\u001b[1A","xray_trace_id":"1-2-3"}\n'
echo "thread 'main' panicked at src/main.rs:1:1:" >&2
exit 3
"#;

#[tokio::test]
async fn no_function_and_no_request_writes_a_line_of_its_own() {
    let program = Program::start(HOSTILE).await;
    let headers = format!("{HOST}User-Agent: \x1b[31mx\u{9b}\r\nX-Amzn-Trace-Id: Root=\x1b[2J\r\n");
    let api = program.address("api");
    let answer = exchange(&api, request("POST /orders/a%0a%1b[2J", HOST, "\x1b[2J\n")).await;
    assert_eq!(status(&answer), 502, "{answer}");
    // Control characters are not allowed in headers at all.
    let refused = exchange(&api, request("POST /orders/1", &headers, "")).await;
    assert_eq!(status(&refused), 400, "{refused}");
    let output = program.printed("/orders/a%0a%1b[2J → 502, ").await;
    let forged = |character: char| character.is_control() && character != '\n';
    assert!(!output.contains(forged), "{output:?}");
    assert!(!output.lines().any(|line| line.starts_with("12:00:00.000")), "{output}");
    assert!(
        output.contains("plain \\u{1b}[2J\\u{1b}]0;title\\u{7} text\\r12:00:00.000"),
        "{output}"
    );
    assert!(output.contains("done\\n12:00:00.000 order ERROR forged\\u{1b}[1A"), "{output}");
    let crash = "Runtime exited with error: exit status 3";
    let error = output.lines().find(|line| line.contains(crash)).unwrap();
    assert!(error.contains(" ERROR Runtime.ExitError: "), "{error}");
}

#[tokio::test]
async fn whatever_a_function_prints_is_in_its_trace() {
    let program = Program::start(HOSTILE).await;
    let (api, aws) = (program.address("api"), program.address("aws"));
    let answer = exchange(&api, request("POST /orders/1", HOST, "{}")).await;
    let id = answer.split_once("Root=").unwrap().1.get(..35).unwrap();
    let output = program.printed(&format!("#trace/{id}")).await;
    let line = output.lines().find(|line| line.contains("POST /orders/1 → 502, ")).unwrap();
    assert!(line.ends_with(&format!(" ms  http://{aws}/#trace/{id}")), "{line}");
    program.printed("panicked").await;
    let trace = exchange(&aws, request(&format!("GET /console/traces/{id}"), HOST, "")).await;
    let trace: Value = serde_json::from_str(trace.split_once("\r\n\r\n").unwrap().1).unwrap();
    let lines = trace["logs"].as_array().unwrap();
    for words in ["plain ", "done", "panicked at src/main.rs", "Runtime.ExitError"] {
        let line = lines.iter().find(|line| line["message"].as_str().unwrap().contains(words));
        let line = line.unwrap_or_else(|| panic!("{words} is not in {lines:#?}"));
        assert_eq!(line["function"], "shop");
        assert_eq!(line["trace_id"], id);
        assert!(line["request_id"].is_string());
    }
}

#[tokio::test]
async fn a_number_of_traces_that_shows_nothing_is_refused() {
    let mut command = command();
    command.args(["--max-traces", "0"]).stderr(Stdio::piped());
    let output = command.output().await.unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.contains("--max-traces") && error.contains("at least 1"), "{error}");
}

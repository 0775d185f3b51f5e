use std::{collections::HashMap, fs, path::PathBuf, time::Duration};

use proptest::{prop_assert, test_runner::TestCaseResult};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    runtime::Runtime,
    time::timeout,
};

use super::Target;
use crate::{
    services::Options,
    stack::{Ports, Sockets, Stack},
    template,
};

/// A function that cannot start, behind a route.
const TEMPLATE: &str = "
Resources:
  Api: { Type: AWS::Serverless::Api, Properties: { StageName: prod, TracingEnabled: true } }
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: bootstrap
      Runtime: provided.al2023
      Events: { Any: { Type: Api, Properties: { RestApiId: !Ref Api, Path: '/orders/{id}', Method: any } } }
";
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(9);

async fn stack() -> Stack {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("template.yaml");
    fs::write(&path, TEMPLATE).unwrap();
    let app = template::load(&path, &[]).unwrap();
    let executables = HashMap::from([("Fn".to_owned(), PathBuf::from("/no/such/executable"))]);
    let sockets = Sockets::bind(Ports::default()).await.unwrap();
    Stack::start(app, executables, sockets, Options::default()).await.unwrap()
}

/// Sends bytes and returns what is answered until the connection ends.
async fn exchange(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may have had enough already.
    let _sent = stream.write_all(bytes).await;
    let _sent = stream.shutdown().await;
    let mut answer = Vec::new();
    let end = timeout(ANSWER, stream.read_to_end(&mut answer)).await;
    // A connection that is reset has ended, too.
    let _ended = end.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn check_answer(answer: &str) -> TestCaseResult {
    let status =
        answer.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse::<u16>().ok());
    // Nothing at all is what HTTP has for the beginning of a request.
    let well_formed = status.map_or(answer.is_empty(), |status| (100..600).contains(&status));
    prop_assert!(well_formed && status != Some(500), "{answer:?}");
    Ok(())
}

#[test]
fn fuzz_http() {
    let words = &[
        "HTTP/1.1",
        "Host: localhost\r\n",
        "Content-Length: ",
        "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n",
        "GET ",
        "POST ",
        "PUT ",
        "/orders/1",
        "/console/",
        "X-Amzn-Trace-Id: Root=",
        "Origin: ",
        "Expect: ",
        "\r\n\r\n",
        "0\r\n\r\n",
        "?",
    ];
    let runtime = Runtime::new().unwrap();
    let stack = runtime.block_on(stack());
    let addresses = [stack.api(), stack.aws()].map(|url| url.replace("http://", ""));
    Target { name: "http", words, share: 20 }.run(|input| {
        for address in &addresses {
            check_answer(&runtime.block_on(exchange(address, input)))?;
        }
        Ok(())
    });
    let request = b"GET /console/faults HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = runtime.block_on(exchange(&addresses[1], request));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    runtime.block_on(stack.stop());
}

#[test]
fn fuzz_datagrams() {
    let words = &[
        "{\"format\":\"json\",\"version\":1}\n",
        "\"id\":",
        "\"trace_id\":",
        "\"start_time\":",
        "\"subsegments\":[",
        "\"cause\":",
        "\"in_progress\":true",
        "\"namespace\":\"aws\"",
        "\"annotations\":{",
        "T1S",
        "T1U",
        "1-5759e988-bd862e3fe1be46a994272793",
    ];
    let runtime = Runtime::new().unwrap();
    let stack = runtime.block_on(stack());
    let (xray, aws) = (stack.xray(), stack.aws().replace("http://", ""));
    let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
    let sent = std::cell::Cell::new(0_u64);
    Target { name: "datagrams", words, share: 1 }.run(|input| {
        runtime.block_on(async {
            // What is larger than a datagram cannot be sent.
            let _sent = socket.send_to(input, xray).await;
            sent.set(sent.get() + 1);
            // Now and then it is waited for, because a daemon that has ended receives nothing.
            let reads = !sent.get().is_multiple_of(64)
                || is_recorded(&socket, &stack, &aws, sent.get()).await;
            prop_assert!(reads, "the daemon does not read any more");
            Ok(())
        })
    });
    assert!(runtime.block_on(is_recorded(&socket, &stack, &aws, 0)));
    runtime.block_on(stack.stop());
}

/// Sends a segment and asks for it until it is there.
async fn is_recorded(socket: &UdpSocket, stack: &Stack, aws: &str, number: u64) -> bool {
    let id = format!("1-5759e989-{number:024x}");
    let document = format!(
        "{{\"format\":\"json\",\"version\":1}}\n{{\"id\":\"53995c3f42cd8ad8\",\"name\":\"sentinel\",\"start_time\":1465510281,\
         \"end_time\":1465510282,\"trace_id\":\"{id}\"}}"
    );
    let body = format!("{{\"TraceIds\":[\"{id}\"]}}");
    let length = body.len();
    let query = format!(
        "POST /Traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let mut changes = stack.trace_changes();
    for _ in 0..100 {
        changes.borrow_and_update();
        if socket.send_to(document.as_bytes(), stack.xray()).await.is_err() {
            return false;
        }
        // The kernel may drop it, so it is sent again.
        let _changed = timeout(Duration::from_millis(100), changes.changed()).await;
        if exchange(aws, query.as_bytes()).await.contains("sentinel") {
            return true;
        }
    }
    false
}

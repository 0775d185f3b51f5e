use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::trace_header::TraceHeader;

async fn request(address: SocketAddr, line: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn an_answer_to_another_invocation_is_refused() {
    let api = RuntimeApi::start("arn:aws:lambda:us-east-1:000000000000:function:f").await.unwrap();
    let address = api.address;
    // A retry keeps its request id.
    let invocation = || Invocation {
        request_id: "r-1".to_owned(),
        payload: Bytes::from_static(b"{}"),
        trace: TraceHeader::start(0.0),
        wants_log: false,
    };
    let process = async |late: Option<String>| {
        let next = request(address, "GET /2018-06-01/runtime/invocation/next", "", "").await;
        let mut lines = next.lines();
        let id = lines.find_map(|line| line.strip_prefix("lambda-runtime-invocation-id: "));
        let id = id.unwrap().to_owned();
        let post = async |request_id: &str, id: Option<&str>| {
            let line = format!("POST /2018-06-01/runtime/invocation/{request_id}/response");
            let header = id.map(|id| format!("Lambda-Runtime-Invocation-Id: {id}\r\n"));
            let answer = request(address, &line, &header.unwrap_or_default(), "1").await;
            answer.split(' ').nth(1).unwrap().to_owned()
        };
        assert_eq!(post("r-2", None).await, "400", "another request id");
        assert_eq!(post("r-1", Some("other")).await, "400", "another invocation id");
        if let Some(late) = late {
            assert_eq!(post("r-1", Some(&late)).await, "400", "the attempt before this one");
            assert_eq!(post("r-1", None).await, "202", "a runtime that knows no such header");
        } else {
            assert_eq!(post("r-1", Some(&id)).await, "202");
        }
        assert_eq!(post("r-1", Some(&id)).await, "400", "there is an answer already");
        id
    };
    let limit = Duration::from_mins(1);
    let (first, id) = tokio::join!(api.invoke(invocation(), limit), process(None));
    let (second, _) = tokio::join!(api.invoke(invocation(), limit), process(Some(id)));
    for outcome in [first, second] {
        assert_eq!(outcome.unwrap().unwrap(), "1");
    }
}

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use crate::program::{Program, command, connect, exchange, read_to_end, request, status};

const HOST: &str = "Host: localhost\r\n";
/// The ports, and a path of each whose requests have a body.
const PORTS: [(&str, &str); 3] =
    [("api", "/orders/1"), ("aws", "/TraceSegments"), ("xray", "/SamplingTargets")];
/// The limit for the head of a request and for each part of its body, and some time to notice.
const IDLE: Duration = Duration::from_secs(15);
/// The same for a whole body.
const TOTAL: Duration = Duration::from_secs(40);

/// Sends a byte twice a second until the server has enough, and returns its answer.
async fn trickle(mut stream: TcpStream) -> String {
    let mut received = Vec::new();
    loop {
        let pause = Duration::from_millis(500);
        if let Ok(read) = timeout(pause, stream.read_buf(&mut received)).await {
            if read.unwrap_or(0) == 0 {
                return String::from_utf8_lossy(&received).into_owned();
            }
        } else if stream.write_all(b"x").await.is_err() {
            return read_to_end(&mut stream).await;
        }
    }
}

#[tokio::test]
async fn slow_requests_end() {
    let program = Program::start("exit 1").await;
    for (port, path) in PORTS {
        let address = program.address(port);
        let start = Instant::now();
        let open = async |bytes: &str| {
            let mut stream = connect(&address).await;
            stream.write_all(bytes.as_bytes()).await.unwrap();
            stream
        };
        let nothing = async { read_to_end(&mut open("").await).await };
        let half_a_head = async { read_to_end(&mut open("POST /orders/1 HT").await).await };
        let endless_head = async { trickle(open("POST /orders/1 HTTP/1.1\r\nX: ").await).await };
        let body = format!("POST {path} HTTP/1.1\r\n{HOST}Content-Length: 9000\r\n\r\nx");
        let half_a_body = async { read_to_end(&mut open(&body).await).await };
        let (nothing, half_a_head, endless_head, half_a_body) =
            tokio::join!(nothing, half_a_head, endless_head, half_a_body);
        for answer in [nothing, half_a_head, endless_head] {
            assert!(answer.is_empty() || status(&answer) == 408, "{port}: {answer}");
        }
        assert_eq!(status(&half_a_body), 408, "{port}: {half_a_body}");
        assert!(start.elapsed() < IDLE, "{port}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn endless_bodies_end() {
    let program = Program::start("exit 1").await;
    let start = Instant::now();
    let trickled = async |port| {
        let mut stream = connect(&program.address(port)).await;
        let head = format!("POST /orders/1 HTTP/1.1\r\n{HOST}Content-Length: 9000\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        trickle(stream).await
    };
    let (api, aws) = tokio::join!(trickled("api"), trickled("aws"));
    assert_eq!((status(&api), status(&aws)), (408, 408));
    assert!(start.elapsed() < TOTAL, "{:?}", start.elapsed());
}

#[tokio::test]
async fn broken_requests_are_named_as_what_they_are() {
    let program = Program::start("exit 1").await;
    for (port, path) in PORTS {
        let address = program.address(port);
        let head = |more: &str| format!("POST {path} HTTP/1.1\r\n{HOST}{more}\r\n");
        let chunked = head("Transfer-Encoding: chunked\r\nConnection: close\r\n");
        for (bytes, expected) in [
            (format!("{chunked}zz\r\n{{}}\r\n0\r\n\r\n"), 400),
            (format!("{chunked}2\r\n{{}}xx0\r\n\r\n"), 400),
            (head(&format!("X: {}\r\n", "x".repeat(70_000))), 431),
            (head(&"X: 1\r\n".repeat(200)), 431),
            ("\0\0\0\0\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/9.9\r\n\r\n".to_owned(), 400),
            (head("Content-Length: 1\r\nContent-Length: 2\r\n"), 400),
        ] {
            let answer = exchange(&address, &bytes).await;
            assert_eq!(status(&answer), expected, "{port}: {:?}: {answer}", bytes.get(..80));
        }
        if port == "api" {
            let answer = exchange(&address, head(&format!("X: {}\r\n", "x".repeat(10_300)))).await;
            assert_eq!(status(&answer), 431, "{answer}");
        }
        // A body that ends before its end.
        let mut stream = connect(&address).await;
        stream.write_all(head("Content-Length: 9\r\n").as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(status(&read_to_end(&mut stream).await), 400, "{port}");
        // The server has survived all of it.
        let answer = exchange(&address, request("GET /", HOST, "")).await;
        assert!([200, 400, 403].contains(&status(&answer)), "{port}: {answer}");
    }
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let program = Program::start("exit 1").await;
    for (port, limit) in [("api", 10 * 1024 * 1024), ("aws", 16 * 1024 * 1024)] {
        let body = "x".repeat(limit + 1);
        let answer = exchange(&program.address(port), request("POST /orders/1", HOST, &body)).await;
        assert_eq!(status(&answer), 413, "{port}: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_has_said_everything_still_gets_its_answer() {
    let program = Program::start("exit 1").await;
    for (port, expected) in [("api", 502), ("aws", 403)] {
        let mut stream = connect(&program.address(port)).await;
        let request = format!("POST /orders/1 HTTP/1.1\r\n{HOST}Content-Length: 2\r\n\r\n{{}}");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert_eq!(status(&answer), expected, "{port}: {answer}");
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    let program = Program::start("exit 1").await;
    let address = program.address("aws");
    let mut idle = Vec::new();
    for _ in 0..512 {
        idle.push(connect(&address).await);
    }
    let mut stream = connect(&address).await;
    stream.write_all(request("GET /", HOST, "").as_bytes()).await.unwrap();
    let mut received = [0; 12];
    let early = timeout(Duration::from_secs(1), stream.read_exact(&mut received)).await;
    assert!(early.is_err(), "it was served beside 512 others");
    idle.pop();
    let answer = timeout(Duration::from_secs(5), stream.read_exact(&mut received)).await;
    answer.expect("it is served once there is room").unwrap();
    assert_eq!(&received, b"HTTP/1.1 200");
}

/// The address of a sandbox processor, and the process.
async fn processor() -> (String, tokio::process::Child) {
    let mut child = command().arg("--serve-processor").spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    (line.trim().replace("http://localhost:", "127.0.0.1:"), child)
}

#[tokio::test]
async fn pages_of_others_are_refused_on_every_port() {
    let program = Program::start("echo $AWS_LAMBDA_RUNTIME_API > runtime\nexec sleep 1000").await;
    let api = program.address("api");
    let waiting =
        tokio::spawn(async move { exchange(&api, request("POST /orders/1", HOST, "{}")).await });
    let runtime = program.file("runtime").await.trim().to_owned();
    let (processor, _process) = processor().await;
    for (address, path) in [
        (program.address("api"), "/orders/1"),
        (program.address("aws"), "/"),
        (program.address("aws"), "/console/state"),
        (program.address("aws"), "/TraceSegments"),
        (program.address("xray"), "/SamplingTargets"),
        (runtime.clone(), "/2018-06-01/runtime/init/error"),
        (runtime, "/2018-06-01/runtime/invocation/next"),
        (processor, "/charges"),
    ] {
        for method in ["GET", "POST", "PUT", "OPTIONS"] {
            for (headers, expected) in [
                ("Host: rebound.example\r\n", 421),
                ("Host: 192.168.0.1\r\n", 421),
                ("", 421),
                ("Host: localhost\r\nOrigin: https://evil.example\r\n", 403),
                ("Host: localhost\r\nOrigin: null\r\n", 403),
                ("Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\n", 403),
            ] {
                let line = format!("{method} {path}");
                let answer = exchange(&address, request(&line, headers, "{}")).await;
                assert_eq!(status(&answer), expected, "{line} {headers:?}: {answer}");
            }
        }
    }
    waiting.abort();
}

#[tokio::test]
async fn the_console_changes_something_only_for_its_own_page_or_a_signature() {
    let program = Program::start("exit 1").await;
    let address = program.address("aws");
    let origin = format!("Host: {address}\r\nOrigin: http://{address}\r\n");
    let signed =
        format!("{HOST}Authorization: AWS4-HMAC-SHA256 Credential=k/d/r/s/aws4_request\r\n");
    let browser = format!("{HOST}Sec-Fetch-Site: none\r\n");
    for (headers, expected) in [(HOST, 403), (&browser, 403), (&origin, 200), (&signed, 200)] {
        let answer =
            exchange(&address, request("PUT /console/faults", headers, r#"{"faults": []}"#)).await;
        assert_eq!(status(&answer), expected, "{headers}: {answer}");
    }
}

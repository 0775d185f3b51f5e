//! A function that fails in the way that its file's name says: `faulty-crash` exits during an
//! invocation, `faulty-panic` panics, `faulty-hang` never responds, `faulty-error` responds with an error, `faulty-init`
//! exits before it is ready. It uses the Runtime API over a plain socket and has no dependencies,
//! like a function in another language.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::ExitCode,
};

fn main() -> ExitCode {
    let name = env::args().next().unwrap_or_default();
    let way = name.rsplit('-').next().unwrap_or_default();
    if way == "init" {
        return ExitCode::from(3);
    }
    let api = env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_default();
    loop {
        let Some(id) = next(&api) else { return ExitCode::SUCCESS };
        match way {
            "panic" => panic!("out of paper"),
            "crash" => return ExitCode::from(7),
            "hang" => loop {
                std::thread::park();
            },
            _ => {
                let error = r#"{"errorType":"Faulty","errorMessage":"as its name says"}"#;
                post(&api, &format!("/2018-06-01/runtime/invocation/{id}/error"), error);
            }
        }
    }
}

/// Waits for an invocation and returns its request id.
fn next(api: &str) -> Option<String> {
    let mut stream = TcpStream::connect(api).ok()?;
    let request = "GET /2018-06-01/runtime/invocation/next HTTP/1.1";
    write!(stream, "{request}\r\nHost: {api}\r\nConnection: close\r\n\r\n").ok()?;
    let headers = BufReader::new(stream).lines().map_while(Result::ok);
    let mut headers = headers.take_while(|line| !line.is_empty());
    headers.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_id = name.eq_ignore_ascii_case("lambda-runtime-aws-request-id");
        is_id.then(|| value.trim().to_owned())
    })
}

fn post(api: &str, path: &str, body: &str) {
    let Ok(mut stream) = TcpStream::connect(api) else { return };
    let length = body.len();
    let sent = write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {api}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    if sent.is_ok() {
        // The host closes the connection after it has read everything.
        let _answer = stream.read_to_end(&mut Vec::new());
    }
}

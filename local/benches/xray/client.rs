use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::AnyError;

/// What says that no web page sends a request. The signature itself is not checked.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/xray/aws4_request, \
                      SignedHeaders=host, Signature=0";

/// One connection that stays open.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    host: String,
}

/// An answer, with what it took.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) tag: Option<String>,
    pub(crate) body: Vec<u8>,
    /// Head and body, in bytes.
    pub(crate) size: usize,
    pub(crate) took: Duration,
}

impl Client {
    /// Connects to `http://HOST`.
    pub(crate) fn connect(url: &str) -> Result<Self, AnyError> {
        let host = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&host)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), host })
    }

    /// Calls an operation of X-Ray.
    pub(crate) fn call(&mut self, path: &str, body: &str) -> Result<Answer, AnyError> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: {SIGNED}\r\ncontent-length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        let answer = self.exchange(&head, body)?;
        if answer.status == 200 {
            return Ok(answer);
        }
        let text = String::from_utf8_lossy(&answer.body);
        Err(format!("{path} was answered with {}: {text}", answer.status).into())
    }

    /// Asks for what the page asks for; `tag` is that of the answer before.
    pub(crate) fn get(&mut self, path: &str, tag: Option<&str>) -> Result<Answer, AnyError> {
        let known = tag.map(|tag| format!("if-none-match: {tag}\r\n")).unwrap_or_default();
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{known}\r\n", self.host);
        self.exchange(&head, "")
    }

    fn exchange(&mut self, head: &str, body: &str) -> Result<Answer, AnyError> {
        let began = Instant::now();
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        let (mut status, mut length, mut tag, mut size) = (0, 0, None, 0);
        loop {
            let mut line = String::new();
            size += self.stream.read_line(&mut line)?;
            let line = line.trim_end();
            if let Some((name, value)) = line.split_once(": ") {
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.parse()?,
                    "etag" => tag = Some(value.to_owned()),
                    _ => {}
                }
            } else if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest.split(' ').next().unwrap_or_default().parse()?;
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        size += length;
        Ok(Answer { status, tag, body, size, took: began.elapsed() })
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Result<Value, AnyError> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

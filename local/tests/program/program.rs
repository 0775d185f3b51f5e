use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};

/// How long anything may take before a test gives up.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// One function behind one route.
const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties: { StageName: prod, TracingEnabled: true }
  Shop:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: shop
      CodeUri: .
      Handler: bootstrap
      Runtime: provided.al2023
      Tracing: Active
      Events:
        Any: { Type: Api, Properties: { RestApiId: !Ref Api, Path: '/orders/{id}', Method: any } }
";

/// `cargo local` as a process, with a shell script as its function.
pub(crate) struct Program {
    child: Child,
    output: Arc<Mutex<String>>,
    addresses: Value,
    folder: TempDir,
}

impl Program {
    /// Starts it; `script` is what the function's process does.
    pub(crate) async fn start(script: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        fs::write(file("template.yaml"), TEMPLATE).unwrap();
        fs::write(file("bootstrap"), format!("#!/bin/sh\ncd {}\n{script}\n", file(""))).unwrap();
        fs::set_permissions(file("bootstrap"), fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = command();
        command.args(["--api-port", "0", "--aws-port", "0", "--xray-port", "0"]);
        command.args(["--template", &file("template.yaml"), "--ready-file", &file("ready.json")]);
        command.args(["--bootstrap", &format!("Shop={}", file("bootstrap"))]);
        let mut child = command.spawn().unwrap();
        let output = Arc::<Mutex<String>>::default();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let seen = Arc::clone(&output);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                *seen.lock().unwrap() += &(line + "\n");
            }
        });
        let ready = until(|| fs::read_to_string(file("ready.json")).ok()).await;
        let addresses = serde_json::from_str(&ready).unwrap();
        Self { child, output, addresses, folder }
    }

    /// Where `api` or `aws` listens.
    pub(crate) fn address(&self, name: &str) -> String {
        self.addresses[name].as_str().unwrap().replace("http://", "")
    }

    /// A file that the function wrote.
    pub(crate) async fn file(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        until(|| fs::read_to_string(&path).ok().filter(|text| text.ends_with('\n'))).await
    }

    /// Waits until standard output has a line with `word`, and returns all of it.
    pub(crate) async fn printed(&self, word: &str) -> String {
        until(|| Some(self.output.lock().unwrap().clone()).filter(|text| text.contains(word))).await
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Sends a signal to it.
    pub(crate) async fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.id().to_string()]).status().await;
        assert!(sent.unwrap().success());
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self, limit: Duration) -> ExitStatus {
        timeout(limit, self.child.wait()).await.expect("the process ends in time").unwrap()
    }
}

/// The program itself.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// Waits until `find` finds something.
pub(crate) async fn until<T>(find: impl Fn() -> Option<T>) -> T {
    let waited = timeout(TIMEOUT, async {
        loop {
            if let Some(found) = find() {
                return found;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    });
    waited.await.expect("it happens in time")
}

/// Whether a process is gone, or waits to be reaped.
pub(crate) async fn gone(id: &str) {
    let stat: PathBuf = Path::new("/proc").join(id).join("stat");
    let is_gone = || fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
    until(|| is_gone().then_some(())).await;
}

pub(crate) async fn connect(address: &str) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Reads until the other side closes the connection, or resets it.
pub(crate) async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut received = Vec::new();
    let end = timeout(TIMEOUT, stream.read_to_end(&mut received)).await;
    // What came before a reset counts too.
    let _end = end.expect("the connection ends in time");
    String::from_utf8_lossy(&received).into_owned()
}

/// Sends bytes and returns the answer; the request has to ask for the connection's end.
pub(crate) async fn exchange(address: &str, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = connect(address).await;
    // A server that refuses early does not read everything.
    let _sent = stream.write_all(bytes.as_ref()).await;
    read_to_end(&mut stream).await
}

/// A request with `headers` (each with its line end), which ends the connection.
pub(crate) fn request(line: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// The status of an answer.
pub(crate) fn status(answer: &str) -> u16 {
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("{answer:?} is no answer"))
}

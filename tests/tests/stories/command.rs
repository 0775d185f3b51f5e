use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use e2e::{World, template_path};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// `cargo local`'s own binary, which stands beside the functions'.
pub(crate) async fn local() -> PathBuf {
    // A world builds all binaries.
    World::start().await.end().await;
    let beside = Path::new(env!("CARGO_BIN_EXE_faulty"));
    beside.with_file_name("local")
}

async fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(local().await);
    command.args(["--template", template_path().to_str().unwrap()]).args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// What it complains of, and that it says so and gives up.
async fn complaint(arguments: &[&str]) -> String {
    let output = command(arguments).await.output();
    let output = tokio::time::timeout(Duration::from_mins(1), output).await.unwrap().unwrap();
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

const ANY_PORTS: [&str; 6] = ["--api-port", "0", "--aws-port", "0", "--xray-port", "0"];

async fn ready(path: &Path) -> Value {
    for _ in 0..600 {
        if let Ok(text) = std::fs::read_to_string(path) {
            // It is written at once or not at all.
            return serde_json::from_str(&text).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} never came", path.display());
}

fn children(parent: u32) -> Vec<String> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    // A process's threads may each have children; its tasks are few.
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let of_task = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children"));
    let all = tasks.filter_map(|task| of_task(task).ok());
    let found: Vec<_> = all
        .flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert!(Path::new(&path).exists() || found.is_empty());
    found
}

async fn signal(child: &Child, name: &str) {
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-s", name, &id]).status().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_when_it_is_ready_and_leaves_nothing_behind() {
    for name in ["TERM", "INT"] {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("ready.json");
        let mut arguments = ANY_PORTS.to_vec();
        arguments.extend([
            "--no-build",
            "--ready-file",
            file.to_str().unwrap(),
            "--parameter",
            "Environment=test",
        ]);
        let mut child = command(&arguments).await.spawn().unwrap();
        let ready = ready(&file).await;
        for key in ["api", "aws", "console"] {
            assert!(ready[key].as_str().unwrap().starts_with("http://127.0.0.1:"), "{ready}");
        }
        assert!(ready["xray"].as_str().unwrap().starts_with("127.0.0.1:"));
        assert_eq!(ready["functions"][0], "distributed-tracing-test-order-service");
        // An order in flight, so that there are processes.
        let api = ready["api"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        tokio::task::spawn_blocking(move || {
            use std::io::{Read, Write};
            let mut stream = std::net::TcpStream::connect(&api).unwrap();
            let request = "POST /orders/c HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            stream.write_all(request.as_bytes()).unwrap();
            let mut response = String::new();
            stream.read_to_string(&mut response).unwrap();
            assert!(response.starts_with("HTTP/1.1 201"), "{response}");
        })
        .await
        .unwrap();
        let functions = children(child.id().unwrap());
        assert!(!functions.is_empty());
        signal(&child, name).await;
        let status =
            tokio::time::timeout(Duration::from_secs(20), child.wait()).await.unwrap().unwrap();
        assert!(status.success(), "{status}");
        assert!(!file.exists(), "the ready file is gone");
        for id in functions {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat"));
            assert!(stat.map_or(true, |stat| stat.contains(") Z ")), "process {id} is still there");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_prints_what_there_is_and_a_line_that_works() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("ready.json");
    let mut arguments = ANY_PORTS.to_vec();
    arguments.extend(["--no-build", "--ready-file", file.to_str().unwrap()]);
    let child = command(&arguments).await.spawn().unwrap();
    let ready = ready(&file).await;
    signal(&child, "TERM").await;
    let output = child.wait_with_output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.trim_start().starts_with("curl ")).unwrap();
    assert!(
        line.ends_with(&format!("{}/orders/customer123", ready["api"].as_str().unwrap())),
        "{line}"
    );
    for word in ["functions", "rules", "tables", "queues", ready["console"].as_str().unwrap()] {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_explained() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let udp_port = udp.local_addr().unwrap().port().to_string();
    let any_port = ["--api-port", "0", "--aws-port", "0", "--xray-port", "0"];
    for (arguments, says) in [
        (vec!["--api-port", &port], vec!["--api-port", &port]),
        (vec!["--api-port", "0", "--aws-port", &port], vec!["--aws-port", &port]),
        (
            vec!["--api-port", "0", "--aws-port", "0", "--xray-port", &udp_port],
            vec!["--xray-port", &udp_port],
        ),
        (vec!["--parameter", "Nope=1"], vec!["no parameter `Nope`", "ProjectName"]),
        (vec!["--parameter", "FunctionTimeout=1"], vec!["`FunctionTimeout` is `1`", "less than 8"]),
        (vec!["--parameter", "ProjectName=UPPER"], vec!["does not match"]),
        (
            [&any_port[..], &["--no-build", "--bootstrap", "Nope=/bin/true"]].concat(),
            vec!["--bootstrap Nope", "OrderService"],
        ),
        (
            [&any_port[..], &["--no-build", "--bootstrap", "OrderService=/no/such"]].concat(),
            vec!["OrderService", "/no/such"],
        ),
    ] {
        let complaint = complaint(&arguments).await;
        for word in says {
            assert!(complaint.contains(word), "{arguments:?} says\n{complaint}");
        }
        assert!(complaint.starts_with("error: "), "{complaint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_template_is_named_with_its_line() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicName: !Split [a, b]\n").unwrap();
    let output = Command::new(local().await).arg("--template").arg(&path).output().await.unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("template.yaml:5: `Fn::Split` is not an intrinsic"), "{complaint}");
    let output =
        Command::new(local().await).args(["--template", "/no/such"]).output().await.unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("cannot read the template /no/such: No such file"), "{complaint}");
}

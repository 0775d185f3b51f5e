use std::{
    collections::{HashMap, HashSet},
    env, io,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::Command,
};

use crate::{
    process_group::ProcessGroup,
    template::{App, Function},
};

/// Why there is no executable for a function.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Cargo cannot be run.
    #[error(
        "cannot run `{0}`\n\nhint: say --bootstrap FUNCTION=PATH for every function to do without it"
    )]
    Cargo(String, #[source] io::Error),
    /// Cargo says no.
    #[error("the functions do not build:\n{0}")]
    Failed(String),
    /// `cargo metadata` answers something else than expected.
    #[error("cannot understand what `cargo metadata` says")]
    Metadata(#[from] serde_json::Error),
    /// A function's `CodeUri` leads nowhere.
    #[error(
        "function `{function}`: {folder} is not a package of this workspace with one binary\n\nhint: see its CodeUri, or say --bootstrap {function}=PATH"
    )]
    NoBinary {
        /// The function's logical id.
        function: String,
        /// Where its code should be.
        folder: String,
    },
    /// There is nothing to run.
    #[error(
        "function `{function}` has no executable at {path}\n\nhint: leave out --no-build, or build it first"
    )]
    Missing {
        /// The function's logical id.
        function: String,
        /// Where it should be.
        path: String,
    },
    /// A `--bootstrap` names no function.
    #[error("--bootstrap {0}: the template has no such function; it has {1}")]
    UnknownFunction(String, String),
}

/// What a build tells while it goes on.
pub trait Progress {
    /// So many of about `total` packages are done; this one was the latest.
    fn package(&mut self, done: usize, total: usize, name: &str);
}

/// The executable of each function, by logical id: the given ones, else what Cargo builds for it.
pub async fn executables(
    app: &App,
    given: &[(String, PathBuf)],
    build: bool,
    progress: &mut dyn Progress,
) -> Result<HashMap<String, PathBuf>, CompileError> {
    let mut found = HashMap::new();
    for (name, path) in given {
        let known = app.functions.iter().find(|f| f.logical_id == *name || f.name == *name);
        let Some(function) = known else {
            let all: Vec<_> = app.functions.iter().map(|f| f.logical_id.as_str()).collect();
            return Err(CompileError::UnknownFunction(name.clone(), all.join(", ")));
        };
        found.insert(function.logical_id.clone(), path.clone());
    }
    let rest: Vec<_> =
        app.functions.iter().filter(|f| !found.contains_key(&f.logical_id)).collect();
    if !rest.is_empty() {
        let workspace = Workspace::read(&rest).await?;
        let binaries = workspace.binaries(&rest)?;
        if build {
            workspace.build(&binaries, progress).await?;
        }
        for (function, binary) in rest.iter().zip(binaries) {
            let path = workspace.target.join("debug").join(binary);
            found.insert(function.logical_id.clone(), path);
        }
    }
    for (function, path) in &mut found {
        // The functions run in a folder and environment of their own, so their paths must be whole.
        *path = path.canonicalize().map_err(|_| CompileError::Missing {
            function: function.clone(),
            path: path.display().to_string(),
        })?;
    }
    Ok(found)
}

/// What Cargo knows of the workspace that the functions belong to.
struct Workspace {
    root: PathBuf,
    target: PathBuf,
    /// Package folders and the names of their binaries.
    packages: Vec<(PathBuf, Vec<String>)>,
    /// About how many packages a build has to do with.
    size: usize,
}

impl Workspace {
    async fn read(functions: &[&Function]) -> Result<Self, CompileError> {
        let folder = functions.first().map_or(Path::new("."), |function| &function.package);
        let manifest = folder.join("Cargo.toml");
        let output = cargo()
            .args(["metadata", "--format-version", "1", "--filter-platform", &platform()])
            .arg("--manifest-path")
            .arg(&manifest)
            .output()
            .await
            .map_err(|error| CompileError::Cargo(program(), error))?;
        if !output.status.success() {
            return Err(CompileError::Failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let folders: Vec<_> =
            functions.iter().filter_map(|function| function.package.canonicalize().ok()).collect();
        let path = |value: &Value| PathBuf::from(value.as_str().unwrap_or_default());
        let packages = metadata["packages"].as_array().into_iter().flatten();
        let packages: Vec<_> = packages
            .map(|package| {
                let targets = package["targets"].as_array().into_iter().flatten();
                let is_binary = |target: &&Value| target["kind"][0] == "bin";
                let names = targets.filter(is_binary).filter_map(|target| target["name"].as_str());
                let mut folder = path(&package["manifest_path"]);
                folder.pop();
                (folder, names.map(str::to_owned).collect())
            })
            .collect();
        Ok(Self {
            root: path(&metadata["workspace_root"]),
            target: path(&metadata["target_directory"]),
            size: reachable(&metadata["resolve"], &folders),
            packages,
        })
    }

    /// The binary of each function.
    fn binaries(&self, functions: &[&Function]) -> Result<Vec<String>, CompileError> {
        let find = |function: &&Function| {
            let folder = function.package.canonicalize().ok()?;
            let (_, binaries) = self.packages.iter().find(|(package, _)| *package == folder)?;
            match (&function.binary, binaries.as_slice()) {
                (Some(wanted), binaries) => {
                    binaries.iter().find(|binary| *binary == wanted).cloned()
                }
                (None, [only]) => Some(only.clone()),
                (None, _) => None,
            }
        };
        let missing = |function: &Function| CompileError::NoBinary {
            function: function.logical_id.clone(),
            folder: function.package.display().to_string(),
        };
        functions.iter().map(|function| find(function).ok_or_else(|| missing(function))).collect()
    }

    /// Builds the binaries in the dev profile. No package is named, so that Cargo unifies features over
    /// the whole workspace, as it did when it built this program: nothing is compiled twice.
    async fn build(
        &self,
        binaries: &[String],
        progress: &mut dyn Progress,
    ) -> Result<(), CompileError> {
        let mut command = cargo();
        command.args(["build", "--message-format", "json-render-diagnostics", "--quiet"]);
        for binary in binaries {
            command.args(["--bin", binary]);
        }
        let mut child = command
            .current_dir(&self.root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| CompileError::Cargo(program(), error))?;
        // Should we be asked to stop, the compilers stop too.
        let group = ProcessGroup::led_by(&child);
        let complaints = child.stderr.take();
        let complaints = tokio::spawn(async move {
            let mut text = String::new();
            if let Some(mut stderr) = complaints {
                // What cannot be read is not shown; the exit status still counts.
                let _read = stderr.read_to_string(&mut text).await;
            }
            text
        });
        let mut done = HashSet::new();
        if let Some(stdout) = child.stdout.take() {
            let mut messages = BufReader::new(stdout).lines();
            while let Ok(Some(message)) = messages.next_line().await {
                let Ok(message) = serde_json::from_str::<Value>(&message) else { continue };
                if message["reason"] == "compiler-artifact" {
                    let name = message["target"]["name"].as_str().unwrap_or_default();
                    done.insert(message["package_id"].as_str().unwrap_or_default().to_owned());
                    progress.package(done.len(), self.size, name);
                }
            }
        }
        let ended = child.wait().await.map_err(|error| CompileError::Cargo(program(), error))?;
        drop(group);
        if ended.success() {
            return Ok(());
        }
        Err(CompileError::Failed(complaints.await.unwrap_or_default()))
    }
}

/// How many packages those in `folders` are built from, themselves included: how long the bar is.
fn reachable(resolve: &Value, folders: &[PathBuf]) -> usize {
    let nodes: HashMap<_, _> = resolve["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|node| Some((node["id"].as_str()?, node)))
        .collect();
    let is_ours = |id: &&&str| folders.iter().any(|folder| id.contains(&*folder.to_string_lossy()));
    let mut open: Vec<&str> = nodes.keys().filter(is_ours).copied().collect();
    let mut reached = HashSet::new();
    while let Some(id) = open.pop() {
        if reached.insert(id) {
            let needed =
                nodes.get(id).and_then(|node| node["deps"].as_array()).into_iter().flatten();
            let for_tests = |kinds: &Value| {
                kinds.as_array().is_some_and(|kinds| kinds.iter().all(|kind| kind["kind"] == "dev"))
            };
            let needed = needed.filter(|dependency| !for_tests(&dependency["dep_kinds"]));
            open.extend(needed.filter_map(|dependency| dependency["pkg"].as_str()));
        }
    }
    reached.len()
}

/// The platform that Cargo builds for, as far as the length of a progress bar needs to know it.
fn platform() -> String {
    let system = if cfg!(target_os = "macos") { "apple-darwin" } else { "unknown-linux-gnu" };
    format!("{}-{system}", env::consts::ARCH)
}

/// The Cargo that runs us, else the one on the path.
fn program() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// A Cargo to run, as if from a shell.
pub fn cargo() -> Command {
    let mut command = Command::new(program());
    // Cargo tells a program that it runs which package it belongs to. Build scripts look at that too, and
    // would run again, with all that depends on them, each time that Cargo runs Cargo.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    // Ctrl-C is ours to handle; Cargo is ended when we drop it.
    command.process_group(0);
    command
}

use std::{
    collections::{HashMap, HashSet},
    env, io,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{ChildStdout, Command},
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
        "cannot run `{0}`\n\nhint: with --bootstrap FUNCTION=PATH for every function it is not needed"
    )]
    Cargo(String, #[source] io::Error),
    /// Cargo fails.
    #[error("the functions do not build:\n{0}")]
    Failed(String),
    /// `cargo metadata` prints something unexpected.
    #[error("cannot parse the output of `cargo metadata`")]
    Metadata(#[from] serde_json::Error),
    /// A function's `CodeUri` is not a package with the function's binary.
    #[error(
        "function `{function}`: {folder} is not a package of this workspace with one binary\n\nhint: check its CodeUri, or pass --bootstrap {function}=PATH"
    )]
    NoBinary {
        /// The function's logical id.
        function: String,
        /// The folder that its `CodeUri` names.
        folder: String,
    },
    /// The executable does not exist.
    #[error(
        "function `{function}` has no executable at {path}\n\nhint: omit --no-build, or build it first"
    )]
    Missing {
        /// The function's logical id.
        function: String,
        /// Where it was expected.
        path: String,
    },
    /// A `--bootstrap` for an unknown function.
    #[error("--bootstrap {0}: the template has no such function; it has {1}")]
    UnknownFunction(String, String),
}

/// Receives the progress of a build.
pub trait Progress {
    /// `done` of about `total` packages are built; `name` is the latest.
    fn package(&mut self, done: usize, total: usize, name: &str);
}

/// The executable of each function, by logical id: the given one, otherwise the one that Cargo
/// builds.
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
        let workspace = Workspace::load(&rest).await?;
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
        // An absolute path: a function runs with a folder and an environment of its own.
        *path = path.canonicalize().map_err(|_| CompileError::Missing {
            function: function.clone(),
            path: path.display().to_string(),
        })?;
    }
    Ok(found)
}

/// The workspace of the functions, from `cargo metadata`.
struct Workspace {
    root: PathBuf,
    target: PathBuf,
    /// Package folders and the names of their binaries.
    packages: Vec<(PathBuf, Vec<String>)>,
}

impl Workspace {
    async fn load(functions: &[&Function]) -> Result<Self, CompileError> {
        let folder = functions.first().map_or(Path::new("."), |function| &function.package);
        // Without dependencies Cargo neither resolves nor reads them, which takes most of its time.
        let metadata = metadata(&folder.join("Cargo.toml"), &["--no-deps"]).await?;
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

    /// Builds the binaries in the dev profile. It names no package, so that Cargo unifies features
    /// over the whole workspace, as it did when it built this program: nothing is compiled twice.
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
        // If this future is dropped, so are the compilers.
        let group = ProcessGroup::led_by(&child);
        let stderr = child.stderr.take();
        let errors = tokio::spawn(async move {
            let mut text = String::new();
            if let Some(mut stderr) = stderr {
                // Unreadable output is not shown; the exit status still counts.
                let _read = stderr.read_to_string(&mut text).await;
            }
            text
        });
        if let Some(stdout) = child.stdout.take() {
            self.follow(stdout, binaries, progress).await;
        }
        let status = child.wait().await.map_err(|error| CompileError::Cargo(program(), error))?;
        drop(group);
        if status.success() {
            return Ok(());
        }
        Err(CompileError::Failed(errors.await.unwrap_or_default()))
    }

    /// Reports each package that Cargo's messages say is built, from the first one that is compiled:
    /// when all are up to date, nobody waits for their number.
    async fn follow(
        &self,
        messages: ChildStdout,
        binaries: &[String],
        progress: &mut dyn Progress,
    ) {
        let mut done = HashSet::new();
        let mut total = None;
        let mut messages = BufReader::new(messages).lines();
        while let Ok(Some(message)) = messages.next_line().await {
            let Ok(message) = serde_json::from_str::<Value>(&message) else { continue };
            if message["reason"] == "compiler-artifact" {
                let name = message["target"]["name"].as_str().unwrap_or_default();
                done.insert(message["package_id"].as_str().unwrap_or_default().to_owned());
                if total.is_none() && message["fresh"] == false {
                    total = Some(self.size(binaries).await);
                }
                if let Some(total) = total {
                    progress.package(done.len(), total, name);
                }
            }
        }
    }

    /// About how many packages the binaries are built from; 0 when Cargo does not say.
    async fn size(&self, binaries: &[String]) -> usize {
        let arguments = ["--filter-platform", &platform()];
        let metadata = metadata(&self.root.join("Cargo.toml"), &arguments).await;
        let is_built = |names: &[String]| names.iter().any(|name| binaries.contains(name));
        let folders = self.packages.iter().filter(|(_, names)| is_built(names));
        let folders: Vec<_> = folders.map(|(folder, _)| folder.as_path()).collect();
        metadata.map_or(0, |metadata| reachable(&metadata["resolve"], &folders))
    }
}

/// What `cargo metadata` says of the package or workspace of `manifest`.
async fn metadata(manifest: &Path, arguments: &[&str]) -> Result<Value, CompileError> {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(manifest)
        .args(arguments)
        .output()
        .await
        .map_err(|error| CompileError::Cargo(program(), error))?;
    if !output.status.success() {
        return Err(CompileError::Failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The number of packages that those in `folders` are built from, themselves included.
fn reachable(resolve: &Value, folders: &[&Path]) -> usize {
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

/// The platform that Cargo builds for, as exactly as the length of a progress bar needs it.
fn platform() -> String {
    let system = if cfg!(target_os = "macos") { "apple-darwin" } else { "unknown-linux-gnu" };
    format!("{}-{system}", env::consts::ARCH)
}

/// The Cargo that runs this program, otherwise the one on the path.
fn program() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// A `cargo` command, as if it were run from a shell.
pub fn cargo() -> Command {
    let mut command = Command::new(program());
    // Cargo sets these for the program that it runs. Build scripts depend on them, so with them
    // Cargo would run the scripts again and rebuild whatever depends on those.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    // Ctrl-C must reach this program only, which ends Cargo by dropping it.
    command.process_group(0);
    command
}

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tokio::process::Command;

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
    /// Cargo fails, and has printed why.
    #[error("the functions do not build")]
    Failed,
    /// `cargo metadata` fails.
    #[error("cannot read the package of the functions: {0}")]
    NoMetadata(String),
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

/// Which executables need no build.
#[derive(Clone, Copy, Debug)]
pub enum Built<'a> {
    /// All of them, in the folder of the dev profile.
    All,
    /// All of them, in this folder.
    In(&'a Path),
    /// Only these.
    These(&'a [PathBuf]),
}

/// The executable of each function, by logical id: the given one, otherwise the one that Cargo
/// builds in the dev profile, unless it is `built`.
pub async fn executables(
    app: &App,
    given: &[(String, PathBuf)],
    built: Built<'_>,
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
        let folder = match built {
            Built::In(folder) => folder,
            Built::All | Built::These(_) => &workspace.target.join("debug"),
        };
        let paths: Vec<_> = binaries.iter().map(|binary| folder.join(binary)).collect();
        let is_built = match built {
            Built::All | Built::In(_) => true,
            Built::These(built) => paths.iter().all(|path| built.contains(path)),
        };
        if !is_built {
            workspace.build(&binaries).await?;
        }
        for (function, path) in rest.iter().zip(paths) {
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
        let metadata = metadata(&folder.join("Cargo.toml")).await?;
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

    /// Builds the binaries in the dev profile; Cargo itself says on the terminal how far it is, and what is wrong. It
    /// names no package, so that Cargo unifies features over the whole workspace, as it did when it built this program:
    /// nothing is compiled twice.
    async fn build(&self, binaries: &[String]) -> Result<(), CompileError> {
        let mut command = cargo();
        command.arg("build");
        for binary in binaries {
            command.args(["--bin", binary]);
        }
        let mut child = command
            .current_dir(&self.root)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(not_run)?;
        // If this future is dropped, so are the compilers.
        let group = ProcessGroup::led_by(&child);
        let status = child.wait().await.map_err(not_run)?;
        drop(group);
        if status.success() { Ok(()) } else { Err(CompileError::Failed) }
    }
}

/// What `cargo metadata` says of the package or workspace of `manifest`.
async fn metadata(manifest: &Path) -> Result<Value, CompileError> {
    let output = cargo()
        // Without dependencies Cargo neither resolves nor reads them, which takes most of its time.
        .args(["metadata", "--format-version", "1", "--no-deps", "--manifest-path"])
        .arg(manifest)
        .output()
        .await
        .map_err(not_run)?;
    if !output.status.success() {
        return Err(CompileError::NoMetadata(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn not_run(error: io::Error) -> CompileError {
    CompileError::Cargo(cargo_local::program().display().to_string(), error)
}

/// A `cargo` command, as if it were run from a shell. Ctrl-C must reach this program only, which ends Cargo by dropping it.
pub fn cargo() -> Command {
    let mut command = Command::from(cargo_local::cargo());
    command.process_group(0);
    command
}

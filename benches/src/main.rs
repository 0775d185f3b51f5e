//! Measures the functions and the whole system, and writes the tables into `docs/performance.md`:
//! `cargo measure`, or `cargo measure --quick` for fewer runs. `cargo measure --check` writes nothing and fails
//! when a function is slow compared with the bare runtime, whatever the machine.

/// The one place that reads the clock.
mod clock;
/// The functions that are measured.
mod functions;
/// What Lambda has around a process.
mod host;
/// Orders by many clients.
mod load;
/// The machine that it is measured on.
mod machine;
/// The measurements of a function.
mod measured;
/// What a process uses.
mod process;
/// The tables.
mod report;
/// A `cargo local`.
mod stack;
/// Medians.
mod statistics;
/// The measurements of whole systems.
mod system;

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use clap::{Parser, ValueEnum};

use crate::{measured::Times, report::Page, stack::Stack};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Measures the functions and the whole system, and writes docs/performance.md
#[derive(Debug, Parser)]
#[command(name = "cargo measure", bin_name = "cargo measure")]
struct Arguments {
    /// Measure less often
    #[arg(long)]
    quick: bool,
    /// Measure the functions alone, write nothing, and fail if a ratio is too high
    #[arg(long)]
    check: bool,
    /// Measure what is built already, in the folder of this program
    #[arg(long)]
    no_build: bool,
    /// Measure this and leave the rest of the page as it is; may be repeated
    #[arg(long, value_name = "SECTION")]
    only: Vec<Section>,
}

/// A section of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Each function by itself
    Functions,
    /// Orders a second by some numbers of clients
    System,
    /// The same of another emulator
    Peer,
    /// More and more orders and processes
    Growth,
}

/// How much is measured.
struct Extent {
    times: Times,
    /// Orders of a measurement of the whole system.
    orders: usize,
    /// The same of the other emulator.
    peer_orders: usize,
    /// The most orders that are kept.
    kept: usize,
}

const FULL: Extent = Extent {
    times: Times { processes: 40, invocations: 50 },
    orders: 4_000,
    peer_orders: 300,
    kept: 100_000,
};
const QUICK: Extent = Extent {
    times: Times { processes: 10, invocations: 30 },
    orders: 500,
    peer_orders: 50,
    kept: 10_000,
};

#[tokio::main]
async fn main() -> Result<ExitCode, AnyError> {
    let arguments = Arguments::parse();
    let program = env::current_exe()?;
    let binaries = program.parent().ok_or("this program is in no folder")?;
    if !arguments.no_build {
        build(binaries)?;
    }
    if arguments.check {
        return check(binaries).await;
    }
    let extent = if arguments.quick { QUICK } else { FULL };
    let page = Page::new(workspace().join("docs/performance.md"));
    let is_wanted = |section| arguments.only.is_empty() || arguments.only.contains(&section);
    if is_wanted(Section::Functions) {
        let python = virtual_environment("benches")?;
        let measured = measure(binaries, Some(&python), extent.times).await?;
        page.write("functions", &report::functions(&measured, extent.times))?;
    }
    if is_wanted(Section::System) {
        let rows = system::clients(binaries, extent.orders).await?;
        page.write("system", &report::system(&rows))?;
    }
    if is_wanted(Section::Peer) {
        let rows = system::peer(binaries, extent.peer_orders).await?;
        page.write("peer", &report::system(&rows))?;
    }
    if is_wanted(Section::Growth) {
        let mut rows = system::growth(binaries, extent.kept).await?;
        rows.extend(system::processes(binaries, extent.orders).await?);
        page.write("growth", &report::system(&rows))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails when a service is slow compared with the bare runtime.
async fn check(binaries: &Path) -> Result<ExitCode, AnyError> {
    let measured = measure(binaries, None, QUICK.times).await?;
    print(&report::functions(&measured, QUICK.times));
    let slow = report::too_slow(&measured);
    for finding in &slow {
        print(finding);
    }
    Ok(if slow.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(
    binaries: &Path,
    python: Option<&Path>,
    times: Times,
) -> Result<Vec<measured::Measured>, AnyError> {
    let stack = Stack::start(binaries, &[]).await?;
    measured::measure(&functions::functions(&stack, binaries, python)?, times).await
}

/// Builds everything in the profile of this program. It names no package, so that nothing is compiled twice.
fn build(binaries: &Path) -> Result<(), AnyError> {
    let mut command = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(["build", "--bins", "--locked"]).current_dir(workspace());
    if !binaries.ends_with("debug") {
        command.arg("--release");
    }
    if command.status()?.success() { Ok(()) } else { Err("the build failed".into()) }
}

/// The Python of a virtual environment under `target`, which is made if it is missing.
fn virtual_environment(name: &str) -> Result<PathBuf, AnyError> {
    let make = format!("from tools.virtual_environment import make; print(make('{name}'))");
    let output = Command::new("python3")
        .args(["-c", &make])
        .current_dir(workspace().join("infra"))
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("the virtual environment {name} cannot be made").into());
    }
    Ok(Path::new(String::from_utf8(output.stdout)?.trim()).join("python"))
}

/// The folder of the workspace.
fn workspace() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().unwrap_or(folder).to_owned()
}

#[expect(clippy::print_stdout, reason = "a report is for the terminal")]
fn print(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "whoever waits sees how far it is")]
fn eprint(text: &str) {
    eprintln!("{text}");
}

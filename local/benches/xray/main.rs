//! X-Ray and its page with many traces: how fast, how large. `cargo bench -p local --bench xray` prints the table of
//! `docs/performance.md`; `-- traces` after it runs one section only.
//!
//! Everything goes over the wire, as clients and the page do it. Each section is a process of its own, so that
//! memory is that section's alone: the server's, and the little that the client keeps.

/// HTTP on one connection.
mod client;
/// What is sent.
mod documents;
/// What is measured.
mod sections;
/// The table that is printed.
mod table;

use std::{env, process::Command};

use sections::SECTIONS;
use table::say;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type AnyError = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [flag, name] = arguments.as_slice()
        && flag == "--in-process"
    {
        return sections::run(name).await;
    }
    say("| what | measured |\n|---|---|");
    let chosen = SECTIONS
        .iter()
        .filter(|name| arguments.is_empty() || arguments.iter().any(|argument| argument == **name));
    for name in chosen {
        let status = Command::new(env::current_exe()?).args(["--in-process", name]).status()?;
        if !status.success() {
            return Err(format!("the section `{name}` ended with {status}").into());
        }
    }
    Ok(())
}

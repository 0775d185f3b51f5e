//! How Cargo is run by a program that Cargo runs: `cargo-local`, `local`, and the tests.

use std::{env, ffi::OsString, process::Command};

/// The Cargo that runs this program, otherwise the one on the path.
pub fn program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A `cargo` command, as if it were run from a shell.
pub fn cargo() -> Command {
    let mut command = Command::new(program());
    // Cargo sets these for the program that it runs. Build scripts depend on them, so with them Cargo would run the
    // scripts again and rebuild whatever depends on those.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

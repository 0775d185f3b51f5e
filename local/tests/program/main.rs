//! `cargo local` as a process: what it does on raw connections, signals and a terminal. Its function is a shell script.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic fails the test")]

/// Clients that are slow, broken, greedy or not meant.
mod connections;
/// Starting it and talking to it.
mod program;
/// How it ends.
mod signals;
/// What it prints.
mod terminal;

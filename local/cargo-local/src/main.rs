//! `cargo local`: builds `local` and this workspace's functions in one go, so that Cargo has work for all processors from
//! the first crate to the last, then becomes `local`.

use std::{
    env,
    ffi::{OsStr, OsString},
    io::{self, BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use cargo_local::cargo;

/// The program that it becomes.
const PROGRAM: &str = "local";
/// The names of the functions' executables, as `cargo build --bin` takes a pattern.
const FUNCTIONS: &str = "*-service";
/// With these `local` itself finds out which functions there are, and whether they are to be built.
const ABOUT_FUNCTIONS: [&str; 7] =
    ["--bootstrap", "--help", "--no-build", "--template", "--version", "-V", "-h"];

fn main() -> ExitCode {
    match run(env::args_os().skip(1).collect()) {
        Ok(code) => code,
        Err(error) => {
            let _closed = writeln!(io::stderr(), "error: cannot run Cargo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Vec<OsString>) -> io::Result<ExitCode> {
    let mut command = cargo();
    command.args(["build", "--message-format", "json-render-diagnostics", "--bin", PROGRAM]);
    if builds_functions(&arguments) {
        command.args(["--bin", FUNCTIONS]);
    }
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let messages = child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
    let built: Vec<_> =
        messages.filter_map(|message| executable(&message.ok()?).map(PathBuf::from)).collect();
    // What is wrong with the code, Cargo has said.
    if !child.wait()?.success() {
        return Ok(ExitCode::FAILURE);
    }
    let (programs, functions): (Vec<_>, Vec<_>) =
        built.into_iter().partition(|path| path.file_name() == Some(OsStr::new(PROGRAM)));
    let Some(program) = programs.first() else {
        return Err(io::Error::other(format!("it does not say where `{PROGRAM}` is")));
    };
    Err(become_program(program, &functions, arguments))
}

/// Whether `local` is started with the project's template, and the arguments do not say where the functions are.
fn builds_functions(arguments: &[OsString]) -> bool {
    let is_about_functions =
        |argument: &str| ABOUT_FUNCTIONS.contains(&argument.split('=').next().unwrap_or(argument));
    let is_subcommand =
        arguments.first().is_some_and(|first| !first.as_encoded_bytes().starts_with(b"-"));
    !is_subcommand
        && !arguments.iter().any(|argument| argument.to_str().is_some_and(is_about_functions))
}

/// The executable of an artifact, from one of Cargo's messages.
fn executable(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once(r#""executable":""#)?;
    let (path, _) = rest.split_once('"')?;
    // A path with an escape is left to `local`, which builds what it misses.
    (!path.contains('\\')).then_some(path)
}

/// Returns only if that fails.
fn become_program(program: &Path, functions: &[PathBuf], arguments: Vec<OsString>) -> io::Error {
    let mut command = Command::new(program);
    for function in functions {
        command.arg("--built").arg(function);
    }
    command.args(arguments).exec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_built_unless_the_arguments_are_about_them() {
        for (arguments, built) in [
            (&[][..], true),
            (&["--aws-port", "0", "--fault=events:PutEvents=throttle@5%"], true),
            (&["trace", "1-5759e988-bd862e3fe1be46a994272793"], false),
            (&["--aws-port", "0", "--no-build"], false),
            (&["--bootstrap=OrderService=/bin/true"], false),
            (&["--template", "other/template.yaml"], false),
            (&["-h"], false),
        ] {
            let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
            assert_eq!(builds_functions(&arguments), built, "{arguments:?}");
        }
    }

    #[test]
    fn messages_name_executables() {
        let message =
            r#"{"reason":"compiler-artifact","executable":"/target/debug/local","fresh":true}"#;
        assert_eq!(executable(message), Some("/target/debug/local"));
        for other in [
            r#"{"reason":"compiler-artifact","executable":null,"fresh":true}"#,
            r#"{"reason":"build-finished","success":true}"#,
            r#"{"reason":"compiler-artifact","executable":"/a \"quoted\" folder/local"}"#,
        ] {
            assert_eq!(executable(other), None, "{other}");
        }
    }
}

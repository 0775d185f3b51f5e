//! `cargo local`: builds the functions of a SAM template and runs its resources on this machine.

/// The command line.
mod cli;
/// Questions to the `cargo local` that runs.
mod running;
/// The terminal's output.
mod terminal;
/// Tokens for the command line.
mod token;
/// `cargo local trace`.
mod trace_command;

/// The signals that end the program.
mod signals;

use std::{env, fs, io, path::Path, process};

use clap::Parser;
use local::{
    Options, Sockets, Stack,
    compile::{self, Built},
    processor,
    processor::Processor,
    template,
};
use serde_json::Value;

use crate::cli::{Arguments, Command};

/// Faster than the C library's for what this program does, small objects by the thousand, and it returns what is free.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let outcome = run(arguments).await;
    if let Err(error) = &outcome {
        terminal::print_error(&**error);
    }
    // Returning would wait for whatever a worker thread computes.
    process::exit(i32::from(outcome.is_err()));
}

type AnyError = Box<dyn std::error::Error>;

async fn run(mut arguments: Arguments) -> Result<(), AnyError> {
    match &arguments.command {
        Some(Command::Token(arguments)) => {
            terminal::print(&token::token(arguments).await?);
            return Ok(());
        }
        Some(Command::Trace(arguments)) => return Ok(trace_command::run(arguments).await?),
        None => {}
    }
    if arguments.serve_processor {
        return Ok(processor::serve().await?);
    }
    // Installed first, so that Ctrl-C during the build ends the build and nothing else.
    let mut asked_to_stop = signals::listen()?;

    let processor = if arguments.processor {
        let processor = Processor::start(&env::current_exe()?).await?;
        arguments.parameter.push(("ProcessorUrl".to_owned(), processor.url().to_owned()));
        Some(processor)
    } else {
        None
    };
    let app = template::load(&arguments.template, &arguments.parameter)?;
    let sockets = Sockets::bind(arguments.ports()).await?;
    let built = if arguments.no_build { Built::All } else { Built::These(&arguments.built) };
    let executables = tokio::select! {
        executables = compile::executables(&app, &arguments.bootstrap, built) => executables?,
        _asked = &mut asked_to_stop => return Ok(()),
    };

    let options = Options {
        max_traces: arguments.max_traces,
        retry_delay: arguments.retry_delay(),
        max_processes: arguments.max_processes,
        sampling: arguments.sampling,
        trust_trace_header: arguments.trust_trace_header,
        faults: arguments.fault,
        seed: arguments.seed,
        log: terminal::log_printer(&app, sockets.console()),
    };
    let stack = Stack::start(app, executables, sockets, options).await?;
    announce(&stack, processor.as_ref(), arguments.ready_file.as_deref())?;
    // The other end lives as long as the program.
    let _asked = asked_to_stop.await;
    terminal::print("stopping");
    stack.stop().await;
    if let Some(path) = &arguments.ready_file {
        // The addresses are no longer valid. The file may have been removed already.
        let _removed = fs::remove_file(path);
    }
    Ok(())
}

/// Says in the terminal, and in the ready file if there is to be one, what runs where.
fn announce(
    stack: &Stack,
    processor: Option<&Processor>,
    ready_file: Option<&Path>,
) -> Result<(), String> {
    terminal::print_summary(stack);
    let mut ready = stack.ready();
    if let Some(processor) = processor {
        terminal::print(&format!("payment processor: {}/charges", processor.url()));
        ready["processor"] = processor.url().into();
    }
    ready_file.map_or(Ok(()), |path| {
        write_ready_file(path, &ready)
            .map_err(|error| format!("cannot write the ready file {}: {error}", path.display()))
    })
}

/// Writes a temporary file and renames it, so that nobody reads an incomplete one.
fn write_ready_file(path: &Path, ready: &Value) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".part");
    fs::write(&temporary, ready.to_string())?;
    fs::rename(&temporary, path)
}

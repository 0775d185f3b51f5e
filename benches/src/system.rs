use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

use serde_json::Value;

use crate::{
    AnyError, eprint,
    load::{Load, System},
    process::{Usage, cpu_by_program},
    stack::Stack,
    virtual_environment, workspace,
};

/// How many clients place orders at once.
const CLIENTS: [usize; 4] = [1, 8, 32, 64];
/// How many processes a function may have.
const PROCESSES: [usize; 4] = [1, 4, 16, 64];
/// How many clients there are where something else is varied.
const SOME: usize = 16;
/// Orders of each client that are not measured: they start the processes.
const FIRST: usize = 8;

/// What was measured of a whole system.
#[derive(Debug)]
pub(crate) struct Row {
    /// What is special about it.
    pub(crate) name: String,
    pub(crate) orders: usize,
    pub(crate) load: Load,
    /// Milliseconds of processor time of an order, by program; of `cargo local` only.
    pub(crate) cpu: Vec<(String, f64)>,
    /// Megabytes of resident memory of `local` in the end.
    pub(crate) memory: f64,
}

/// Measures `cargo local` with different numbers of clients.
pub(crate) async fn clients(binaries: &Path, orders: usize) -> Result<Vec<Row>, AnyError> {
    let mut rows = Vec::new();
    for clients in CLIENTS {
        let name = "`cargo local`".to_owned();
        rows.push(row(name, binaries, &[], orders, clients).await?);
    }
    Ok(rows)
}

/// Measures it with more and more processes of each function.
pub(crate) async fn processes(binaries: &Path, orders: usize) -> Result<Vec<Row>, AnyError> {
    let mut rows = Vec::new();
    for processes in PROCESSES {
        let arguments = ["--max-processes", &processes.to_string()].map(str::to_owned);
        let name = format!("{processes} processes of each function");
        rows.push(row(name, binaries, &arguments, orders, SOME).await?);
    }
    Ok(rows)
}

/// Measures how it goes on when it keeps more and more orders, and their traces; and what ten thousand orders leave
/// behind when it keeps as many traces as it does by itself.
pub(crate) async fn growth(binaries: &Path, most: usize) -> Result<Vec<Row>, AnyError> {
    let stack = Stack::start(binaries, &["--max-traces".to_owned(), most.to_string()]).await?;
    let (mut rows, mut kept) = (Vec::new(), 0);
    for target in [1, 1_000, 10_000, 100_000] {
        if target > most {
            break;
        }
        let name = format!("{target} orders kept");
        rows.push(measured(name, &stack, target - kept, SOME).await?);
        kept = target;
    }
    drop(stack);
    let name = "10000 orders, and the traces that are kept by default".to_owned();
    rows.push(row(name, binaries, &[], 10_000, SOME).await?);
    Ok(rows)
}

/// Measures a `cargo local` of its own.
async fn row(
    name: String,
    binaries: &Path,
    arguments: &[String],
    orders: usize,
    clients: usize,
) -> Result<Row, AnyError> {
    let stack = Stack::start(binaries, arguments).await?;
    stack.system().run(clients * FIRST, clients).await?;
    measured(name, &stack, orders, clients).await
}

async fn measured(
    name: String,
    stack: &Stack,
    orders: usize,
    clients: usize,
) -> Result<Row, AnyError> {
    let before = cpu_by_program(stack.pid());
    let load = stack.system().run(orders, clients).await?;
    eprint(&format!("{name}, {clients} clients: {:.0} orders a second", load.placed));
    let after = cpu_by_program(stack.pid());
    let cpu = after.into_iter().map(|(program, after)| {
        let before = before.get(&program).copied().unwrap_or_default();
        (program, (after - before) * 1e3 / as_float(orders))
    });
    let cpu = cpu.collect();
    let memory = as_float(usize::try_from(Usage::of(stack.pid()).memory)?) / 1e6;
    Ok(Row { name, orders, load, cpu, memory })
}

#[expect(clippy::cast_precision_loss, reason = "numbers of orders and bytes of memory")]
fn as_float(number: usize) -> f64 {
    number as f64
}

/// Another emulator of AWS with the same template and the same functions.
struct Peer {
    child: Child,
    /// It ends when this is closed.
    input: Option<ChildStdin>,
    name: String,
    system: System,
}

/// Measures another emulator.
pub(crate) async fn peer(binaries: &Path, orders: usize) -> Result<Vec<Row>, AnyError> {
    let peer = Peer::start(binaries)?;
    let mut rows = Vec::new();
    peer.system.run(FIRST, 1).await?;
    for clients in CLIENTS {
        let load = peer.system.run(orders, clients).await?;
        let name = peer.name.clone();
        eprint(&format!("{name}, {clients} clients: {:.0} orders a second", load.placed));
        rows.push(Row { name, orders, load, cpu: Vec::new(), memory: f64::NAN });
    }
    Ok(rows)
}

impl Peer {
    fn start(binaries: &Path) -> Result<Self, AnyError> {
        let python = virtual_environment("rehearsal")?;
        let mut child = Command::new(python)
            .args(["-m", "tools.peer"])
            .arg(binaries)
            .current_dir(workspace().join("infra"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("the peer has no output")?;
        let mut peer = Self {
            child,
            input,
            name: String::new(),
            system: System { api: String::new(), aws: String::new() },
        };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).map_err(|_| "the peer did not start")?;
        let text = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        peer.name = text("name");
        peer.system = System { api: text("api"), aws: text("aws") };
        Ok(peer)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ended = self.child.wait();
    }
}

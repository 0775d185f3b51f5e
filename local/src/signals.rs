use std::{io, process, sync::mpsc, thread, time::Duration};

use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

/// How long the program may take to end in order. Requests under way have two seconds, processes five to disappear.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for SIGINT and SIGTERM. The first one is handed on; the second one, or the first one after a while, ends the
/// program whatever it is doing. That has a thread of its own, because whatever keeps all workers busy would keep them
/// from noticing a signal too.
pub(crate) fn listen() -> io::Result<oneshot::Receiver<()>> {
    let (asked, stop) = oneshot::channel();
    let (installed, ready) = mpsc::channel();
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            match install() {
                Ok(signals) => {
                    // Whoever waits for it is there.
                    let _listening = installed.send(Ok(()));
                    end_on(signals, asked).await;
                }
                Err(error) => drop(installed.send(Err(error))),
            }
        });
    })?;
    ready.recv().map_err(io::Error::other)??;
    Ok(stop)
}

fn install() -> io::Result<(Signal, Signal)> {
    Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
}

async fn end_on((mut interrupt, mut terminate): (Signal, Signal), asked: oneshot::Sender<()>) {
    let mut next = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    next().await;
    // An error before the first signal has ended the waiting already.
    let _stopping = asked.send(());
    let _second = tokio::time::timeout(PATIENCE, next()).await;
    local::end_all();
    process::exit(1);
}

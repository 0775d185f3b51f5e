use std::{str::Utf8Error, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{net::UdpSocket, time::Instant};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    datagrams::Datagrams,
    document::Rejection,
    otlp::{self, OtlpError},
    store::Store,
};
use crate::logs::Logs;

/// How long after a datagram it is looked whether others were lost.
const LOOK: Duration = Duration::from_secs(1);

/// Why a datagram is dropped.
#[derive(Debug, thiserror::Error)]
enum DatagramError {
    #[error("it is not UTF-8")]
    Encoding(#[from] Utf8Error),
    #[error("it has no header line")]
    NoHeader,
    #[error("its header is not JSON")]
    HeaderSyntax(#[from] serde_json::Error),
    #[error(r#"its header is not {{"format":"json","version":1}}"#)]
    Header,
    #[error("there is no document after its header")]
    NoDocument,
    #[error("{}", .0.message)]
    Rejected(Rejection),
    #[error(transparent)]
    Otlp(#[from] OtlpError),
}

/// Receives what SDKs send to the X-Ray daemon, until the guard is dropped: datagrams of a header line, and a document
/// or OpenTelemetry's spans. What is malformed is dropped and reported, as the daemon does.
/// See <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon>.
pub(crate) fn listen(socket: UdpSocket, store: Arc<Store>, logs: Arc<Logs>) -> DropGuard {
    let stop = CancellationToken::new();
    match Datagrams::read(socket, stop.clone()) {
        Ok(datagrams) => drop(tokio::spawn(take(datagrams, store, logs))),
        Err(error) => logs.report(&format!("x-ray cannot read datagrams: {error}")),
    }
    stop.drop_guard()
}

async fn take(mut datagrams: Datagrams, store: Arc<Store>, logs: Arc<Logs>) {
    // When it is looked next whether some were lost.
    let mut look: Option<Instant> = None;
    loop {
        let received = tokio::select! {
            biased;
            received = datagrams.next() => received,
            () = tokio::time::sleep_until(look.unwrap_or_else(Instant::now)), if look.is_some() => {
                look = None;
                report_lost(&datagrams, &store, &logs);
                continue;
            }
        };
        match received {
            Some(Ok(datagram)) => {
                look = look.or_else(|| Some(Instant::now() + LOOK));
                if let Err(error) = handle(&datagram, &store) {
                    logs.report(&format!("x-ray dropped a datagram: {error}"));
                }
            }
            Some(Err(error)) => logs.report(&format!("x-ray could not read a datagram: {error}")),
            None => return,
        }
    }
}

fn report_lost(datagrams: &Datagrams, store: &Store, logs: &Logs) {
    let lost = datagrams.lost();
    let more = lost.saturating_sub(store.lost_datagrams());
    if more > 0 {
        store.set_lost_datagrams(lost);
        let kb = datagrams.buffer / 1024;
        logs.report(&format!(
            "x-ray lost {more} datagrams, so traces lack segments: they came faster than they could be read; hint: the \
             socket's buffer has {kb} KB, and Linux limits it to `sysctl net.core.rmem_max`"
        ));
    }
}

fn handle(datagram: &[u8], store: &Store) -> Result<(), DatagramError> {
    let text = std::str::from_utf8(datagram)?;
    let (header, document) = text.split_once('\n').ok_or(DatagramError::NoHeader)?;
    if !is_supported(&serde_json::from_str(header)?) {
        return Err(DatagramError::Header);
    }
    if document.trim().is_empty() {
        return Err(DatagramError::NoDocument);
    }
    if let Some(taken) = otlp::take_datagram(document, store) {
        return Ok(taken?);
    }
    store.put(document).map_err(DatagramError::Rejected)
}

fn is_supported(header: &Value) -> bool {
    let member = |name: &str| {
        let mut members = header.as_object()?.iter();
        members.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let format = member("format").and_then(Value::as_str);
    format.is_some_and(|format| format.eq_ignore_ascii_case("json"))
        && member("version").and_then(Value::as_u64) == Some(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DOCUMENT: &str = r#"{"id":"53995c3f42cd8ad8","name":"n","start_time":1,"end_time":2,
        "trace_id":"1-5759e988-bd862e3fe1be46a994272793"}"#;

    #[test]
    fn datagrams() {
        let store = Store::new(10);
        for header in [
            r#"{"format": "json", "version": 1}"#,
            r#"{"format":"json","version":1}"#,
            r#"{"Version":1,"Format":"JSON"}"#,
        ] {
            handle(format!("{header}\n{DOCUMENT}").as_bytes(), &store).unwrap();
        }
        assert_eq!(store.traces().len(), 1);
        for datagram in [
            "",
            "\n",
            DOCUMENT,
            r#"{"format":"json","version":1}"#,
            "{\"format\":\"json\",\"version\":1}\n",
            "{\"format\":\"json\",\"version\":2}\n{}",
            "{\"format\":\"json\",\"version\":1}\n{}",
        ] {
            assert!(handle(datagram.as_bytes(), &store).is_err(), "{datagram}");
        }
        assert!(handle(b"\xff\n{}", &store).is_err());
    }

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _outcome = handle(&bytes, &Store::new(1));
        }
    }
}

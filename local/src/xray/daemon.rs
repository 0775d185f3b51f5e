use std::{str::Utf8Error, sync::Arc};

use serde_json::Value;
use tokio::net::UdpSocket;

use super::{
    document::Rejection,
    otlp::{self, OtlpError},
    store::Store,
};
use crate::logs::Logs;

/// The largest datagram that the daemon reads.
const MAX_DATAGRAM: usize = 65_536;

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

/// Receives what SDKs send to the X-Ray daemon: datagrams of a header line, and a document or OpenTelemetry's spans. What is malformed
/// is dropped and reported, as the daemon does.
/// See <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon>.
pub(crate) async fn listen(socket: UdpSocket, store: Arc<Store>, logs: Arc<Logs>) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        match socket.recv(&mut buffer).await {
            Ok(length) => {
                if let Err(error) = handle(&buffer[..length], &store) {
                    logs.report(&format!("x-ray dropped a datagram: {error}"));
                }
            }
            // A datagram that does not fit and an earlier send that bounced affect only themselves.
            Err(error) => logs.report(&format!("x-ray could not read a datagram: {error}")),
        }
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

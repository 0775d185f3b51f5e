use std::sync::Arc;

use serde_json::Value;
use tokio::net::UdpSocket;

use super::store::Store;

/// The largest datagram that the daemon reads.
const MAX_DATAGRAM: usize = 65_536;

/// Receives what the SDKs send to the X-Ray daemon: a line with a header, then one document, a datagram
/// each. What is malformed is dropped and told, as the daemon does.
/// See <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon>.
pub async fn listen(socket: UdpSocket, store: Arc<Store>, complain: impl Fn(String) + Send) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        match socket.recv(&mut buffer).await {
            Ok(length) => {
                if let Err(problem) = take(&buffer[..length], &store) {
                    complain(format!("x-ray dropped a datagram: {problem}"));
                }
            }
            // A datagram that does not fit or an earlier send that bounced concerns only itself.
            Err(error) => complain(format!("x-ray could not read a datagram: {error}")),
        }
    }
}

fn take(datagram: &[u8], store: &Store) -> Result<(), String> {
    let text = std::str::from_utf8(datagram).map_err(|_| "it is not UTF-8".to_owned())?;
    let (header, document) = text.split_once('\n').ok_or("it has no header line")?;
    let header: Value = serde_json::from_str(header).map_err(|_| "its header is not JSON")?;
    let member = |name: &str| {
        let members = header.as_object()?;
        members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let json =
        member("format").and_then(Value::as_str).is_some_and(|f| f.eq_ignore_ascii_case("json"));
    if !json || member("version").and_then(Value::as_u64) != Some(1) {
        return Err(r#"its header is not {"format":"json","version":1}"#.to_owned());
    }
    if document.trim().is_empty() {
        return Err("there is no document behind its header".to_owned());
    }
    store.put(document).map_err(|rejection| rejection.message)
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
            take(format!("{header}\n{DOCUMENT}").as_bytes(), &store).unwrap();
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
            assert!(take(datagram.as_bytes(), &store).is_err(), "{datagram}");
        }
        assert!(take(b"\xff\n{}", &store).is_err());
    }

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _outcome = take(&bytes, &Store::new(1));
        }
    }
}

use proptest::prelude::*;

use super::*;

#[test]
fn datagrams_of_sampled_spans_are_stored() {
    let spans = request(vec![span(span::SpanKind::Server, &json!({}))]).encode_to_vec();
    let store = Store::new(10);
    let text = STANDARD.encode(spans);
    for ignored in [format!("T1U{text}"), "M1xyz".to_owned()] {
        take_datagram(&ignored, &store).unwrap().unwrap();
    }
    assert!(store.trace(TRACE_ID).is_none());
    take_datagram(&format!("T1S{text}\n"), &store).unwrap().unwrap();
    assert!(store.trace(TRACE_ID).is_some());
    assert!(take_datagram("{}", &store).is_none(), "a document");
    assert!(take_datagram("T1S!", &store).unwrap().is_err());
    assert!(take_datagram("T1SAAAA", &store).unwrap().is_err());
}

proptest! {
    #[test]
    fn no_spans_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,60}") {
        let store = Store::new(1);
        let _outcome = take_datagram(&format!("T1S{}", STANDARD.encode(&bytes)), &store);
        let mut odd = span(span::SpanKind::Client, &json!({ "http.url": text, "db.name": text, "http.host": text }));
        odd.events.push(span::Event {
            name: "exception".to_owned(),
            attributes: pairs(&json!({ "exception.stacktrace": text })),
            ..span::Event::default()
        });
        for language in ["python", "java", "php", "nodejs", "dotnet", "go", "other"] {
            let resource = Attributes::new(&pairs(&json!({ "telemetry.sdk.language": language })));
            let _documents = documents(&odd, &resource);
        }
    }
}

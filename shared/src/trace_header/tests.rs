use proptest::prelude::*;

use super::*;

const ROOT: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";

#[test]
fn headers_that_are_accepted() {
    let full = format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
    for (text, written, recorded) in [
        (full.clone(), full.clone(), true),
        (format!("Sampled=1; Parent=53995c3f42cd8ad8 ; {ROOT};"), full.clone(), true),
        (format!("sampled=1;PARENT=53995C3F42CD8AD8;{ROOT}"), full.clone(), true),
        (format!("Self=1-67891234-12456789abcdef0123456789;{full}"), full, true),
        (ROOT.to_owned(), ROOT.to_owned(), false),
        (
            format!("{ROOT};Lineage=a87bd80c:1|68fd508a:5"),
            format!("{ROOT};Lineage=a87bd80c:1|68fd508a:5"),
            false,
        ),
        (
            format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=0;Custom=a=b"),
            format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=0;Custom=a=b"),
            false,
        ),
        (format!("{ROOT};Sampled=?"), format!("{ROOT};Sampled=?"), false),
        (format!("{ROOT};Sampled=1"), format!("{ROOT};Sampled=1"), false),
    ] {
        let header: TraceHeader = text.parse().unwrap();
        assert_eq!(header.to_string(), written, "{text}");
        assert_eq!(header.is_recorded(), recorded, "{text}");
    }
}

#[test]
fn headers_that_are_refused() {
    for (text, refusal) in [
        ("", InvalidTraceHeader::NoRoot),
        ("Sampled=1", InvalidTraceHeader::NoRoot),
        ("Root=1-5759e988", InvalidTraceHeader::BadRoot("1-5759e988".to_owned())),
        ("Root=1-+759e988-bd862e3fe1be46a994272793", {
            InvalidTraceHeader::BadRoot("1-+759e988-bd862e3fe1be46a994272793".to_owned())
        }),
        ("Root=1-00000000-000000000000000000000000", {
            InvalidTraceHeader::BadRoot("1-00000000-000000000000000000000000".to_owned())
        }),
        (&format!("{ROOT};Parent=53"), InvalidTraceHeader::BadParent("53".to_owned())),
        (&format!("{ROOT};Sampled=yes"), InvalidTraceHeader::BadSampled("yes".to_owned())),
    ] {
        assert_eq!(text.parse::<TraceHeader>().unwrap_err(), refusal, "{text}");
    }
}

#[test]
fn a_recorded_call_gets_a_new_parent_and_keeps_the_rest() {
    let header: TraceHeader =
        format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:2:3").parse().unwrap();
    let call = header.with_parent(SpanId::from_hex("00000000000000ff").unwrap());
    assert_eq!(call.to_string(), format!("{ROOT};Parent=00000000000000ff;Sampled=1;Lineage=1:2:3"));
}

#[test]
fn an_unsampled_call_passes_the_header_on_unchanged() {
    for text in [
        format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=0;Lineage=1:2:3"),
        format!("{ROOT};Lineage=1:2:3"),
    ] {
        let header: TraceHeader = text.parse().unwrap();
        assert_eq!(
            header.with_parent(SpanId::from_hex("00000000000000ff").unwrap()).to_string(),
            text
        );
    }
}

#[test]
fn what_clients_add_is_bounded() {
    let long = "x".repeat(300);
    let header: TraceHeader = format!("{ROOT};Long={long};Lineage=1:2:3").parse().unwrap();
    assert_eq!(header.to_string(), format!("{ROOT};Lineage=1:2:3"));
    let many = ";key=value".repeat(1_000);
    let header: TraceHeader = format!("{ROOT}{many}").parse().unwrap();
    assert!(header.to_string().len() < 400, "fits into an entry of PutEvents");
}

proptest! {
    #[test]
    fn headers_round_trip(
        root in "1-[0-9a-f]{8}-[0-9a-f]{23}1",
        parent in proptest::option::of("[0-9a-f]{15}1"),
        sampled in proptest::option::of("[01?]"),
        lineage in proptest::option::of("[0-9]{1,2}:[0-9a-f]{8}:[0-9]"),
    ) {
        let mut text = format!("Root={root}");
        for (key, value) in [("Parent", parent), ("Sampled", sampled), ("Lineage", lineage)] {
            if let Some(value) = value {
                text = format!("{text};{key}={value}");
            }
        }
        prop_assert_eq!(text.parse::<TraceHeader>().unwrap().to_string(), text);
    }

    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let _outcome = text.parse::<TraceHeader>();
    }
}

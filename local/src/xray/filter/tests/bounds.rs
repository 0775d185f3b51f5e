use std::{fmt::Write as _, time::Instant};

use super::*;

#[test]
fn expressions_are_bounded() {
    let store = store();
    let nested = |open: &str, inside: &str, close: &str, depth| {
        format!("{}{inside}{}", open.repeat(depth), close.repeat(depth))
    };
    for too_much in [
        nested("(", "ok", ")", 40),
        nested("!", "ok", "", 40),
        nested("service(){", "ok", "}", 40),
        "ok ".repeat(1_001),
        format!("user = \"{}\"", "x".repeat(20_000)),
    ] {
        assert!(Filter::parse(&too_much, &Groups::default()).is_err(), "{too_much:.40}");
    }
    // Each level would multiply by the number of services, were it evaluated for each of them.
    let deep = nested("service(){", "edge(){ fault }", "}", 30);
    assert_eq!(found(&store, &deep).as_deref(), Ok("faulty"));
}

#[test]
fn too_much_work_ends_early() {
    let store = Store::new(1);
    for id in 1..=3_000 {
        let document = json!({
            "trace_id": format!("1-00000001-{:024x}", 1), "id": format!("{id:016x}"), "name": "n",
            "start_time": 1, "end_time": 2,
        });
        store.put(&document.to_string()).unwrap();
    }
    let trace = &store.traces()[0];
    let mut expression = String::new();
    for number in 0..900 {
        write!(expression, "user = \"{number}\" OR ").unwrap();
    }
    expression.push_str("service() { fault }");
    let filter = Filter::parse(&expression, &Groups::default()).unwrap();
    let mut work = Work::default();
    let began = Instant::now();
    let rounds = (0..1_000).take_while(|_| {
        let _matches = filter.matches(trace, &mut work);
        !work.is_exceeded()
    });
    let rounds = rounds.count();
    assert!(rounds < 20 && work.is_exceeded(), "{rounds} rounds in {:?}", began.elapsed());
    assert!(!Filter::parse("ok", &Groups::default()).unwrap().matches(trace, &mut work));
}

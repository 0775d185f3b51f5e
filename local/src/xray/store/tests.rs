use serde_json::json;

use super::*;
use crate::xray::Window;

fn segment(trace: u32, id: u32, end: Option<f64>) -> String {
    json!({
        "trace_id": format!("1-00000001-{trace:024x}"), "id": format!("{id:016x}"),
        "name": format!("n{id}"), "start_time": 1.0, "end_time": end, "in_progress": end.is_none(),
    })
    .to_string()
}

#[test]
fn the_oldest_trace_goes_first() {
    let store = Store::new(2);
    for trace in 1..=3 {
        store.put(&segment(trace, 1, Some(2.0))).unwrap();
    }
    let ids: Vec<_> = store.traces().iter().map(|trace| trace.id.clone()).collect();
    let expected = [3, 2].map(|trace| format!("1-00000001-{trace:024x}"));
    assert_eq!(ids, expected);
    assert!(store.trace(&format!("1-00000001-{:024x}", 1)).is_none());
}

#[test]
fn a_complete_document_replaces_the_one_in_progress_and_stays() {
    let store = Store::new(2);
    let id = format!("1-00000001-{:024x}", 1);
    for (end, partial, revision) in [
        (None, true, 1),
        (None, true, 2),
        (Some(2.0), false, 3),
        (None, false, 3),
        (Some(3.0), false, 3),
    ] {
        store.put(&segment(1, 1, end)).unwrap();
        let trace = store.trace(&id).unwrap();
        assert_eq!((trace.nodes.len(), trace.is_partial()), (1, partial));
        assert_eq!(trace.revision, revision);
    }
    assert!((store.trace(&id).unwrap().duration() - 1.0).abs() < 1e-9);
}

#[test]
fn documents_that_come_together_change_a_trace_once() {
    let store = Store::new(2);
    let texts = [segment(1, 1, None), "{".to_owned(), segment(1, 2, None), segment(2, 1, None)];
    assert_eq!(store.put_all(texts.iter().map(String::as_str)).len(), 1);
    let revisions: Vec<_> = store.traces().iter().map(|trace| trace.revision).collect();
    assert_eq!(revisions, [1, 1]);
}

#[test]
fn a_trace_never_grows_beyond_its_limit() {
    let store = Store::new(2);
    for id in 1..=20 {
        let mut document: serde_json::Value =
            serde_json::from_str(&segment(1, id, Some(2.0))).unwrap();
        document["metadata"] = json!({ "default": "x".repeat(60_000) });
        store.put(&document.to_string()).unwrap();
    }
    let trace = store.trace(&format!("1-00000001-{:024x}", 1)).unwrap();
    assert!(trace.limit_exceeded && trace.nodes.len() == 8, "{}", trace.nodes.len());
}

/// How many segments the graph of all traces counts.
fn counted(store: &Store) -> u64 {
    let services = store.all().graph(&Window::default()).services();
    let services = services.as_array().unwrap().iter();
    services.filter_map(|service| service["SummaryStatistics"]["TotalCount"].as_u64()).sum()
}

#[test]
fn a_graph_has_late_documents_and_lacks_traces_that_made_way() {
    let store = Store::new(20);
    (0..20).for_each(|trace| store.put(&segment(trace, 1, Some(2.0))).unwrap());
    assert_eq!(counted(&store), 20);
    // To a trace in the middle, whose part was counted before.
    store.put(&segment(9, 2, Some(2.0))).unwrap();
    assert_eq!(counted(&store), 21);
    store.put(&segment(9, 2, Some(3.0))).unwrap();
    assert_eq!(counted(&store), 21);
    for trace in 20..40 {
        store.put(&segment(trace, 1, Some(2.0))).unwrap();
        let expected = if trace < 29 { 21 } else { 20 };
        assert_eq!((counted(&store), store.all().iter().count()), (expected, 20), "{trace}");
    }
    store.settle(Duration::ZERO);
    assert_eq!(counted(&store), 20);
}

#[test]
fn a_snapshot_stays_as_it_was() {
    let store = Store::new(2);
    (1..=2).for_each(|trace| store.put(&segment(trace, 1, Some(2.0))).unwrap());
    let before = store.all();
    (3..=9).for_each(|trace| store.put(&segment(trace, 1, Some(2.0))).unwrap());
    let ids = |snapshot: &Snapshot| snapshot.iter().map(|found| found.trace().id.clone()).collect();
    let expected = |traces: [u32; 2]| traces.map(|trace| format!("1-00000001-{trace:024x}"));
    let (old, new): (Vec<_>, Vec<_>) = (ids(&before), ids(&store.all()));
    assert_eq!((old, new), (expected([2, 1]).into(), expected([9, 8]).into()));
}

/// Several threads bring documents while others read and settle. Who brought a document finds it, no reader sees less
/// than before, and at last everything is there.
#[test]
fn documents_may_come_while_others_read() {
    const WRITERS: u32 = 3;
    const TRACES: u32 = 60;
    let store = Store::new(1_000);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers = [0, 1, 2].map(|writer| {
            let store = &store;
            scope.spawn(move || {
                for trace in 0..TRACES {
                    let trace = if trace % 3 == 0 { trace } else { trace + 1_000 * (writer + 1) };
                    store.put(&segment(trace, writer + 1, Some(2.0))).unwrap();
                    let found = store.find(&format!("1-00000001-{trace:024x}")).unwrap();
                    let name = format!("n{}", writer + 1);
                    assert!(found.trace().nodes.iter().any(|node| node.name() == name));
                    let all = store.all();
                    let mut same =
                        all.iter().filter(|other| other.outline.id() == found.outline.id());
                    let services = &same.next().unwrap().outline.topology.services;
                    assert!(services.iter().any(|part| part.service.id.name == name));
                }
            })
        });
        for _ in 0..2 {
            scope.spawn(|| {
                let mut before = 0;
                while !done.load(Ordering::Relaxed) {
                    let now = counted(&store);
                    assert!(now >= before, "{now} after {before}");
                    before = now;
                    store.settle(Duration::ZERO);
                    let _none = store.linked_from(&format!("1-00000001-{:024x}", 1));
                }
            });
        }
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(counted(&store), u64::from(WRITERS * TRACES));
}

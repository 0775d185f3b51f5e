use super::*;
use crate::xray::{Snapshot, Window, outline::Outline};

/// Documents of a few traces, more than blocks have: parents, calls, failures, annotations, links, some in progress.
fn mixed() -> impl Strategy<Value = Value> {
    (0u32..12, 0u32..9, 0u32..9, any::<[bool; 5]>(), 0u32..4).prop_map(
        |(trace, id, parent, [subsegment, aws, fault, running, linked], value)| {
            let name = |trace| format!("1-00000001-{trace:024x}");
            let mut document =
                segment(id, &json!({ "trace_id": name(trace), "annotations": { "key": value } }));
            if parent != id {
                document["parent_id"] = json!(hex(parent));
                if subsegment {
                    document["type"] = json!("subsegment");
                }
            }
            if aws {
                document["namespace"] = json!("aws");
                document["origin"] = json!("AWS::Lambda");
            }
            if fault {
                document["fault"] = json!(true);
            }
            if linked {
                document["metadata"] = json!({ "default": { "published_in_trace": name(value) } });
            }
            if running {
                document["in_progress"] = json!(true);
                document["end_time"] = Value::Null;
            }
            document
        },
    )
}

/// Windows that have all, some or none of them.
fn windows() -> Vec<Window> {
    let began = |start, end| Window::began_in(start..end);
    vec![began(0.0, 3.0), began(3.0, 9.0), Window::active_between(2.5, 4.0)]
}

/// The traces in a window, and the graph of them, which has to be that of their outlines.
fn part(all: &Snapshot, window: &Window) -> Value {
    let within = || all.within(window).map(|found| &*found.outline);
    let graph = all.graph(window).services();
    assert_eq!(graph, Graph::of_outlines(within()).services());
    json!({ "ids": within().map(Outline::id).collect::<Vec<_>>(), "graph": graph })
}

/// All that can be asked of a store.
fn everything(store: &Store) -> Value {
    let all = store.all();
    let traces = all.iter().map(|found| {
        let trace = found.trace();
        let links: Vec<_> = store.linked_from(&trace.id).iter().map(|from| from.id()).collect();
        let mut summary = summary(&trace);
        summary["Links"] = json!(links);
        summary["Documents"] =
            trace.documents().into_iter().map(|(_, document)| document).collect();
        summary
    });
    json!({
        "graph": all.graph(&Window::default()).services(),
        "parts": windows().iter().map(|window| part(&all, window)).collect::<Vec<_>>(),
        "traces": traces.collect::<Vec<_>>(),
    })
}

proptest! {
    /// Whatever was asked or settled in between, and in whatever order documents come, partly or again: the store
    /// answers what one answers that is asked for the first time, and its graph is that of the traces as they are.
    #[test]
    fn what_is_kept_ready_is_what_would_be_worked_out_now(
        steps in proptest::collection::vec((mixed(), 0u32..6), 1..60),
        limit in 1usize..9,
    ) {
        let (kept, fresh) = (Store::new(limit), Store::new(limit));
        for (document, step) in steps {
            for store in [&kept, &fresh] {
                let _accepted = store.put(&document.to_string());
            }
            match step {
                0 => drop(kept.settle(std::time::Duration::ZERO)),
                1 => drop(everything(&kept)),
                _ => {}
            }
        }
        prop_assert_eq!(everything(&kept), everything(&fresh));
        let traces = fresh.traces();
        let graph = Graph::of(traces.iter().map(AsRef::as_ref)).services();
        prop_assert_eq!(&everything(&kept)["graph"], &graph);
    }
}

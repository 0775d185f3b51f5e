use super::*;

/// The deepest flagged exception counts, even if a call on the way there is not flagged itself.
#[test]
fn faults_behind_what_is_not_flagged() {
    let broke = || exception("Broke", "00000000000000aa");
    let function = || {
        json!({
            "id": 3, "parent_id": 2, "name": "f", "origin": "AWS::Lambda", "fault": true, "cause": broke(),
        })
    };
    let root = |more: Value| {
        let mut root = json!({ "id": 1, "name": "a", "fault": true, "subsegments": [
            { "id": 2, "name": "Lambda", "namespace": "aws" },
        ] });
        for (name, value) in more.as_object().into_iter().flatten() {
            root[name] = value.clone();
        }
        root
    };
    for (what, documents, expected) in [
        (
            "a call without a flag",
            vec![root(json!({})), function()],
            vec!["client a()[a, Lambda*] > f(AWS::Lambda)[f:Broke]"],
        ),
        (
            "the same, with an exception of the root",
            vec![root(json!({ "cause": exception("Failed", "00000000000000ab") })), function()],
            vec!["client a()[a:Failed, Lambda*] > f(AWS::Lambda)[f:Broke]"],
        ),
        (
            "a bus without a flag",
            vec![
                root(json!({ "subsegments": [{ "id": 2, "name": "Events", "namespace": "aws" }] })),
                function(),
            ],
            vec!["client a()[a, Events*] > Events(AWS::Events)?[Events] > f(AWS::Lambda)[f:Broke]"],
        ),
        (
            "a flagged child goes first, and what is on no way is one of its own",
            vec![
                root(json!({ "subsegments": [
                    { "id": 2, "name": "Lambda", "namespace": "aws" },
                    { "id": 4, "name": "b", "fault": true, "cause": exception("Other", "00000000000000ac") },
                ] })),
                function(),
            ],
            vec!["client a()[a, b:Other]", "client f(AWS::Lambda)[f:Broke]"],
        ),
        (
            "a function that failed without an exception",
            vec![
                root(json!({})),
                json!({ "id": 3, "parent_id": 2, "name": "f", "origin": "AWS::Lambda", "fault": true }),
            ],
            vec![],
        ),
        (
            "an exception without a flag",
            vec![
                root(json!({})),
                json!({ "id": 3, "parent_id": 2, "name": "f", "origin": "AWS::Lambda", "cause": broke() }),
            ],
            vec![],
        ),
        (
            "a root without a flag",
            vec![root(json!({ "fault": false })), function()],
            vec!["f(AWS::Lambda)[f:Broke]"],
        ),
    ] {
        assert_eq!(shown(&assemble(documents), Category::Fault), expected, "{what}");
    }
}

#[test]
fn a_throttled_root_has_no_causes_of_errors() {
    let broke = || exception("Slow", "00000000000000aa");
    for (flags, expected) in [
        (json!({ "error": true }), vec!["client a()[a:Slow, b:Slow]"]),
        (json!({ "error": true, "throttle": true }), vec![]),
        (json!({ "http": { "response": { "status": 429 } } }), vec![]),
    ] {
        let mut root = json!({ "id": 1, "name": "a", "cause": broke(), "subsegments": [
            { "id": 2, "name": "b", "error": true, "cause": broke() },
        ] });
        for (name, value) in flags.as_object().into_iter().flatten() {
            root[name] = value.clone();
        }
        let trace = assemble(vec![root]);
        assert_eq!(shown(&trace, Category::Error), expected, "{flags}");
    }
}

/// Every second one is flagged, and all of them name the exception at the end, which is out of reach for most.
#[test]
fn a_chain_of_thousands_that_name_its_end_takes_no_time() {
    let mut documents = vec![json!({ "id": 1, "name": "n", "fault": true })];
    documents.extend((2..2_000_u64).map(|id| {
        let cause = if id == 1_999 {
            exception("E", "00000000000000aa")
        } else {
            json!("00000000000000aa")
        };
        json!({ "id": id, "parent_id": id - 1, "name": "n", "fault": id % 2 == 1, "cause": cause })
    }));
    let trace = assemble(documents);
    let began = std::time::Instant::now();
    let found = shown(&trace, Category::Fault);
    assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
    assert_eq!(found.len(), 1);
}

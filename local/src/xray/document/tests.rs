use proptest::prelude::*;
use serde_json::json;

use super::*;

fn with(changes: &Value) -> Value {
    let mut document = json!({
        "id": "53995c3f42cd8ad8", "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
        "name": "shop", "start_time": 1.5, "end_time": 2.0,
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        document[name] = value.clone();
    }
    document
}

#[test]
fn documents_that_are_taken() {
    for changes in [
        json!({}),
        json!({ "parent_id": "53995c3f42cd8ad9" }),
        json!({ "id": "53995C3F42CD8AD8" }),
        json!({ "trace_id": "1-00000000-bd862e3fe1be46a994272793" }),
        json!({ "type": "segment" }),
        json!({ "type": "subsegment", "parent_id": "53995c3f42cd8ad9" }),
        json!({ "end_time": 1.0 }),
        json!({ "in_progress": false }),
        json!({ "in_progress": true, "end_time": null }),
        json!({ "name": "a.b:c/d%e&f#g=h+i\\j-k@l größe" }),
        json!({ "subsegments": [
            { "id": "53995c3f42cd8ad9", "name": "in", "start_time": 1, "in_progress": true },
        ] }),
    ] {
        assert!(read(&with(&changes).to_string()).is_ok(), "{changes}");
    }
    // JavaScript sends such a text where it cut an emoji in two.
    let half = with(&json!({ "user": "HALF" })).to_string().replace("HALF", r"a\ud83d");
    let kept: Value = serde_json::from_str(&read(&half).unwrap().text).unwrap();
    assert_eq!(kept["user"], "a\u{fffd}");
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    for (levels, taken) in [(125, true), (127, false), (10_000, false)] {
        let nested = with(&json!({ "metadata": { "a": "DEEP" } })).to_string();
        let nested = nested.replace("\"DEEP\"", &deep(levels));
        assert_eq!(read(&nested).is_ok(), taken, "{levels}");
    }
    let running = json!({ "in_progress": true, "end_time": null });
    assert!(read(&with(&running).to_string()).unwrap().in_progress);
    let long = read(&with(&json!({ "name": "ü".repeat(201) })).to_string()).unwrap();
    let cut: Value = serde_json::from_str(&long.text).unwrap();
    assert_eq!(cut["name"], "ü".repeat(200));
}

#[test]
fn documents_that_are_refused() {
    let sub = |changes: &Value| {
        let mut subsegment = json!({
            "id": "53995c3f42cd8ad9", "name": "in", "start_time": 1, "end_time": 2,
        });
        for (name, value) in changes.as_object().into_iter().flatten() {
            subsegment[name] = value.clone();
        }
        json!({ "subsegments": [subsegment] })
    };
    for (changes, code) in [
        (json!({ "id": null }), "MissingId"),
        (json!({ "id": "53", "name": null }), "InvalidId"),
        (json!({ "id": "53995c3f42cd8adg" }), "InvalidId"),
        (json!({ "name": null }), "MissingName"),
        (json!({ "name": "" }), "MissingName"),
        (json!({ "name": "what?" }), "InvalidName"),
        (json!({ "trace_id": null }), "MissingTraceId"),
        (json!({ "trace_id": "5759e988bd862e3fe1be46a994272793" }), "InvalidTraceId"),
        (json!({ "start_time": "now" }), "MissingStartTime"),
        (json!({ "start_time": -1 }), "InvalidStartTime"),
        (json!({ "start_time": 1_790_000_000_000_i64 }), "InvalidStartTime"),
        (json!({ "start_time": 1e308 }), "InvalidStartTime"),
        (json!({ "start_time": 9_223_372_036_854_775_808_u64 }), "InvalidStartTime"),
        (json!({ "end_time": null }), "MissingEndTime"),
        (json!({ "end_time": 1e12 }), "InvalidEndTime"),
        (json!({ "in_progress": true }), "InProgressSegmentHasEndTime"),
        (json!({ "parent_id": "53" }), "InvalidParentId"),
        (json!({ "type": "subsegment" }), "MissingParentId"),
        (json!({ "type": "span" }), "UnknownType"),
        (json!({ "subsegments": [3] }), "ParseError"),
        (sub(&json!({ "id": null })), "MissingId"),
        (sub(&json!({ "name": null })), "MissingName"),
        (sub(&json!({ "start_time": 1e18 })), "InvalidStartTime"),
        (sub(&json!({ "in_progress": true })), "InProgressSubsegmentHasEndTime"),
    ] {
        let refused = read(&with(&changes).to_string()).unwrap_err();
        assert_eq!(refused.code, code, "{changes}");
    }
    let array = json!([with(&json!({}))]).to_string();
    for text in ["", "{", "null", "3", "[3]", "\"x\"", "{\"start_time\":1e999}", &array] {
        assert_eq!(read(text).unwrap_err().code, "ParseError", "{text}");
    }
    assert_eq!(read(&"x".repeat(70_000)).unwrap_err().code, "DocumentTooLarge");
}

#[test]
fn refusals_are_worded_as_aws_does() {
    for (text, id, answer) in [
        ("{".to_owned(), None, "Invalid segment. ErrorCode: ParseError"),
        ("[]".to_owned(), None, "Invalid entity. ErrorCode: ParseError"),
        (
            with(&json!({ "start_time": null })).to_string(),
            Some("53995c3f42cd8ad8"),
            "Invalid segment. ErrorCode: MissingStartTime",
        ),
        (
            with(&json!({ "subsegments": [{}] })).to_string(),
            Some("53995c3f42cd8ad8"),
            "Invalid subsegment. ErrorCode: MissingId, Cause: null",
        ),
    ] {
        let refused = read(&text).unwrap_err();
        assert_eq!((refused.id.as_deref(), refused.answer.as_str()), (id, answer));
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}\",:a-z0-9 ]{0,60}") {
        let _outcome = read(&text);
    }
}

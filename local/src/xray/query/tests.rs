use serde_json::{Value, json};

use super::*;

fn id(time: u32, trace: u32) -> String {
    format!("1-{time:08x}-{trace:024x}")
}

fn segment(trace: &str, start: f64, more: &Value) -> String {
    let mut segment = json!({
        "trace_id": trace, "id": "0000000000000001", "name": "n", "start_time": start, "end_time": start + 4.0,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        segment[name] = value.clone();
    }
    segment.to_string()
}

fn summaries(store: &Store, request: &Value) -> Result<Vec<Value>, AwsError> {
    let answer = get_trace_summaries(store, &Groups::default(), request)?;
    Ok(answer["TraceSummaries"].as_array().unwrap().clone())
}

#[test]
fn batches_of_traces() {
    let store = Store::new(9);
    store.put(&segment(&id(1, 1), 10.0, &Value::Null)).unwrap();
    store
        .put(&segment(&id(1, 2), 10.0, &json!({ "in_progress": true, "end_time": null })))
        .unwrap();
    let [one, two, nobody] = [id(1, 1), id(1, 2), id(1, 3)];
    let get = |request: Value| batch_get_traces(&store, &request);
    let answer = get(json!({ "TraceIds": [nobody, one.to_uppercase(), two] })).unwrap();
    assert_eq!(answer["UnprocessedTraceIds"], json!([]), "a client would ask for ever");
    let traces: Vec<_> = answer["Traces"].as_array().unwrap().iter().collect();
    let shown =
        traces.iter().map(|trace| (&trace["Id"], &trace["Duration"], &trace["LimitExceeded"]));
    let expected =
        [(&json!(one), &json!(4.0), &json!(false)), (&json!(two), &Value::Null, &json!(false))];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    assert_eq!(get(json!({ "TraceIds": [] })).unwrap()["Traces"], json!([]));
    for (request, code, message) in [
        (json!({}), "ValidationException", "'traceIds'"),
        (json!({ "TraceIds": [one, two, one] }), "InvalidRequestException", "duplicate"),
        (
            json!({ "TraceIds": ["x"] }),
            "InvalidRequestException",
            "Invalid trace id x: incorrect id format",
        ),
        (json!({ "TraceIds": [3] }), "InvalidRequestException", "Invalid trace id 3"),
        (
            json!({ "TraceIds": vec![nobody; 6] }),
            "InvalidRequestException",
            "Exceeding maximum query size: 5",
        ),
        (
            json!({ "TraceIds": [one], "NextToken": "t" }),
            "InvalidRequestException",
            "NextToken is currently not supported",
        ),
    ] {
        let error = get(request).unwrap_err();
        assert_eq!(error.code, code);
        assert!(error.message.contains(message), "{}", error.message);
    }
}

/// One service is called twice, with a pause in between.
#[test]
fn documents_are_answered_without_what_none_has() {
    let store = Store::new(1);
    let id = id(1, 1);
    let odd = json!({
        "unknown_field": 1, "fault": "true", "end_time": 14, "annotations": { "arr": [1], "k": "v" },
        "subsegments": [{ "id": "0000000000000002", "name": "in", "start_time": 10, "end_time": 11, "x": null }],
    });
    store.put(&segment(&id, 10.0, &odd)).unwrap();
    let answer = batch_get_traces(&store, &json!({ "TraceIds": [id] })).unwrap();
    let document = answer["Traces"][0]["Segments"][0]["Document"].as_str().unwrap();
    let document: Value = serde_json::from_str(document).unwrap();
    let expected = json!({
        "trace_id": id, "id": "0000000000000001", "name": "n", "start_time": 10.0, "end_time": 14,
        "annotations": { "k": "v" },
        "subsegments": [{ "id": "0000000000000002", "name": "in", "start_time": 10, "end_time": 11 }],
    });
    assert_eq!(document, expected);
}

#[test]
fn time_ranges_are_of_ids_segments_or_services() {
    let store = Store::new(9);
    let trace = id(1_790_000_000, 1);
    let more = json!({ "id": "0000000000000002", "parent_id": "0000000000000001" });
    store.put(&segment(&trace, 1_790_003_600.5, &Value::Null)).unwrap();
    store.put(&segment(&trace, 1_790_003_700.5, &more)).unwrap();
    // OpenTelemetry's ids are random: there is no time in this one.
    store.put(&segment(&id(900_000_000, 2), 1_790_005_000.0, &Value::Null)).unwrap();
    for (kind, start, end, found) in [
        (None, 1_790_000_000.0, 1_790_000_001.0, Some(Value::Null)),
        (Some("TraceId"), 1_790_000_000.0, 1_790_000_001.0, Some(Value::Null)),
        (Some("TraceId"), 1_790_000_000.75, 1_790_000_001.0, Some(Value::Null)),
        (Some("TraceId"), 1_790_000_001.0, 1_790_000_002.0, None),
        (Some("TraceId"), 1_789_999_999.0, 1_790_000_000.0, None),
        (Some("TraceId"), 1_790_003_600.0, 1_790_003_800.0, None),
        (Some("TraceId"), 1_790_005_000.0, 1_790_005_001.0, Some(Value::Null)),
        (Some("Event"), 1_790_000_000.0, 1_790_003_600.5, None),
        (Some("Event"), 1_790_003_600.0, 1_790_003_601.0, Some(json!(1_790_003_600.0))),
        (Some("Event"), 1_790_003_602.5, 1_790_003_603.0, Some(json!(1_790_003_602.0))),
        (Some("Event"), 1_790_003_604.5, 1_790_003_605.0, Some(json!(1_790_003_604.0))),
        (Some("Event"), 1_790_003_605.0, 1_790_003_700.5, None),
        (Some("Event"), 1_790_003_604.0, 1_790_003_701.0, Some(json!(1_790_003_604.0))),
        (Some("Event"), 1_790_003_705.0, 1_790_003_706.0, None),
        (Some("Service"), 1_790_003_605.0, 1_790_003_700.5, Some(json!(1_790_003_605.0))),
        (Some("Service"), 1_790_003_705.0, 1_790_003_706.0, None),
    ] {
        let request = json!({ "StartTime": start, "EndTime": end, "TimeRangeType": kind });
        let summaries = summaries(&store, &request).unwrap();
        let matched: Vec<_> =
            summaries.iter().map(|summary| summary["MatchedEventTime"].clone()).collect();
        assert_eq!(matched, Vec::from_iter(found), "{kind:?} {start} {end}");
    }
}

#[test]
fn requests_that_are_refused() {
    let store = Store::new(1);
    for (request, code, message) in [
        (json!({ "EndTime": 1 }), "ValidationException", "Value null at 'startTime'"),
        (json!({ "StartTime": 1 }), "ValidationException", "Value null at 'endTime'"),
        (
            json!({ "StartTime": 2, "EndTime": 1 }),
            "InvalidRequestException",
            "End time cannot be earlier than start time",
        ),
        (json!({ "StartTime": 0, "EndTime": 86_401 }), "InvalidRequestException", "24 hours"),
        (
            json!({ "StartTime": 0, "EndTime": 1, "TimeRangeType": "X" }),
            "ValidationException",
            "[TraceId, Service, Event]",
        ),
        (
            json!({ "StartTime": 0, "EndTime": 1, "FilterExpression": "nonsense" }),
            "InvalidRequestException",
            "Error Location: line 1, position 1",
        ),
        (
            json!({ "StartTime": 0, "EndTime": 1, "NextToken": "t" }),
            "InvalidRequestException",
            "Invalid token t",
        ),
        (
            json!({ "StartTime": 0, "EndTime": 1, "Sampling": true, "SamplingStrategy": { "Name": "FixedRate" } }),
            "InvalidRequestException",
            "between [0, 1]",
        ),
        (
            json!({ "StartTime": 0, "EndTime": 1, "Sampling": true, "SamplingStrategy": { "Name": "FixedRate", "Value": 0.5 } }),
            "InvalidRequestException",
            "Cannot use FixedRate",
        ),
    ] {
        let error = summaries(&store, &request).unwrap_err();
        assert_eq!(error.code, code, "{request}");
        assert!(error.message.contains(message), "{request}: {}", error.message);
    }
}

#[test]
fn a_fixed_rate_answers_that_share() {
    let store = Store::new(1_000);
    for trace in 0..400_u32 {
        store.put(&segment(&id(1, trace.wrapping_mul(2_654_435_761)), 10.0, &Value::Null)).unwrap();
    }
    for (rate, least, most) in [(0.0, 0, 0), (0.2, 40, 120), (1.0, 100, 100)] {
        let request = json!({
            "StartTime": 0, "EndTime": 60, "TimeRangeType": "Event", "Sampling": true,
            "SamplingStrategy": { "Name": "FixedRate", "Value": rate },
        });
        let found = summaries(&store, &request).unwrap().len();
        assert!((least..=most).contains(&found), "{found} at {rate}");
    }
}

/// What a summary says of documents that have everything.
#[test]
fn the_summary_of_documents_that_have_everything() {
    let store = Store::new(1);
    let trace = id(1, 1);
    let ec2 =
        |zone: &str, id: &str| json!({ "ec2": { "availability_zone": zone, "instance_id": id } });
    let documents = [
        segment(
            &trace,
            10.25,
            &json!({
                "id": "0000000000000001", "origin": "AWS::EC2::Instance", "user": "alice", "aws": ec2("us-east-1a", "i-1"),
                "http": { "request": { "method": "GET", "url": 3, "x_forwarded_for": true }, "response": { "status": 429.0 } },
                "annotations": { "k": "v", "list": [1] }, "throttle": true, "error": true,
            }),
        ),
        segment(
            &trace,
            11.0,
            &json!({
                "id": "0000000000000002", "parent_id": "0000000000000001", "user": "bob", "aws": ec2("us-east-1a", "i-2"),
                "annotations": { "k": "w", "n": 1 }, "resource_arn": "arn:a",
            }),
        ),
        segment(
            &trace,
            12.0,
            &json!({
                "id": "0000000000000003", "parent_id": "0000000000000001", "user": "alice", "aws": ec2("us-east-1b", ""),
                "annotations": { "k": "v", "n": 1.0 }, "resource_arn": "arn:a",
            }),
        ),
    ];
    assert!(store.put_all(documents.iter().map(String::as_str)).is_empty());
    let found = summaries(&store, &json!({ "StartTime": 1, "EndTime": 2 })).unwrap();
    insta::assert_json_snapshot!(found);
}

#[test]
fn the_earliest_fifty_annotations_are_indexed() {
    let store = Store::new(10);
    let id = id(1_000, 1);
    for (name, start) in [("late", 1_002.0), ("early", 1_001.0)] {
        let annotations: serde_json::Map<_, _> =
            (0..40).map(|number| (format!("{name}{number:02}"), number.into())).collect();
        let segment_id = if name == "late" { "000000000000000a" } else { "000000000000000b" };
        let more = json!({ "id": segment_id, "annotations": annotations });
        store.put(&segment(&id, start, &more)).unwrap();
    }
    let range = json!({ "StartTime": 0, "EndTime": 2_000 });
    let summary = &summaries(&store, &range).unwrap()[0];
    assert_eq!(summary["Annotations"].as_object().unwrap().len(), 50);
    for (key, found) in [("early39", 1), ("late09", 1), ("late10", 0)] {
        let mut request = range.clone();
        request["FilterExpression"] = format!("annotation[{key}] >= 0").into();
        assert_eq!(summaries(&store, &request).unwrap().len(), found, "{key}");
    }
}

#[test]
fn what_is_unknown_is_null() {
    let store = Store::new(1);
    let summary = |document: String| {
        store.put(&document).unwrap();
        summaries(&store, &json!({ "StartTime": 1, "EndTime": 2 })).unwrap().remove(0)
    };
    let running = json!({ "in_progress": true, "end_time": null });
    let shown = summary(segment(&id(1, 1), 10.0, &running));
    assert_eq!(shown["Duration"], Value::Null);
    assert_eq!(shown["ResponseTime"], Value::Null);
    assert_eq!(shown["IsPartial"], true);
    let orphan = json!({ "id": "0000000000000002", "parent_id": "00000000000000ff" });
    let shown = summary(segment(&id(1, 1), 10.0, &orphan));
    assert_eq!(shown["IsPartial"], true);
    let shown = summary(segment(&id(1, 1), 10.0, &Value::Null));
    assert_eq!((&shown["Duration"], &shown["ResponseTime"]), (&json!(4.0), &json!(4.0)));
    assert_eq!(shown["Revision"], 3);
}

use std::time::Duration;

use crate::{
    events::{Archives, BusLogs, Targets},
    faults::Faults,
    lambda::{Endpoints, Lambda, Settings},
    logs::Logs,
    rules::Pattern,
    sqs::Queues,
    template,
    xray::{Recorder, Store},
};

use super::*;

const ARCHIVE: &str = "arn:aws:events:us-east-1:000000000000:archive/kept";
const BUS: &str = "arn:aws:events:us-east-1:000000000000:event-bus/shop";

/// A bus with an archive of what is sold, and one rule without targets.
fn buses() -> Arc<Buses> {
    let logs = Arc::new(Logs::new(|_| {}));
    let queues = Arc::new(Queues::new(Vec::new(), Arc::clone(&logs)));
    let endpoints = Endpoints { aws: String::new(), xray: String::new() };
    let settings = Settings { endpoints, retry_delay: Duration::ZERO, max_processes: 1 };
    let lambda = Arc::new(Lambda::new(
        Vec::new(),
        &settings,
        Recorder::new(Arc::new(Store::new(1)), Arc::clone(&logs)),
        Arc::clone(&queues),
        Arc::clone(&logs),
        Arc::new(Faults::new(&[])),
    ));
    let pattern = Pattern::from_value(&json!({ "detail-type": ["Sold"] })).unwrap();
    let archive = template::Archive {
        logical_id: "Kept".to_owned(),
        name: "kept".to_owned(),
        bus: "shop".to_owned(),
        pattern: Some(pattern.clone()),
        retention_days: 0,
    };
    let rule = template::Rule {
        logical_id: "Rule".to_owned(),
        name: "sold".to_owned(),
        arn: arn("events", "rule/shop/sold"),
        bus: "shop".to_owned(),
        pattern,
        enabled: true,
        targets: Vec::new(),
    };
    let archives = Archives::new(vec![archive], Arc::clone(&logs));
    let targets = Targets { lambda, queues };
    let names = vec!["shop".to_owned()];
    Arc::new(Buses::new(names, vec![rule], archives, targets, BusLogs::new([].into(), logs)))
}

fn publish(buses: &Buses, detail_type: &str, time: f64) {
    let event = json!({ "detail-type": detail_type, "detail": { "sum": 1 } });
    let event = serde_json::value::to_raw_value(&event).unwrap();
    buses.dispatch("shop", event, clock::at(time), None);
}

fn request(name: &str) -> Value {
    json!({
        "ReplayName": name,
        "EventSourceArn": ARCHIVE,
        "EventStartTime": 100.5,
        "EventEndTime": 200,
        "Destination": { "Arn": BUS },
    })
}

/// Waits until the replay of that name has ended, and describes it.
async fn ended(buses: &Buses, name: &str) -> Value {
    loop {
        let described = buses.replays.describe(&json!({ "ReplayName": name })).unwrap();
        if described["ReplayEndTime"].is_number() {
            return described;
        }
        tokio::task::yield_now().await;
    }
}

/// The events that are on the bus because of a replay.
fn replayed(buses: &Buses) -> usize {
    buses.events(|record| record.event["replay-name"].is_string()).len()
}

#[tokio::test]
async fn what_the_archive_kept_of_that_time_is_replayed_and_not_archived_again() {
    let buses = buses();
    for time in [99.9, 100.0, 200.9, 201.0] {
        publish(&buses, "Sold", time);
    }
    publish(&buses, "Refused", 150.0);
    let started = Replays::start(&buses, &request("first")).unwrap();
    assert_eq!((&started["State"], buses.is_replaying()), (&json!("STARTING"), true));
    let described = ended(&buses, "first").await;
    assert_eq!(described["State"], "COMPLETED");
    assert_eq!(described["EventLastReplayedTime"], 200);
    let events = buses.events(|record| record.event["replay-name"] == "first");
    assert_eq!(events.len(), 2);
    assert_eq!(
        events[0].event.text(),
        r#"{"detail":{"sum":1},"detail-type":"Sold","replay-name":"first"}"#
    );
    assert_eq!(events[0].rules, ["sold"]);
    let kept = buses.archives.describe(&json!({ "ArchiveName": "kept" })).unwrap();
    assert_eq!(kept["EventCount"], 4, "{kept}");
    assert!(!buses.is_replaying());
}

#[tokio::test]
async fn a_cancelled_replay_stops_and_cannot_be_cancelled_again() {
    let buses = buses();
    publish(&buses, "Sold", 150.0);
    Replays::start(&buses, &request("first")).unwrap();
    // Its task has had no turn yet.
    let name = json!({ "ReplayName": "first" });
    assert_eq!(buses.replays.cancel(&name).unwrap()["State"], "CANCELLING");
    let again = buses.replays.cancel(&name).unwrap_err();
    assert_eq!(again.code, "IllegalStatusException");
    assert_eq!(ended(&buses, "first").await["State"], "CANCELLED");
    assert_eq!(replayed(&buses), 0);
    assert_eq!(buses.replays.cancel(&name).unwrap_err().code, "IllegalStatusException");
}

#[tokio::test]
async fn replays_that_are_refused() {
    let buses = buses();
    Replays::start(&buses, &request("first")).unwrap();
    let other_bus = arn("events", "event-bus/default");
    for (member, value, code, message) in [
        ("ReplayName", json!("first"), "ResourceAlreadyExistsException", "Replay first already"),
        ("ReplayName", json!("a b"), "ValidationException", "regular expression pattern"),
        ("ReplayName", Value::Null, "ValidationException", "'replayName' failed"),
        ("EventEndTime", json!(100), "ValidationException", "must be before EventEndTime."),
        ("EventEndTime", json!("x"), "SerializationException", "EventEndTime cannot be"),
        ("EventEndTime", Value::Null, "ValidationException", "'eventEndTime' failed"),
        ("EventSourceArn", json!("archive/b"), "ValidationException", "Archive b does not exist."),
        ("Destination", json!({ "Arn": other_bus }), "ValidationException", "Cross event bus"),
        ("Destination", json!({}), "ValidationException", "'arn' failed"),
        (
            "Destination",
            json!({ "Arn": BUS, "FilterArns": ["rule/shop/nobody"] }),
            "ResourceNotFoundException",
            "Rule nobody does not exist.",
        ),
    ] {
        let mut request = request("second");
        request[member] = value;
        let error = Replays::start(&buses, &request).unwrap_err();
        assert_eq!(error.code, code, "{request}");
        assert!(error.message.contains(message), "{}", error.message);
    }
    let unknown = json!({ "ReplayName": "second" });
    assert_eq!(buses.replays.describe(&unknown).unwrap_err().code, "ResourceNotFoundException");
}

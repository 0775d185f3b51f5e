use chrono::DateTime;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::{
    certificates::trusting, envelope::Cause, event::NotificationSent, http_client::tests::config,
    recorded::Recorded,
};

fn sent(detail_types: &[&str]) -> Vec<PutEventsRequestEntry> {
    let entry = |name: &&str| PutEventsRequestEntry::builder().detail_type(*name).build();
    detail_types.iter().map(entry).collect()
}

fn accepted() -> PutEventsResultEntry {
    PutEventsResultEntry::builder().event_id("e").build()
}

fn failed(code: &str) -> PutEventsResultEntry {
    PutEventsResultEntry::builder().error_code(code).error_message("why").build()
}

/// Responds to `PutEvents` with `responses`, in that order, and returns the details of each
/// request's entries.
async fn bus(listener: TcpListener, responses: Vec<Value>) -> Vec<Vec<String>> {
    let mut requests = Vec::new();
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut received = Vec::new();
    for response in responses {
        let body = loop {
            let text = String::from_utf8_lossy(&received);
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && let Some(length) =
                    head.lines().find_map(|line| line.strip_prefix("content-length: "))
                && body.len() >= length.parse().unwrap()
            {
                break serde_json::from_str::<Value>(body).unwrap();
            }
            assert_ne!(stream.read_buf(&mut received).await.unwrap(), 0, "the request is complete");
        };
        received.clear();
        let details = body["Entries"].as_array().unwrap().iter();
        requests.push(details.map(|entry| entry["Detail"].as_str().unwrap().to_owned()).collect());
        let response = response.to_string();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", response.len());
        stream.write_all((head + &response).as_bytes()).await.unwrap();
    }
    requests
}

/// Publishes two events to a bus with those responses. Returns what the bus received, and the
/// outcome.
async fn publish_two(responses: Vec<Value>) -> (Vec<Vec<String>>, Result<(), PublishError>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let config = config(&url, trusting(&[]), 3);
    let publisher = Publisher::new(&config, "bus".to_owned(), Producer::new("test", "1"));
    let events = ["ord_a", "ord_b"].map(|order_id| {
        let sent = NotificationSent {
            order_id: order_id.parse().unwrap(),
            customer_id: "c".parse().unwrap(),
            notification_id: "n".to_owned(),
            channel: "sns".to_owned(),
            outcome: "confirmed".to_owned(),
        };
        OutboundEvent::new(Recorded::New(sent.into()), DateTime::UNIX_EPOCH, Cause::request())
    });
    tokio::join!(bus(listener, responses), publisher.publish_batch(&events))
}

#[tokio::test]
async fn only_the_failed_entry_is_sent_again() {
    let (requests, outcome) = publish_two(vec![
        json!({ "FailedEntryCount": 1, "Entries": [{ "EventId": "1" }, { "ErrorCode": "ThrottlingException", "ErrorMessage": "slow" }] }),
        json!({ "FailedEntryCount": 0, "Entries": [{ "EventId": "2" }] }),
    ])
    .await;
    outcome.unwrap();
    assert_eq!(requests.len(), 2);
    assert_eq!((requests[0].len(), requests[1].len()), (2, 1));
    assert!(requests[1][0].contains("ord_b"), "{requests:?}");
}

#[tokio::test]
async fn an_entry_that_keeps_failing_is_an_error() {
    let failed = json!({ "FailedEntryCount": 2, "Entries": [{ "ErrorCode": "InternalFailure" }, { "ErrorCode": "InternalFailure" }] });
    let (requests, outcome) = publish_two(vec![failed; 4]).await;
    assert_eq!(requests.len(), 4, "one attempt and three retries");
    let error = outcome.unwrap_err().to_string();
    assert_eq!(
        error,
        "event bus `bus` did not accept `Notification Sent`: InternalFailure: gave up after 3 retries"
    );
}

#[tokio::test]
async fn giving_up_names_the_last_error_code() {
    let throttled = json!({ "ErrorCode": "ThrottlingException" });
    let response = |entries: Value| json!({ "FailedEntryCount": 1, "Entries": entries });
    let mut responses = vec![response(json!([{ "EventId": "1" }, throttled]))];
    responses.extend(vec![response(json!([throttled])); 3]);
    let error = publish_two(responses).await.1.unwrap_err().to_string();
    assert!(error.contains("ThrottlingException: gave up after 3 retries"), "{error}");
}

#[test]
fn a_missing_result_is_a_failure() {
    assert_eq!(Outcome::of(sent(&["a", "b"]), &[accepted()]), Outcome::Retry(sent(&["b"])));
    assert_eq!(Outcome::of(sent(&["a"]), &[accepted()]), Outcome::AllAccepted);
}

#[test]
fn an_entry_that_no_retry_can_help_is_an_error_at_once() {
    let results = [failed("ThrottlingException"), failed("MalformedDetail")];
    let Outcome::Refused { entry, code, message } = Outcome::of(sent(&["a", "b"]), &results) else {
        panic!("a malformed entry is refused");
    };
    assert_eq!(
        (entry, code.as_str(), message.as_str()),
        (sent(&["b"]).remove(0), "MalformedDetail", "why")
    );
}

#[test]
fn pauses_double_and_stay_within_their_bound() {
    assert_eq!(pause(0, 1.0), Duration::from_millis(50));
    assert_eq!(pause(2, 1.0), Duration::from_millis(200));
    assert_eq!(pause(2, 0.0), Duration::ZERO);
}

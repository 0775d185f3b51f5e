use super::*;

fn queue(fifo: bool) -> Queue {
    let settings = Settings { name: "q".to_owned(), fifo, ..Settings::default() };
    Queue::new(settings, 0.0)
}

fn message(body: &str, group: Option<&str>, id: Option<&str>) -> NewMessage {
    NewMessage {
        body: body.to_owned(),
        group_id: group.map(str::to_owned),
        deduplication_id: id.map(str::to_owned),
        ..NewMessage::default()
    }
}

fn bodies(received: &[Received]) -> Vec<&str> {
    received.iter().map(|received| received.message.body.text()).collect()
}

#[test]
fn a_received_message_is_hidden_until_it_is_deleted_released_or_its_time_is_up() {
    let mut queue = queue(false);
    for body in ["a", "b"] {
        queue.send(message(body, None, None), 0.0).unwrap();
    }
    let first = queue.receive(1, 30, 1.0);
    assert_eq!(bodies(&first), ["a"]);
    assert_eq!(queue.counts(1.0), Counts { visible: 1, in_flight: 1, delayed: 0 });
    assert_eq!(queue.next_visible(1.0), Some(31.0));
    let second = queue.receive(10, 30, 1.0);
    assert_eq!(bodies(&second), ["b"]);
    queue.change_visibility(&second[0].receipt, 0, 2.0).unwrap();
    let again = queue.receive(10, 30, 2.0);
    assert_eq!(again[0].system["ApproximateReceiveCount"], "2");
    queue.delete(&again[0].receipt, 2.0).unwrap();
    queue.delete(&again[0].receipt, 2.0).unwrap();
    assert_eq!(bodies(&queue.receive(10, 30, 31.0)), ["a"]);
    let code = |outcome: Result<(), AwsError>| outcome.unwrap_err().code;
    assert_eq!(code(queue.delete("nonsense", 0.0)), "ReceiptHandleIsInvalid");
    assert_eq!(code(queue.change_visibility(&second[0].receipt, 0, 2.0)), "InvalidParameterValue");
    assert_eq!(code(queue.change_visibility(&first[0].receipt, 0, 99.0)), "MessageNotInflight");
    queue.purge();
    assert_eq!(queue.counts(99.0), Counts::default());
}

#[test]
fn a_delayed_message_is_hidden_at_first() {
    let mut queue = queue(false);
    let delayed = NewMessage { delay: Some(10), ..message("a", None, None) };
    queue.send(delayed, 0.0).unwrap();
    assert_eq!(queue.counts(9.0), Counts { visible: 0, in_flight: 0, delayed: 1 });
    assert_eq!(bodies(&queue.receive(10, 30, 9.0)), [""; 0]);
    assert_eq!(bodies(&queue.receive(10, 30, 10.0)), ["a"]);
}

#[test]
fn a_fifo_queue_keeps_the_order_of_each_group() {
    let mut queue = queue(true);
    for (body, group) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")] {
        queue.send(message(body, Some(group), Some(body)), 0.0).unwrap();
    }
    let first = queue.receive(1, 30, 0.0);
    assert_eq!(bodies(&first), ["a1"]);
    // Group `a` waits for its first message, group `b` does not.
    assert_eq!(bodies(&queue.receive(10, 30, 1.0)), ["b1"]);
    queue.delete(&first[0].receipt, 2.0).unwrap();
    assert_eq!(bodies(&queue.receive(10, 30, 2.0)), ["a2", "a3"]);
    let numbers: Vec<_> = queue.messages().map(|message| &message.sequence_number).collect();
    assert!(numbers.is_sorted() && numbers[0].is_some(), "{numbers:?}");
}

#[test]
fn a_fifo_queue_takes_a_message_once_in_five_minutes() {
    let mut queue = queue(true);
    let mut send = |body: &str, id: &str, now: f64| {
        queue.send(message(body, Some("g"), Some(id)), now).unwrap().0.id
    };
    let first = send("a", "1", 0.0);
    assert_eq!(send("other", "1", 299.0), first);
    assert_ne!(send("a", "2", 299.0), first);
    assert_ne!(send("a", "1", 300.0), first);
    assert_eq!(queue.messages().count(), 3);
}

#[test]
fn what_a_kind_of_queue_does_not_take_is_refused() {
    let refused =
        |fifo: bool, message: NewMessage| queue(fifo).send(message, 0.0).unwrap_err().code;
    assert_eq!(refused(false, message("a", None, Some("1"))), "InvalidParameterValue");
    assert_eq!(refused(true, message("a", None, Some("1"))), "MissingParameter");
    assert_eq!(refused(true, message("a", Some("g"), None)), "InvalidParameterValue");
    let delayed = NewMessage { delay: Some(1), ..message("a", Some("g"), Some("1")) };
    assert_eq!(refused(true, delayed), "InvalidParameterValue");
    let mut by_content = queue(true);
    by_content.settings.content_based_deduplication = true;
    for _ in 0..2 {
        by_content.send(message("a", Some("g"), None), 0.0).unwrap();
    }
    assert_eq!(by_content.messages().count(), 1);
}

#[test]
fn what_is_dropped_for_lack_of_memory_is_handed_back() {
    let mut queue = queue(false);
    queue.send(message("first", None, None), 0.0).unwrap();
    queue.bytes = MAX_BYTES - OVERHEAD;
    let (_, dropped) = queue.send(message("second", None, None), 0.0).unwrap();
    let dropped: Vec<_> = dropped.iter().map(|message| message.body.text()).collect();
    assert_eq!(dropped, ["first"]);
    assert_eq!(queue.messages().count(), 1);
}

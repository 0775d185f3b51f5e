use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eventbridge::{
    operation::describe_replay::DescribeReplayOutput,
    types::{ReplayDestination, ReplayState},
};
use e2e::{Response, World};
use local::Line;
use serde_json::json;

use crate::{
    metrics::assert_every_event_is_counted_once,
    order_history::look_up,
    processor::{charge, world_with},
};

const NAME: &str = "distributed-tracing-demo";

/// Replays everything that was archived in the last hour, for the rules of these names or for all, and waits
/// until nothing is left to handle.
async fn replay(world: &World, name: &str, rules: &[&str]) -> DescribeReplayOutput {
    let events = &world.events;
    let archive = events.describe_archive().archive_name(NAME).send().await.unwrap();
    let bus = archive.event_source_arn.unwrap();
    let arn = |rule: &&str| format!("{}/{NAME}-{rule}", bus.replace(":event-bus/", ":rule/"));
    let filter: Vec<_> = rules.iter().map(arn).collect();
    let destination = ReplayDestination::builder()
        .arn(&bus)
        .set_filter_arns((!filter.is_empty()).then_some(filter))
        .build()
        .unwrap();
    let (from, to) = world.last_hour();
    let start = events.start_replay().replay_name(name).destination(destination);
    let start = start.event_source_arn(archive.archive_arn.unwrap());
    start.event_start_time(from).event_end_time(to).send().await.unwrap();
    world.settled().await;
    events.describe_replay().replay_name(name).send().await.unwrap()
}

/// How many invocations the events on the bus made, those of a replay included.
fn deliveries(world: &World) -> usize {
    world.stack().events(|_| true).iter().map(|record| record.rules.len()).sum()
}

/// Waits until each delivery of an event has written its line of metrics.
async fn all_are_counted(world: &World) {
    let wanted = deliveries(world);
    let is_delivery = |line: &Line| line.is_metrics() && line.fields.contains("BusLatency=");
    world
        .until("a line of metrics for each delivery", || {
            let lines = world.stack().log_lines(is_delivery);
            assert!(lines.len() <= wanted, "{} lines for {wanted} deliveries", lines.len());
            (lines.len() == wanted).then_some(())
        })
        .await;
}

/// What each order says of itself, without the times of its events.
async fn histories(world: &World, orders: &[Response]) -> Vec<serde_json::Value> {
    let mut histories = Vec::new();
    for order in orders {
        histories.push(look_up(world, order).await.body);
    }
    histories
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_charges_reserves_notifies_and_counts_nobody_twice() {
    let (processor, world) = world_with("ArchiveRetentionDays", "1").await;
    let mut orders = Vec::new();
    for body in [
        r#"{"productId": "p", "quantity": 2}"#,
        r#"{"productId": "p", "paymentMethod": "card_declined"}"#,
        r#"{"productId": "q", "quantity": 30}"#,
    ] {
        orders.push(world.order(body).await);
    }
    world.notified(3).await;
    world.settled().await;
    let published = world.stack().events(|_| true).len();
    let (before, stock) = (histories(&world, &orders).await, world.stock("p").await);

    let replayed = replay(&world, "everything", &[]).await;
    assert_eq!(replayed.state, Some(ReplayState::Completed), "{replayed:#?}");
    assert!(replayed.event_last_replayed_time.is_some() && replayed.replay_end_time.is_some());
    let again = world.stack().events(|record| record.event["replay-name"] == "everything");
    assert_eq!(again.len(), published, "every event came again");

    for order in &orders {
        let charge = charge(&processor, &order.order_id()).await;
        assert_eq!(charge["requests"], 1, "{charge}");
        assert_eq!(charge["isRefunded"], false, "{charge}");
    }
    assert_eq!(world.stock("p").await, stock, "nothing more was reserved or released");
    assert_eq!(world.stack().notifications().len(), 3, "nobody was notified again");
    let queue = format!("{NAME}-customer-notices.fifo");
    assert_eq!(world.stack().messages(&queue).len(), 3, "nor in the customers' queue");
    assert_eq!(histories(&world, &orders).await, before);
    assert_eq!(world.audit().await, []);
    all_are_counted(&world).await;
    assert_every_event_is_counted_once(&world).await;
    let letters = world.stack().dead_letters();
    assert!(letters.is_empty(), "{letters:#?}");
    // What the replay brought is not archived; what the services published again because of it is.
    let archive = world.events.describe_archive().archive_name(NAME).send().await.unwrap();
    let on_the_bus = world.stack().events(|record| record.event["replay-name"].is_null()).len();
    assert_eq!(archive.event_count(), i64::try_from(on_the_bus).unwrap());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_a_replayed_event_names_the_one_in_which_it_was_published() {
    let world = World::with().parameter("ArchiveRetentionDays", "1").start().await;
    let orders = [world.order("{}").await, world.order("{}").await];
    world.notified(2).await;
    world.settled().await;
    replay(&world, "traced", &[]).await;
    let again = world.stack().events(|record| record.event["replay-name"] == "traced");
    assert!(again.iter().all(|record| record.trace_id.is_none()), "the header is not archived");
    let expected: usize = again.iter().map(|record| record.rules.len()).sum();

    let own: BTreeSet<_> = orders.iter().map(Response::trace_id).collect();
    let mut traces = BTreeMap::new();
    let mut count = 0;
    for summary in world.summaries().await {
        let id = summary.id().unwrap();
        if own.contains(id) {
            continue;
        }
        count += 1;
        let seen = world.trace(id, |seen| seen.runs() > 0 && seen.orphans().is_empty()).await;
        let roots: Vec<_> = seen.roots().iter().map(|root| root.origin.clone()).collect();
        assert_eq!(roots, ["AWS::Lambda"], "Lambda starts a trace for each invocation");
        let name =
            |part: &e2e::Part| part.metadata("published_in_trace").as_str().map(str::to_owned);
        let names: BTreeSet<_> = seen.parts.iter().filter_map(name).collect();
        // What is published again in this trace is handled in it, and names no other.
        assert_eq!(names.len(), 1, "{names:?} in {seen:#?}");
        assert!(names.is_subset(&own), "{names:?} is not of {own:?}");
        *traces.entry(names).or_insert(0) += 1;
    }
    assert_eq!(count, expected, "a trace for each delivery: {traces:?}");
    assert_eq!(traces.len(), 2, "{traces:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_for_one_rule_reaches_its_function_alone() {
    let world = World::with().parameter("ArchiveRetentionDays", "1").start().await;
    world.order("{}").await;
    world.notified(1).await;
    world.settled().await;
    let replayed = replay(&world, "filtered", &["notification-payment-outcome"]).await;
    let filter = replayed.destination.unwrap().filter_arns.unwrap();
    assert_eq!(filter.len(), 1);
    let again = world.stack().events(|record| record.event["replay-name"] == "filtered");
    let rules: Vec<_> = again.iter().flat_map(|record| &record.rules).collect();
    assert_eq!(rules, [&format!("{NAME}-notification-payment-outcome")]);
    let listed = world.events.list_replays().send().await.unwrap();
    assert_eq!(listed.replays()[0].replay_name(), Some("filtered"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_through_aws_s_own_client() {
    let world = World::start().await;
    let events = &world.events;
    assert!(events.list_archives().send().await.unwrap().archives().is_empty());
    let bus = events.describe_event_bus().name(NAME).send().await.unwrap().arn.unwrap();
    let pattern = json!({ "detail-type": ["Sold"] }).to_string();
    let create = || events.create_archive().archive_name("sold").event_source_arn(&bus);
    let created = create().event_pattern(&pattern).retention_days(2).send().await.unwrap();
    assert!(created.archive_arn().unwrap().ends_with(":archive/sold"));
    let again = create().send().await.unwrap_err().into_service_error();
    assert!(again.is_resource_already_exists_exception(), "{again:?}");
    for detail_type in ["Sold", "Returned"] {
        world.publish("shop", detail_type, &json!({})).await;
    }
    let described = events.describe_archive().archive_name("sold").send().await.unwrap();
    assert_eq!((described.event_count(), described.retention_days()), (1, Some(2)));
    assert_eq!(described.event_pattern(), Some(pattern.as_str()));
    // EventBridge fills it by a rule of its own.
    let rules = events.list_rules().event_bus_name(NAME).send().await.unwrap();
    let managed = rules.rules().iter().find(|rule| rule.managed_by().is_some()).unwrap();
    assert_eq!(managed.name(), Some("Events-Archive-sold"));
    let managed = managed.event_pattern().unwrap();
    assert_eq!(managed, r#"{"detail-type":["Sold"],"replay-name":[{"exists":false}]}"#);
    let cancel = events.cancel_replay().replay_name("nothing").send().await.unwrap_err();
    assert!(cancel.into_service_error().is_resource_not_found_exception());
    world.settled().await;
    world.end().await;
}

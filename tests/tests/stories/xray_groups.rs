use aws_sdk_xray::types::{EdgeStatistics, InsightState, InsightsConfiguration};
use aws_smithy_types::DateTime;
use e2e::{World, trace_id};
use serde_json::{Value, json};

/// A segment that ended a second ago; what `more` says comes on top.
fn segment(trace: u32, id: u32, name: &str, more: &Value) -> String {
    let now = local::clock::seconds();
    let mut segment = json!({
        "trace_id": trace_id(trace), "id": format!("{id:016x}"), "name": name,
        "start_time": now - 1.5, "end_time": now - 1.0,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        segment[key] = value.clone();
    }
    segment.to_string()
}

async fn put(world: &World, documents: Vec<String>) {
    let put = world.xray.put_trace_segments().set_trace_segment_documents(Some(documents));
    assert_eq!(put.send().await.unwrap().unprocessed_trace_segments(), []);
}

fn insights(enabled: bool) -> InsightsConfiguration {
    InsightsConfiguration::builder().insights_enabled(enabled).build()
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_created_changed_and_deleted() {
    let world = World::start().await;
    let names = async || {
        let groups = world.xray.get_groups().send().await.unwrap();
        groups.groups().iter().map(|g| g.group_name().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // The template's own is there at start.
    assert_eq!(names().await, ["Default", "distributed-tracing-demo"]);
    let create = world.xray.create_group().group_name("faulty").filter_expression("fault");
    let created = create.clone().send().await.unwrap();
    let arn = created.group().unwrap().group_arn().unwrap().to_owned();
    assert!(arn.starts_with("arn:aws:xray:us-east-1:000000000000:group/faulty/"), "{arn}");
    let again = create.send().await.unwrap_err().into_service_error();
    assert!(format!("{again:?}").contains("faulty already exists"), "{again:?}");

    let update = world.xray.update_group().group_arn(&arn).insights_configuration(insights(true));
    update.send().await.unwrap();
    let got = world.xray.get_group().group_name("faulty").send().await.unwrap();
    let group = got.group().unwrap();
    assert_eq!(group.filter_expression(), Some("fault"));
    assert_eq!(group.insights_configuration().unwrap().insights_enabled(), Some(true));

    world.xray.delete_group().group_arn(&arn).send().await.unwrap();
    assert_eq!(names().await, ["Default", "distributed-tracing-demo"]);
    let gone =
        world.xray.get_group().group_arn(&arn).send().await.unwrap_err().into_service_error();
    assert!(gone.is_invalid_request_exception() && format!("{gone:?}").contains("Group not found"));
    let token = world.xray.get_groups().next_token("x").send().await.unwrap_err();
    assert!(format!("{token:?}").contains("Next Token not supported"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_selects_the_traces_of_graphs_summaries_and_statistics() {
    let world = World::start().await;
    put(
        &world,
        vec![segment(1, 1, "shop", &json!({ "fault": true })), segment(2, 2, "office", &json!({}))],
    )
    .await;
    let create = world.xray.create_group().group_name("faulty").filter_expression("fault");
    let arn = create.send().await.unwrap().group().unwrap().group_arn().unwrap().to_owned();
    let (start, end) = world.last_hour();

    let graph = world.xray.get_service_graph().start_time(start).end_time(end);
    let names = |graph: aws_sdk_xray::operation::get_service_graph::GetServiceGraphOutput| {
        let mut names: Vec<_> =
            graph.services().iter().map(|s| s.name().unwrap().to_owned()).collect();
        names.dedup();
        names
    };
    assert_eq!(names(graph.clone().send().await.unwrap()), ["office", "shop"]);
    assert_eq!(names(graph.clone().group_name("faulty").send().await.unwrap()), ["shop"]);
    assert_eq!(names(graph.clone().group_arn(&arn).send().await.unwrap()), ["shop"]);
    // A misspelt group does not answer with everything.
    let unknown = graph.clone().group_name("faultless").send().await.unwrap_err();
    assert!(format!("{unknown:?}").contains("Group not found."), "{unknown:?}");

    let summaries = world.xray.get_trace_summaries().start_time(start).end_time(end);
    let found = summaries.filter_expression(r#"group.name = "faulty""#).send().await.unwrap();
    assert_eq!(found.trace_summaries().len(), 1);

    // A minute counts once it is over.
    let later = DateTime::from_secs(end.secs() + 120);
    let series = world.xray.get_time_series_service_statistics().start_time(start).end_time(later);
    let series = series.group_name("faulty").send().await.unwrap();
    let total = |s: &aws_sdk_xray::types::TimeSeriesServiceStatistics| {
        s.edge_summary_statistics().and_then(EdgeStatistics::total_count).unwrap_or_default()
    };
    assert_eq!(series.time_series_service_statistics().iter().map(total).sum::<i64>(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_that_belong_together_are_an_insight_of_their_group() {
    let world = World::start().await;
    let create =
        world.xray.create_group().group_name("all").filter_expression(r#"service("shop")"#);
    create.insights_configuration(insights(true)).send().await.unwrap();
    let (start, end) = world.last_hour();
    let summaries = || {
        let query = world.xray.get_insight_summaries().start_time(start).end_time(end);
        query.group_name("all").send()
    };
    let failed = |trace: u32| {
        let call = json!({
            "id": format!("{:016x}", trace + 100), "name": "dynamodb", "namespace": "aws", "fault": true,
            "start_time": local::clock::seconds() - 1.4, "end_time": local::clock::seconds() - 1.1,
            "aws": { "operation": "PutItem", "table_name": "orders" },
        });
        segment(trace, trace, "shop", &json!({ "fault": true, "subsegments": [call] }))
    };
    put(&world, vec![failed(1), failed(2), segment(3, 3, "shop", &json!({}))]).await;
    assert_eq!(summaries().await.unwrap().insight_summaries().len(), 0, "two may be chance");
    put(&world, vec![failed(4)]).await;
    let found = summaries().await.unwrap();
    let [insight] = found.insight_summaries() else { panic!("one insight: {found:?}") };
    assert_eq!(insight.state(), Some(&InsightState::Active));
    let cause = insight.root_cause_service_id().unwrap();
    assert_eq!((cause.name(), cause.r#type()), (Some("orders"), Some("AWS::DynamoDB::Table")));
    let impact = insight.client_request_impact_statistics().unwrap();
    assert_eq!((impact.fault_count(), impact.ok_count()), (Some(3), Some(1)));

    let id = insight.insight_id().unwrap();
    let one = world.xray.get_insight().insight_id(id).send().await.unwrap();
    assert_eq!(one.insight().unwrap().group_name(), Some("all"));
    let events = world.xray.get_insight_events().insight_id(id).send().await.unwrap();
    assert_eq!(events.insight_events().len(), 1);
    let graph =
        world.xray.get_insight_impact_graph().insight_id(id).start_time(start).end_time(end);
    let graph = graph.send().await.unwrap();
    assert!(graph.services().iter().any(|service| service.name() == Some("orders")));

    let unknown = "00000000-0000-4000-8000-000000000000";
    let unknown = world.xray.get_insight().insight_id(unknown).send().await.unwrap_err();
    assert!(format!("{unknown:?}").contains("Insight not found"));
    let nowhere = world.xray.get_insight_summaries().start_time(start).end_time(end).send().await;
    assert!(format!("{nowhere:?}").contains("Provide either GroupName or GroupARN"));
    // Without insights a group has none.
    let update =
        world.xray.update_group().group_name("all").insights_configuration(insights(false));
    update.send().await.unwrap();
    assert_eq!(summaries().await.unwrap().insight_summaries().len(), 0);
    world.end().await;
}

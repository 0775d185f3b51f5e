use aws_sdk_xray::{
    operation::get_time_series_service_statistics::builders::GetTimeSeriesServiceStatisticsFluentBuilder,
    types::{
        EdgeStatistics, HistogramEntry, Service, ServiceStatistics, TimeSeriesServiceStatistics,
    },
};
use aws_smithy_types::DateTime;
use e2e::{World, trace_id};
use serde_json::{Value, json};

/// A call that took a quarter of a second from `start`.
fn call(id: u32, name: &str, namespace: &str, start: f64, aws: &Value) -> Value {
    json!({
        "id": format!("{id:016x}"), "name": name, "namespace": namespace, "aws": aws,
        "start_time": start, "end_time": start + 0.25,
    })
}

/// A function with calls of tables, buckets, queues and more, as an SDK reports it that spells services as
/// `spell` does.
fn function(trace: u32, start: f64, spell: fn(&str) -> String) -> Value {
    let aws = |member: &str, value: &str| json!({ "operation": "Do", "region": "us-east-1", member: value });
    let calls = [
        ("DynamoDB", aws("table_name", "orders")),
        ("S3", aws("bucket_name", "invoices")),
        ("SQS", aws("queue_url", "https://sqs.us-east-1.amazonaws.com/0/work")),
        ("SNS", aws("topic_arn", "arn:aws:sns:us-east-1:0:offers")),
        ("Lambda", aws("function_name", "other")),
        ("Events", json!({ "operation": "PutEvents" })),
        ("DynamoDB", json!({})),
        ("Sfn", json!({ "operation": "StartExecution" })),
    ];
    let calls = calls
        .into_iter()
        .zip(trace * 100..)
        .map(|((name, aws), id)| call(id + 2, &spell(name), "aws", start, &aws));
    let calls: Vec<_> = calls
        .chain([call(trace * 100 + 50, "api.example.com", "remote", start, &json!({}))])
        .collect();
    json!({
        "trace_id": trace_id(trace), "id": format!("{:016x}", trace * 100), "name": "pay",
        "origin": "AWS::Lambda::Function", "start_time": start, "end_time": start + 1.0,
        "aws": { "account_id": "123456789012" }, "subsegments": calls,
    })
}

async fn put(world: &World, documents: &[Value]) {
    let texts = documents.iter().map(ToString::to_string).collect();
    let put = world.xray.put_trace_segments().set_trace_segment_documents(Some(texts));
    assert_eq!(put.send().await.unwrap().unprocessed_trace_segments(), []);
}

/// Python's and Node's SDKs send `dynamodb`: their functions stand on the same map.
#[tokio::test(flavor = "multi_thread")]
async fn names_and_types_on_the_map_are_aws_own_however_an_sdk_spells_them() {
    let world = World::start().await;
    let now = local::clock::seconds();
    let lower = |name: &str| if name == "Sfn" { name.to_owned() } else { name.to_lowercase() };
    put(&world, &[function(1, now, str::to_owned), function(2, now, lower)]).await;
    let expected = [
        "pay (AWS::Lambda::Function) -> DynamoDB (AWS::DynamoDB)",
        "pay (AWS::Lambda::Function) -> Events (AWS::Events)",
        "pay (AWS::Lambda::Function) -> Sfn (AWS::Sfn)",
        "pay (AWS::Lambda::Function) -> api.example.com (remote)",
        "pay (AWS::Lambda::Function) -> arn:aws:sns:us-east-1:0:offers (AWS::SNS)",
        "pay (AWS::Lambda::Function) -> https://sqs.us-east-1.amazonaws.com/0/work (AWS::SQS::Queue)",
        "pay (AWS::Lambda::Function) -> invoices (AWS::S3::Bucket)",
        "pay (AWS::Lambda::Function) -> orders (AWS::DynamoDB::Table)",
        "pay (AWS::Lambda::Function) -> other (AWS::Lambda)",
        "pay (client) -> pay (AWS::Lambda::Function)",
    ];
    for trace in [1, 2] {
        assert_eq!(world.edges(&trace_id(trace)).await, expected);
        let seen = world.trace(&trace_id(trace), |_| true).await;
        assert_eq!(seen.named("QueueTime").count(), 1);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_graph_has_statistics_states_and_times() {
    let world = World::start().await;
    let start = local::clock::seconds().floor() - 10.0;
    put(&world, &[function(1, start + 0.1234, str::to_owned)]).await;
    let mut answer = json!({
        "trace_id": trace_id(1), "id": format!("{:016x}", 900), "name": "api", "origin": "AWS::ECS::Container",
        "parent_id": format!("{:016x}", 150), "start_time": start + 0.2, "end_time": start + 0.30049, "fault": true,
    });
    put(&world, std::slice::from_ref(&answer)).await;
    // One in progress counts when it is complete.
    answer["id"] = json!(format!("{:016x}", 901));
    answer["in_progress"] = json!(true);
    answer.as_object_mut().unwrap().remove("end_time");
    put(&world, &[answer]).await;
    let (from, to) = world.last_hour();
    let graph = world.xray.get_service_graph().start_time(from).end_time(to).send().await.unwrap();
    let find = |name: &str, kind: &str| -> &Service {
        let mut services = graph.services().iter();
        services.find(|s| s.name() == Some(name) && s.r#type() == Some(kind)).unwrap()
    };
    let second = |time: Option<&DateTime>| time.unwrap().as_secs_f64() - start;
    for service in graph.services() {
        assert_eq!((second(service.start_time()), second(service.end_time())), (0.0, 1.0));
    }
    assert_eq!(second(graph.start_time()).to_string(), "0");

    let function = find("pay", "AWS::Lambda::Function");
    assert_eq!((function.state(), function.root()), (Some("active"), Some(true)));
    assert_eq!(function.account_id(), Some("123456789012"));
    let client = find("pay", "client");
    assert_eq!((client.state(), client.root()), (Some("unknown"), None));
    assert!(client.summary_statistics().is_none() && client.response_time_histogram().is_empty());
    assert_eq!(client.edges()[0].summary_statistics().unwrap().ok_count(), Some(1));
    let table = find("orders", "AWS::DynamoDB::Table");
    assert_eq!((table.state(), table.account_id()), (Some("unknown"), None));
    assert_eq!(table.summary_statistics().unwrap().total_response_time(), Some(0.25));

    // The callee reports itself: the call knows it by another name.
    let api = find("api", "AWS::ECS::Container");
    let statistics = api.summary_statistics().unwrap();
    assert_eq!(statistics.fault_statistics().unwrap().total_count(), Some(1));
    assert_eq!((statistics.total_count(), statistics.total_response_time()), (Some(1), Some(0.1)));
    let edge =
        function.edges().iter().find(|edge| edge.reference_id() == api.reference_id()).unwrap();
    assert_eq!(edge.summary_statistics().unwrap().total_response_time(), Some(0.5), "two calls");
    assert_eq!(edge.aliases()[0].name(), Some("api.example.com"));

    // The graph of a trace has no times.
    let graph = world.xray.get_trace_graph().trace_ids(trace_id(1)).send().await.unwrap();
    assert!(graph.services().iter().all(|service| service.start_time().is_none()));
    let twice = world.xray.get_trace_graph().trace_ids(trace_id(1)).trace_ids(trace_id(1));
    assert_eq!(twice.send().await.unwrap().services(), graph.services());
    let unknown = world.xray.get_trace_graph().trace_ids(trace_id(9)).send().await.unwrap_err();
    assert!(format!("{unknown:?}").contains("Trace id not found"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_service_that_does_not_report_itself_is_passive() {
    let world = World::start().await;
    put(&world, &[function(1, local::clock::seconds(), str::to_owned)]).await;
    let graph = world.xray.get_trace_graph().trace_ids(trace_id(1)).send().await.unwrap();
    let remote = graph.services().iter().find(|s| s.r#type() == Some("remote")).unwrap();
    assert_eq!((remote.name(), remote.state()), (Some("api.example.com"), Some("passive")));
    world.end().await;
}

/// A request that called another service.
fn request(trace: u32, start: f64, duration: f64, flags: &Value) -> Value {
    let mut segment = json!({
        "trace_id": trace_id(trace), "id": format!("{trace:016x}"), "name": "shop",
        "start_time": start, "end_time": start + duration,
        "subsegments": [call(trace + 100, "back", "remote", start, &json!({}))],
    });
    for (key, value) in flags.as_object().unwrap() {
        segment[key] = value.clone();
    }
    segment
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_come_period_by_period_newest_first() {
    let world = World::start().await;
    let minute = (local::clock::seconds() / 300.0).floor() * 300.0 - 600.0;
    put(
        &world,
        &[
            request(1, minute + 10.0, 1.25, &json!({})),
            request(2, minute + 20.0, 2.5, &json!({ "error": true })),
            request(3, minute + 70.0, 0.4, &json!({ "error": true, "throttle": true })),
            request(4, minute + 80.0, 1.0, &json!({ "fault": true })),
        ],
    )
    .await;
    let query = || statistics_of(&world, minute);
    let offset = |s: &TimeSeriesServiceStatistics| s.timestamp().unwrap().as_secs_f64() - minute;
    let counts = |s: &TimeSeriesServiceStatistics| {
        let service = s.service_summary_statistics().unwrap();
        let errors = service.error_statistics().unwrap();
        (
            service.ok_count().unwrap(),
            errors.throttle_count().unwrap(),
            errors.other_count().unwrap(),
            service.fault_statistics().unwrap().total_count().unwrap(),
            service.total_response_time().unwrap(),
        )
    };
    let series = query().entity_selector_expression(r#"service("shop")"#).send().await.unwrap();
    let [second, first] = series.time_series_service_statistics() else { panic!("{series:?}") };
    assert_eq!((offset(second), counts(second)), (120.0, (0, 1, 0, 1, 1.4)));
    assert_eq!((offset(first), counts(first)), (60.0, (1, 0, 1, 0, 3.75)));
    let times: Vec<_> = first.response_time_histogram().iter().map(HistogramEntry::value).collect();
    assert_eq!(times, [1.25, 2.5]);

    // Five minutes at once; the requests of clients; the calls from one service to another.
    for (selector, period, expected) in [
        (None, 300, vec![(300.0, Some(4))]),
        (Some(r#"edge("shop", "back")"#), 60, vec![(120.0, Some(2)), (60.0, Some(2))]),
        (Some(r#"service(id(type: "client"))"#), 300, vec![(300.0, Some(4))]),
        // When something happened is said all the same.
        (Some(r#"service("nobody")"#), 60, vec![(120.0, None), (60.0, None)]),
    ] {
        let query =
            query().period(period).set_entity_selector_expression(selector.map(str::to_owned));
        let series = query.send().await.unwrap();
        let series = series.time_series_service_statistics().iter().map(|s| {
            let edge = s.edge_summary_statistics().and_then(EdgeStatistics::total_count);
            let service = s.service_summary_statistics().and_then(ServiceStatistics::total_count);
            (offset(s), edge.or(service))
        });
        assert_eq!(series.collect::<Vec<_>>(), expected, "{selector:?}");
    }
    let forecast =
        query().forecast_statistics(true).entity_selector_expression(r#"service("shop")"#);
    let forecast = forecast.send().await.unwrap();
    let faults =
        forecast.time_series_service_statistics()[0].service_forecast_statistics().unwrap();
    assert_eq!((faults.fault_count_low(), faults.fault_count_high()), (Some(0), Some(2)));
    statistics_that_cannot_be_had_are_refused(query).await;
    world.end().await;
}

/// Asks for the statistics of ten minutes.
fn statistics_of(world: &World, start: f64) -> GetTimeSeriesServiceStatisticsFluentBuilder {
    #[expect(clippy::cast_possible_truncation, reason = "the time is whole")]
    let start = DateTime::from_secs(start as i64);
    let end = DateTime::from_secs(start.secs() + 600);
    world.xray.get_time_series_service_statistics().start_time(start).end_time(end)
}

async fn statistics_that_cannot_be_had_are_refused(
    query: impl Fn() -> GetTimeSeriesServiceStatisticsFluentBuilder,
) {
    for (query, reason) in [
        (query().period(61), "Time period must be one of [60, 300]"),
        (query().next_token("x"), "Invalid token x"),
        (
            query().entity_selector_expression("id(0)"),
            "line 1, position 1 : Invalid input symbol: 'id'",
        ),
        (query().forecast_statistics(true), "needs an EntitySelectorExpression"),
        (query().group_name("nobody"), "Group not found."),
        (query().end_time(DateTime::from_secs(1)), "End time cannot be earlier than start time"),
    ] {
        let refused = query.send().await.unwrap_err().into_service_error();
        assert!(refused.is_invalid_request_exception(), "{refused:?}");
        assert!(format!("{refused:?}").contains(reason), "{refused:?}");
    }
}

use aws_smithy_types::DateTime;
use e2e::{Seen, World, trace_id};
use serde_json::{Value, json};

/// A document of trace `trace`; what `more` says comes on top.
fn document(trace: u32, id: u32, name: &str, start: f64, more: &Value) -> Value {
    let mut document = json!({
        "trace_id": trace_id(trace), "id": format!("{id:016x}"), "name": name,
        "start_time": start, "end_time": start + 0.5,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        document[key] = value.clone();
    }
    document
}

async fn put(world: &World, documents: &[Value]) -> Vec<String> {
    let texts = documents.iter().map(ToString::to_string).collect();
    let put = world.xray.put_trace_segments().set_trace_segment_documents(Some(texts));
    let response = put.send().await.unwrap();
    let unprocessed = response.unprocessed_trace_segments().iter();
    unprocessed.map(|segment| segment.error_code().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_may_come_late_twice_out_of_order_and_without_their_parents() {
    let world = World::start().await;
    let now = local::clock::seconds();
    let sub = |id, parent: u32, name| {
        let more = json!({ "type": "subsegment", "parent_id": format!("{parent:016x}") });
        document(1, id, name, now, &more)
    };
    // Children first, one of them twice, one of a parent that never comes.
    assert!(
        put(
            &world,
            &[sub(3, 2, "inner"), sub(2, 1, "outer"), sub(2, 1, "outer"), sub(9, 8, "orphan")]
        )
        .await
        .is_empty()
    );
    let seen = world.trace(&trace_id(1), |seen| seen.parts.len() == 3).await;
    assert_eq!(
        seen.orphans().len(),
        2,
        "outer and orphan wait for their parents: {:#?}",
        seen.orphans()
    );
    let segment = document(1, 1, "service", now, &json!({ "origin": "AWS::ECS::Container" }));
    assert!(put(&world, &[segment]).await.is_empty());
    let seen = world.trace(&trace_id(1), |seen| seen.parts.len() == 4).await;
    let inner = seen.named("inner").next().unwrap();
    let outer = seen.part(inner.parent.as_ref().unwrap()).unwrap();
    assert_eq!((outer.name.as_str(), outer.parent.as_deref()), ("outer", Some("0000000000000001")));
    assert_eq!(seen.orphans().len(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_documents_are_named_and_the_others_accepted() {
    let world = World::start().await;
    let now = local::clock::seconds();
    let codes = put(
        &world,
        &[
            json!("text"),
            json!({}),
            document(1, 1, "", now, &Value::Null),
            document(1, 1, "good", now, &Value::Null),
            document(1, 1, "loop", now, &json!({ "trace_id": "1-2-3" })),
        ],
    )
    .await;
    assert_eq!(codes, ["ParseError", "MissingId", "MissingName", "InvalidTraceId"]);
    let nothing = world.xray.put_trace_segments().set_trace_segment_documents(Some(Vec::new()));
    assert!(nothing.send().await.is_err());
    assert_eq!(world.summaries().await.len(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_with_parents_in_a_circle_or_in_a_long_chain_do_no_harm() {
    let world = World::start().await;
    let now = local::clock::seconds();
    let sub = |trace, id: u32, parent: u32| {
        let more = json!({ "type": "subsegment", "parent_id": format!("{parent:016x}"), "namespace": "aws" });
        document(trace, id, "n", now, &more)
    };
    put(&world, &[sub(1, 1, 2), sub(1, 2, 1), sub(1, 3, 3)]).await;
    let chain: Vec<_> = (2..1_500).map(|id| sub(2, id, id - 1)).collect();
    for documents in chain.chunks(50) {
        put(&world, documents).await;
    }
    put(&world, &[document(2, 1, "top", now, &Value::Null)]).await;
    for (trace, least) in [(1, 3), (2, 1_499)] {
        let seen = world.trace(&trace_id(trace), |seen| seen.parts.len() >= least).await;
        assert!(seen.parts.iter().any(|part| part.origin == "AWS::n"));
        world.edges(&trace_id(trace)).await;
    }
    assert_eq!(world.summaries().await.len(), 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_those_of_aws() {
    let world = World::start().await;
    let ids = (0..6).map(trace_id).collect();
    let refused = world.xray.batch_get_traces().set_trace_ids(Some(ids)).send().await.unwrap_err();
    assert!(refused.into_service_error().is_invalid_request_exception());
    // In neither list: clients ask again for what is unprocessed.
    let missing = world.xray.batch_get_traces().trace_ids(trace_id(1)).send().await.unwrap();
    assert!(missing.traces().is_empty() && missing.unprocessed_trace_ids().is_empty());
    let twice = Some(vec![trace_id(1), trace_id(1)]);
    assert!(world.xray.batch_get_traces().set_trace_ids(twice).send().await.is_err());
    let time = |hours: i64| DateTime::from_secs(1_700_000_000 + hours * 3600);
    for (from, to, fine) in [(0, 6, true), (0, 7, false), (1, 0, false)] {
        let graph =
            world.xray.get_service_graph().start_time(time(from)).end_time(time(to)).send().await;
        assert_eq!(graph.is_ok(), fine, "{from} to {to}");
    }
    let day = world.xray.get_trace_summaries().start_time(time(0)).end_time(time(25)).send().await;
    assert!(day.is_err());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn summaries_come_page_by_page_newest_first() {
    let world = World::start().await;
    let now = local::clock::seconds();
    for trace in 0..250 {
        put(&world, &[document(trace, 1, "n", now - 60.0, &Value::Null)]).await;
    }
    let (start, end) = world.last_hour();
    let query = world.xray.get_trace_summaries().start_time(start).end_time(end);
    let mut pages = query.into_paginator().items().send();
    let mut ids = Vec::new();
    while let Some(summary) = pages.next().await {
        ids.push(summary.unwrap().id.unwrap());
    }
    let expected: Vec<_> = (0..250).rev().map(trace_id).collect();
    assert_eq!(ids, expected);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filter_expressions_find_traces() {
    let world = World::start().await;
    let good = world.order(r#"{"productId": "p"}"#).await;
    let bad = world.order("[]").await;
    world.published("Notification Sent", 1).await;
    world.settled().await;
    world.trace(&good.trace_id(), |seen| seen.runs() == 8).await;
    let order = format!("annotation.order_id = \"{}\"", good.order_id());
    for (expression, both) in [
        ("ok", (true, false)),
        ("error", (false, true)),
        ("!ok", (false, true)),
        ("http.status = 400", (false, true)),
        ("http.url CONTAINS \"/orders/\" AND http.method = \"POST\"", (true, true)),
        (order.as_str(), (true, false)),
        ("annotation[order_amount] > 50", (true, false)),
        ("service(id(type: \"AWS::Events\"))", (true, false)),
        ("service(\"distributed-tracing-demo-payment-service\") { ok }", (true, false)),
        ("service() { fault }", (false, false)),
        ("duration > 0 !(fault OR throttle)", (true, true)),
        ("service(\"distributed-tracing-demo-orders\") { inferred }", (true, false)),
        ("edge(\"distributed-tracing-demo-order-service\", \"Events\") { ok }", (true, false)),
        ("service(id(type: \"client\"))", (true, true)),
        ("rootcause.responsetime.entity { remote AND coverage > 0.5 }", (true, true)),
    ] {
        let (start, end) = world.last_hour();
        let query = world.xray.get_trace_summaries().start_time(start).end_time(end);
        let found = query.filter_expression(expression).send().await.unwrap();
        let has = |id: String| found.trace_summaries().iter().any(|trace| trace.id() == Some(&id));
        assert_eq!((has(good.trace_id()), has(bad.trace_id())), both, "{expression}");
    }
    for expression in ["edge(\"a\")", "ok AND", "(ok", "annotation[", "nonsense = 1", "user = me"] {
        let (start, end) = world.last_hour();
        let query = world.xray.get_trace_summaries().start_time(start).end_time(end);
        let refused = query.filter_expression(expression).send().await.unwrap_err();
        assert!(refused.into_service_error().is_invalid_request_exception(), "{expression}");
    }
    world.end().await;
}

/// `docs/security.md` promises it: neither payment methods nor messages.
#[tokio::test(flavor = "multi_thread")]
async fn no_trace_and_no_log_line_says_what_is_private() {
    let world = crate::tour::every_way_an_order_can_go().await;
    let mut said: Vec<_> =
        world.stack().log_lines(|_| true).iter().map(|line| format!("{line:?}")).collect();
    for summary in world.summaries().await {
        let seen = world.trace(summary.id().unwrap(), |_| true).await;
        said.extend(seen.parts.iter().map(|part| part.document.to_string()));
    }
    assert!(said.len() > 100, "there is something to look through: {}", said.len());
    let sent = world.notified(1).await;
    let private = sent.iter().flat_map(|sent| [sent.subject.as_str(), sent.message.as_str()]);
    for private in private.chain(["card_declined"]) {
        let found: Vec<_> = said.iter().filter(|text| text.contains(private)).collect();
        assert!(found.is_empty(), "`{private}` is in {found:#?}");
    }
    world.end_without_audit("the tour publishes refusals of a confirmed order").await;
}

/// The filter of the X-Ray group whose alarm pages people finds the orders to look at, and no
/// others.
#[tokio::test(flavor = "multi_thread")]
async fn the_group_of_orders_to_look_at_has_the_faulty_and_the_slow_ones() {
    let template = std::fs::read_to_string(e2e::workspace().join("infra/watch.yaml")).unwrap();
    let (_, filter) = template.split_once("FilterExpression: !Sub ").unwrap();
    let filter = filter.lines().next().unwrap();
    let filter = filter.replace("${ProjectName}-${Environment}", "distributed-tracing-demo");
    let filter = |slow: &str| filter.replace("${SlowOrderSeconds}", slow);

    let world = World::start().await;
    let good = world.order("{}").await;
    let refused = world.order("[]").await;
    world.published("Notification Sent", 1).await;
    world.settled().await;
    let table = "distributed-tracing-demo-payments";
    world.dynamodb.delete_table().table_name(table).send().await.unwrap();
    // The client does not see it: the response came before the payment failed.
    let faulty = world.order("{}").await;
    assert_eq!(faulty.status, 201);
    world.settled().await;
    world.publish("order.service", "Order Created", &json!({ "orderId": "not of this API" })).await;
    world.settled().await;
    for (slow, expected) in [("30", [false, false, true]), ("0", [true, true, true])] {
        let (start, end) = world.last_hour();
        let query = world.xray.get_trace_summaries().start_time(start).end_time(end);
        let found = query.filter_expression(filter(slow)).send().await.unwrap();
        let ids: Vec<_> = found.trace_summaries().iter().filter_map(|trace| trace.id()).collect();
        let has = |response: &e2e::Response| ids.contains(&response.trace_id().as_str());
        assert_eq!([&good, &refused, &faulty].map(has), expected, "slower than {slow} s");
        assert_eq!(ids.len(), expected.iter().filter(|is| **is).count(), "{ids:?}");
    }
    world.end_without_audit("a table is gone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_a_segment_of_the_called_service_infers_nothing() {
    let world = World::start().await;
    let now = local::clock::seconds();
    let call = |id: u32, name: &str, namespace: &str, aws: Value| json!({ "id": format!("{id:016x}"), "name": name, "namespace": namespace, "start_time": now, "end_time": now + 0.1, "aws": aws });
    let caller = document(
        1,
        1,
        "caller",
        now,
        &json!({ "origin": "AWS::Lambda::Function", "subsegments": [
            call(2, "Lambda", "aws", json!({ "operation": "Invoke" })),
            call(3, "api.example.com", "remote", Value::Null),
            call(4, "SQS", "aws", json!({ "operation": "SendMessage", "queue_url": "https://sqs.us-east-1.amazonaws.com/0/work" })),
            call(5, "other.example.com", "remote", Value::Null),
        ]}),
    );
    let answerer = |id, parent: u32, name, origin| {
        document(
            1,
            id,
            name,
            now,
            &json!({ "parent_id": format!("{parent:016x}"), "origin": origin }),
        )
    };
    put(
        &world,
        &[
            caller,
            answerer(12, 2, "callee", "AWS::Lambda"),
            answerer(13, 5, "other", "AWS::ECS::Container"),
        ],
    )
    .await;
    assert_eq!(
        world.edges(&trace_id(1)).await,
        [
            "caller (AWS::Lambda::Function) -> api.example.com (remote)",
            "caller (AWS::Lambda::Function) -> callee (AWS::Lambda)",
            "caller (AWS::Lambda::Function) -> https://sqs.us-east-1.amazonaws.com/0/work (AWS::SQS::Queue)",
            "caller (AWS::Lambda::Function) -> other (AWS::ECS::Container)",
            "caller (client) -> caller (AWS::Lambda::Function)",
        ]
    );
    let seen: Seen = world.trace(&trace_id(1), |_| true).await;
    assert_eq!(seen.parts.iter().filter(|part| part.document["inferred"] == true).count(), 2);
    world.end().await;
}

use aws_sdk_xray::types::{EncryptionType, RetrievalStatus, Tag, TraceSegmentDestination};
use aws_smithy_types::DateTime;
use e2e::{World, trace_id as id};
use serde_json::json;

use crate::aws_apis::call;

async fn put(world: &World, traces: std::ops::Range<u32>) {
    let now = local::clock::seconds();
    let documents = traces.map(|trace| {
        let segment = json!({
            "trace_id": id(trace), "id": format!("{trace:016x}"), "name": "shop",
            "start_time": now - 2.0, "end_time": now - 1.0,
        });
        segment.to_string()
    });
    let put =
        world.xray.put_trace_segments().set_trace_segment_documents(Some(documents.collect()));
    assert_eq!(put.send().await.unwrap().unprocessed_trace_segments(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_are_retrieved_page_by_page() {
    let world = World::start().await;
    put(&world, 1..8).await;
    let (start, end) = world.last_hour();
    // The last one does not exist.
    let ids = (1..9).map(id).collect();
    let retrieval = world.xray.start_trace_retrieval().set_trace_ids(Some(ids));
    let retrieval = retrieval.start_time(start).end_time(end).send().await.unwrap();
    let token = retrieval.retrieval_token().unwrap();
    let list = || world.xray.list_retrieved_traces().retrieval_token(token);
    let first = list().send().await.unwrap();
    assert_eq!(first.retrieval_status(), Some(&RetrievalStatus::Complete));
    let second = list().next_token(first.next_token().unwrap()).send().await.unwrap();
    let pages = [first.traces(), second.traces()];
    assert_eq!(pages.map(<[_]>::len), [5, 2]);
    let document = pages[0][0].spans()[0].document().unwrap();
    assert!(document.contains(r#""name":"shop""#), "{document}");
    assert!(second.next_token().is_none());
    let wrong = list().next_token("99").send().await.unwrap_err().into_service_error();
    assert!(wrong.is_invalid_request_exception(), "{wrong:?}");

    let graph =
        world.xray.get_retrieved_traces_graph().retrieval_token(token).send().await.unwrap();
    let names = graph.services().iter().map(|s| s.service().unwrap().r#type().unwrap_or("none"));
    assert_eq!(names.collect::<Vec<_>>(), ["none", "client"]);

    world.xray.cancel_trace_retrieval().retrieval_token(token).send().await.unwrap();
    let cancelled = list().send().await.unwrap();
    assert_eq!(cancelled.retrieval_status(), Some(&RetrievalStatus::Cancelled));
    assert_eq!(cancelled.traces().len(), 0);
    let unknown = world.xray.list_retrieved_traces().retrieval_token("x").send().await;
    assert!(unknown.unwrap_err().into_service_error().is_resource_not_found_exception());

    let before = DateTime::from_secs(start.secs() - 10);
    let early = world.xray.start_trace_retrieval().trace_ids(id(1)).start_time(before);
    let early = early.end_time(start).send().await.unwrap();
    let early =
        world.xray.list_retrieved_traces().retrieval_token(early.retrieval_token().unwrap());
    assert_eq!(early.send().await.unwrap().traces().len(), 0, "it is outside of that time");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_answers_as_a_new_one() {
    let world = World::start().await;
    let encryption = world.xray.get_encryption_config().send().await.unwrap();
    assert_eq!(encryption.encryption_config().unwrap().r#type(), Some(&EncryptionType::None));
    let put = world.xray.put_encryption_config().r#type(EncryptionType::Kms);
    assert!(
        put.clone().send().await.unwrap_err().into_service_error().is_invalid_request_exception()
    );
    put.key_id("alias/mine").send().await.unwrap();
    let encryption = world.xray.get_encryption_config().send().await.unwrap();
    assert_eq!(encryption.encryption_config().unwrap().key_id(), Some("alias/mine"));
    let policies = world.xray.list_resource_policies().send().await.unwrap();
    assert_eq!(policies.resource_policies(), []);
    let destination = world.xray.get_trace_segment_destination().send().await.unwrap();
    assert_eq!(destination.destination(), Some(&TraceSegmentDestination::XRay));
    let rules = world.xray.get_indexing_rules().send().await.unwrap();
    assert_eq!(rules.indexing_rules()[0].name(), Some("Default"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_rules_have_tags() {
    let world = World::start().await;
    let group = world.xray.get_group().group_name("distributed-tracing-demo").send().await.unwrap();
    let group = group.group().unwrap().group_arn().unwrap().to_owned();
    let rule = "arn:aws:xray:us-east-1:000000000000:sampling-rule/Default";
    for arn in [group.as_str(), rule] {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
        let put =
            world.xray.tag_resource().resource_arn(arn).tags(tag("a", "1")).tags(tag("b", "2"));
        put.send().await.unwrap();
        world.xray.untag_resource().resource_arn(arn).tag_keys("a").send().await.unwrap();
        let tags = world.xray.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
        assert_eq!(tags.tags(), [tag("b", "2")]);
    }
    let unknown = format!("{rule}-not");
    let unknown = world.xray.list_tags_for_resource().resource_arn(unknown).send().await;
    assert!(unknown.unwrap_err().into_service_error().is_resource_not_found_exception());
    world.end().await;
}

/// What is misspelt answers another question than the one that was asked.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_parameters_and_wrong_types_are_refused() {
    let world = World::start().await;
    let times = r#""StartTime": 1, "EndTime": 2"#;
    for (path, body, reason) in [
        (
            "/TraceSummaries",
            format!(r#"{{{times}, "FilterExpresion": "ok"}}"#),
            "no parameter `FilterExpresion`",
        ),
        ("/TraceSummaries", r#"{"StartTime": 1}"#.to_owned(), "'endTime'"),
        ("/TraceSummaries", format!(r#"{{{times}, "TimeRangeType": "Trace"}}"#), "enum value set"),
        (
            "/TraceSummaries",
            format!(r#"{{{times}, "Sampling": "true"}}"#),
            "`Sampling` is true or false",
        ),
        (
            "/ServiceGraph",
            r#"{"StartTime": "now", "EndTime": 2}"#.to_owned(),
            "`StartTime` is a number of seconds",
        ),
        (
            "/ServiceGraph",
            format!(r#"{{{times}, "GroupName": ""}}"#),
            "length greater than or equal to 1",
        ),
        (
            "/ServiceGraph",
            format!(r#"{{{times}, "NextToken": "x"}}"#),
            "NextToken is currently not supported",
        ),
        ("/TraceGraph", r#"{"TraceIds": [1]}"#.to_owned(), "`TraceIds` is a text"),
        ("/TraceGraph", r#"{"TraceIds": []}"#.to_owned(), "Zero trace ids provided"),
        ("/Traces", r#"{"TraceIds": "1"}"#.to_owned(), "`TraceIds` is a list of texts"),
        ("/GetGroup", r#"{"Name": "x"}"#.to_owned(), "there are: GroupName, GroupARN"),
        ("/Insight", "{}".to_owned(), "'insightId'"),
        ("/EncryptionConfig", r#"{"Type": "KMS"}"#.to_owned(), "there are: none"),
        (
            "/TagResource",
            r#"{"ResourceARN": "x", "Tags": [{"Key": "k"}]}"#.to_owned(),
            "'tags.value'",
        ),
        ("/CreateGroup", "[]".to_owned(), "not a JSON object"),
        ("/CreateGroup", "{".to_owned(), "not JSON"),
    ] {
        let refused = call(&world, "xray", "", path, &body).await;
        assert_eq!(refused.status, 400, "{path} {body}: {:?}", refused.body);
        let message = refused.body["message"].as_str().unwrap();
        assert!(message.contains(reason), "{path} {body}: {message}");
    }
    world.end().await;
}

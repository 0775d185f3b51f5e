use aws_sdk_xray::types::{SamplingRule, SamplingRuleUpdate, SamplingStatisticsDocument, Tag};
use aws_smithy_types::DateTime;
use e2e::World;
use serde_json::json;

/// A rule for everything that nothing else is for.
fn rule(name: &str) -> SamplingRule {
    SamplingRule::builder()
        .rule_name(name)
        .resource_arn("*")
        .priority(500)
        .fixed_rate(0.5)
        .reservoir_size(3)
        .service_name("*")
        .service_type("*")
        .host("*")
        .http_method("*")
        .url_path("/never/*")
        .version(1)
        .build()
        .unwrap()
}

fn update(name: &str) -> aws_sdk_xray::types::builders::SamplingRuleUpdateBuilder {
    SamplingRuleUpdate::builder().rule_name(name)
}

/// Whether the response says that the request is traced.
fn is_sampled(response: &e2e::Response) -> bool {
    let header = response.headers["x-amzn-trace-id"].to_str().unwrap();
    assert!(header.contains("Sampled="), "{header}");
    header.contains("Sampled=1")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_templates_rules_decide_which_orders_are_traced() {
    let few = [("TraceReservoir", "0"), ("TraceRate", "0")];
    let world = few
        .iter()
        .fold(World::with().sampling().trusting_trace_header(), |world, (name, value)| {
            world.parameter(name, value)
        });
    let world = world.start().await;
    let path = "/orders/customer123";
    let ordinary = world.post(path, "{}", &[]).await;
    let important = world.post(path, "{}", &[("x-order-priority", "high")]).await;
    // What the header says was decided before.
    let root = format!("Root=1-{:08x}-{:024x}", 0x6b02_0000, 7);
    let decided = format!("{root};Sampled=1");
    let decided = world.post(path, "{}", &[("x-amzn-trace-id", &decided)]).await;
    assert_eq!([&ordinary, &important, &decided].map(is_sampled), [false, true, true]);
    world.settled().await;
    let seen = world.trace(&important.trace_id(), |seen| seen.runs() == 8).await;
    let stage = seen.parts.iter().find(|part| part.origin == "AWS::ApiGateway::Stage").unwrap();
    let rule = &stage.document["aws"]["xray"]["sampling_rule_name"];
    assert_eq!(rule, "distributed-tracing-demo-vip");
    let untraced = world.xray.batch_get_traces().trace_ids(ordinary.trace_id()).send().await;
    assert_eq!(untraced.unwrap().traces().len(), 0);

    // A changed rule holds for the next request.
    let all = update("distributed-tracing-demo-all").fixed_rate(1.0).build();
    world.xray.update_sampling_rule().sampling_rule_update(all).send().await.unwrap();
    assert!(is_sampled(&world.post(path, "{}", &[]).await));
    world.settled().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_flag_every_request_is_traced() {
    let world = World::with().parameter("TraceReservoir", "0").parameter("TraceRate", "0");
    let world = world.start().await;
    assert!(is_sampled(&world.order("[]").await));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_created_changed_and_deleted() {
    let world = World::start().await;
    let names = async || {
        let rules = world.xray.get_sampling_rules().send().await.unwrap();
        let rules = rules.sampling_rule_records().iter();
        rules
            .map(|r| r.sampling_rule().unwrap().rule_name().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let [all, vip] = ["distributed-tracing-demo-all", "distributed-tracing-demo-vip"];
    assert_eq!(names().await, [all, vip, "Default"]);

    let tag = Tag::builder().key("team").value("orders").build().unwrap();
    let create = || world.xray.create_sampling_rule().sampling_rule(rule("mine"));
    let created = create().tags(tag).send().await.unwrap();
    let record = created.sampling_rule_record().unwrap().sampling_rule().unwrap();
    let arn = "arn:aws:xray:us-east-1:000000000000:sampling-rule/mine";
    assert_eq!((record.rule_arn(), record.reservoir_size()), (Some(arn), 3));
    let tags = world.xray.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
    assert_eq!(tags.tags()[0].key(), "team");
    let again = create().send().await.unwrap_err().into_service_error();
    assert!(
        again.is_invalid_request_exception() && format!("{again:?}").contains("already exists")
    );

    let changed = SamplingRuleUpdate::builder().rule_arn(arn).priority(7).host("shop.example");
    let changed = world.xray.update_sampling_rule().sampling_rule_update(changed.build());
    let changed = changed.send().await.unwrap();
    let record = changed.sampling_rule_record().unwrap().sampling_rule().unwrap();
    assert_eq!(
        (record.priority(), record.host(), record.url_path()),
        (7, "shop.example", "/never/*")
    );

    some_updates_are_refused(&world, arn).await;

    let delete = |name: &str| world.xray.delete_sampling_rule().rule_name(name).send();
    delete("mine").await.unwrap();
    for (name, reason) in
        [("mine", "Sampling rule does not exist"), ("Default", "cannot be deleted")]
    {
        let refused = format!("{:?}", delete(name).await.unwrap_err());
        assert!(refused.contains(reason), "{refused}");
    }
    let tags = world.xray.list_tags_for_resource().resource_arn(arn).send().await.unwrap_err();
    assert!(tags.into_service_error().is_resource_not_found_exception());
    for number in 2..25 {
        let rule = rule(&format!("rule-{number}"));
        world.xray.create_sampling_rule().sampling_rule(rule).send().await.unwrap();
    }
    let refused = create().send().await.unwrap_err().into_service_error();
    assert!(refused.is_rule_limit_exceeded_exception(), "{refused:?}");
    world.end().await;
}

async fn some_updates_are_refused(world: &World, arn: &str) {
    let update = |rule: SamplingRuleUpdate| {
        world.xray.update_sampling_rule().sampling_rule_update(rule).send()
    };
    for (rule, reason) in [
        (self::update("gone").build(), "Sampling rule does not exist"),
        (self::update("Default").host("x").build(), "Only the reservoir size and fixed rate"),
        (self::update("mine").rule_arn(arn).build(), "cannot contain both"),
        (self::update("mine").fixed_rate(1.5).build(), "fixedRate"),
        (SamplingRuleUpdate::builder().build(), "must contain either"),
    ] {
        let refused = format!("{:?}", update(rule).await.unwrap_err());
        assert!(refused.contains(reason), "{refused}");
    }
    update(self::update("Default").reservoir_size(9).build()).await.unwrap();
}

/// AWS's SDKs outside of Lambda get their rules there.
#[tokio::test(flavor = "multi_thread")]
async fn the_daemons_port_has_the_sampling_rules_over_tcp() {
    let world = World::start().await;
    let daemon = format!("http://{}", world.stack().xray());
    let post = |path: &str, body: String| {
        let url = format!("{daemon}{path}");
        let world = &world;
        async move { world.request("POST", &url, &body, &[]).await }
    };
    let rules = post("/GetSamplingRules", String::new()).await;
    assert_eq!(rules.status, 200, "{:?}", rules.body);
    assert_eq!(rules.body["SamplingRuleRecords"].as_array().unwrap().len(), 3);

    let report = |rule: &str| {
        json!({
            "RuleName": rule, "ClientID": "0123456789abcdef01234567", "Timestamp": local::clock::seconds(),
            "RequestCount": 20, "SampledCount": 2, "BorrowCount": 1,
        })
    };
    let reports = json!({ "SamplingStatisticsDocuments": [report("Default"), report("gone")] });
    let targets = post("/SamplingTargets", reports.to_string()).await;
    // A new client has no part of the reservoir yet: it borrows.
    let target = json!({ "RuleName": "Default", "FixedRate": 0.05 });
    assert_eq!(targets.body["SamplingTargetDocuments"], json!([target]));
    let unknown = json!({ "RuleName": "gone", "ErrorCode": "400", "Message": "Unknown rule" });
    assert_eq!(targets.body["UnprocessedStatistics"], json!([unknown]));

    for path in ["/TraceSegments", "/TraceSummaries", "/", "/GetSamplingRules/x"] {
        let refused = post(path, "{}".to_owned()).await;
        assert_eq!(refused.status, 400, "{path}: {:?}", refused.body);
        assert!(refused.body["message"].as_str().unwrap().contains("POST /SamplingTargets"));
    }
    let large = post("/SamplingTargets", "x".repeat(100_000)).await;
    assert_eq!(large.status, 413);
    let url = format!("{daemon}/GetSamplingRules");
    let rebound = world.request("POST", &url, "", &[("host", "rebound.example")]).await;
    assert_eq!(rebound.status, 421);
    // A signature for another service does not lead elsewhere.
    let scope = "AWS4-HMAC-SHA256 Credential=k/20261126/us-east-1/dynamodb/aws4_request";
    let signed = world.request("POST", &url, "", &[("authorization", scope)]).await;
    assert_eq!(signed.status, 200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_reports_are_refused() {
    let world = World::start().await;
    let report = SamplingStatisticsDocument::builder()
        .rule_name("Default")
        .client_id("too short")
        .timestamp(DateTime::from_secs(1_795_000_000))
        .request_count(1)
        .sampled_count(1);
    let send =
        world.xray.get_sampling_targets().sampling_statistics_documents(report.build().unwrap());
    let refused = format!("{:?}", send.send().await.unwrap_err());
    assert!(refused.contains("length greater than or equal to 24"), "{refused}");
    let token = world.xray.get_sampling_rules().next_token("never given").send().await;
    assert!(token.unwrap_err().into_service_error().is_invalid_request_exception());
    let summaries = world.xray.get_sampling_statistic_summaries().send().await.unwrap();
    assert_eq!(summaries.sampling_statistic_summaries().len(), 3);
    world.end().await;
}

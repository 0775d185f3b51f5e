use std::{collections::BTreeSet, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use e2e::{Response, Seen, World, scope};
use serde_json::{Value, json};

/// Sends a signed request to a service.
pub(crate) async fn call(
    world: &World,
    service: &str,
    target: &str,
    path: &str,
    body: &str,
) -> Response {
    let headers = [("x-amz-target", target), ("content-type", "application/x-amz-json-1.0")];
    world.aws(service, path, body, &headers).await
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_are_listed_and_invoked_without_a_signature() {
    let world = World::start().await;
    let url = format!("{}/2015-03-31/functions", world.stack().aws());
    let name = "distributed-tracing-demo-payment-service";
    let invoke = format!("{url}/{name}/invocations");
    let (header, signed) = scope("lambda");
    for headers in [vec![], vec![("authorization", "any")], vec![(header, signed.as_str())]] {
        let response = world.request("POST", &invoke, "{}", &headers).await;
        assert_eq!(response.status, 200, "{headers:?}: {:?}", response.body);
        assert_eq!(response.headers["x-amz-function-error"], "Unhandled", "{headers:?}");
    }
    // Not for a page, though.
    for page in [("origin", "https://evil.example"), ("referer", "http://localhost/")] {
        assert_eq!(world.request("POST", &invoke, "{}", &[page]).await.status, 403, "{page:?}");
    }
    let get = async |url: String| world.request("GET", &url, "", &[(header, &signed)]).await;
    let listed = get(format!("{url}/")).await.body;
    let names: Vec<_> = listed["Functions"].as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 4);
    let found = get(format!("{url}/{name}")).await;
    assert_eq!(found.body["Configuration"]["FunctionName"], name);
    assert_eq!(get(format!("{url}/nope")).await.status, 404);
    world.end().await;
}

/// What a function wrote comes back to whoever invokes it and asks for it, a line of JSON as it was written.
#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_returns_the_end_of_its_log() {
    let world = World::start().await;
    let name = "distributed-tracing-demo-payment-service";
    let url = format!("{}/2015-03-31/functions/{name}/invocations", world.stack().aws());
    let (header, signed) = scope("lambda");
    let mut logs = Vec::new();
    for _ in 0..2 {
        let headers = [(header, signed.as_str()), ("x-amz-log-type", "Tail")];
        let response = world.request("POST", &url, "{}", &headers).await;
        let log = STANDARD.decode(&response.headers["x-amz-log-result"]).unwrap();
        logs.push((String::from_utf8(log).unwrap(), response));
    }
    for (number, (log, response)) in logs.iter().enumerate() {
        let id = response.headers["x-amzn-requestid"].to_str().unwrap();
        assert!(log.starts_with(&format!("START RequestId: {id} Version: $LATEST\n")), "{log}");
        let line = log.lines().find(|line| line.contains("the invocation failed")).unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["level"], &line["request_id"]), (&"ERROR".into(), &id.into()));
        let rest =
            log.split_once(&format!("END RequestId: {id}\nREPORT RequestId: {id}\tDuration: "));
        let (_, report) = rest.unwrap();
        assert_eq!(report.contains("\tInit Duration: "), number == 0, "{report}");
        assert!(report.contains("\nXRAY TraceId: 1-"), "{report}");
    }
    assert!(!world.request("POST", &url, "{}", &[]).await.headers.contains_key("x-amz-log-result"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn log_lines_are_found_as_in_cloudwatch() {
    let world = World::start().await;
    let order = world.order("{}").await.order_id();
    let logs = async |operation: &str, request: &Value| {
        let target = format!("Logs_20140328.{operation}");
        call(&world, "logs", &target, "/", &request.to_string()).await
    };
    let groups = logs("DescribeLogGroups", &json!({ "logGroupNamePattern": "ORDER-" })).await.body;
    let [group] = groups["logGroups"].as_array().unwrap().as_slice() else { panic!("{groups}") };
    let pattern = format!("\"order created\" {order}");
    let mut request = json!({ "logGroupIdentifier": group["arn"], "filterPattern": pattern });
    let found = async {
        loop {
            let events = logs("FilterLogEvents", &request).await.body;
            if events["events"] != json!([]) {
                break events;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // A line is read some time after it was written.
    let events = tokio::time::timeout(Duration::from_secs(30), found).await.unwrap();
    let line = events["events"][0]["message"].as_str().unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["order_id"], order.as_str(), "{line}");
    // Page by page, every line comes once.
    world.settled().await;
    request = json!({ "logGroupName": group["logGroupName"], "limit": 1 });
    let mut ids = BTreeSet::new();
    loop {
        let page = logs("FilterLogEvents", &request).await.body;
        assert!(ids.insert(page["events"][0]["eventId"].as_str().unwrap().to_owned()), "{page}");
        if page["nextToken"].is_null() {
            break;
        }
        request["nextToken"] = page["nextToken"].clone();
    }
    assert!(ids.len() > 1, "{ids:?}");
    for (name, value) in [
        ("logGroupName", "nobody"),
        ("filterPattern", "{ $.a = 1 }"),
        ("nextToken", "x"),
        ("startTime", "yesterday"),
        ("limit", "1"),
        ("no", ""),
    ] {
        let mut request = json!({ "logGroupName": group["logGroupName"] });
        request[name] = value.into();
        assert_eq!(logs("FilterLogEvents", &request).await.status, 400, "{name}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_learns_who_they_are() {
    let world = World::start().await;
    let response = call(&world, "sts", "", "/", "Action=GetCallerIdentity").await;
    let text = response.body.as_str().unwrap();
    assert!(text.contains("<Arn>arn:aws:iam::000000000000:root</Arn>"), "{text}");
    assert!(text.contains("<Account>000000000000</Account>"), "{text}");
    let response = call(&world, "sts", "", "/", "Action=AssumeRole").await;
    assert_eq!(response.status, 400, "{:?}", response.body);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_operations_are_refused_and_the_known_ones_named() {
    let world = World::start().await;
    for (service, target, path, named) in [
        (
            "events",
            "AWSEvents.PutRule",
            "/",
            "PutEvents, ListRules, ListTargetsByRule, TestEventPattern, DescribeRule",
        ),
        ("xray", "", "/PutResourcePolicy", "PutTraceSegments, PutTelemetryRecords, BatchGetTraces"),
        ("lambda", "", "/2015-03-31/functions", "Invoke"),
        ("sqs", "AmazonSQS.CreateQueue", "/", "GetQueueUrl, ReceiveMessage, DeleteMessage"),
        (
            "s3",
            "",
            "/bucket",
            "apigateway, cognito-idp, dynamodb, events, iam, lambda, logs, sns, sqs, sts, xray",
        ),
    ] {
        let response = call(&world, service, target, path, "{}").await;
        assert_eq!(response.status, 400, "{service}: {:?}", response.body);
        assert_eq!(response.headers["x-amzn-errortype"], "UnknownOperationException", "{service}");
        assert!(response.body["message"].as_str().unwrap().contains(named), "{:?}", response.body);
        assert!(response.headers.contains_key("x-amzn-requestid"));
    }
    let response = call(&world, "dynamodb", "DynamoDB_20120810.Explode", "/", "{}").await;
    assert!(response.body["__type"].as_str().unwrap().contains("UnknownOperationException"));
    let response = call(&world, "sns", "", "/", "Action=CreateTopic&Name=x").await;
    assert_eq!(response.status, 400);
    assert!(response.body.as_str().unwrap().contains("<Code>InvalidAction</Code>"));
    let response = call(&world, "iam", "", "/", "Action=CreateRole").await;
    assert!(response.body.as_str().unwrap().contains("it has SimulatePrincipalPolicy"));
    let (name, value) = scope("lambda");
    let url = format!("{}/2015-03-31/event-source-mappings/", world.stack().aws());
    let response = world.request("GET", &url, "", &[(name, value.as_str())]).await;
    assert_eq!(response.headers["x-amzn-errortype"], "UnknownOperationException");
    let response = world.request("POST", &world.stack().aws(), "{}", &[]).await;
    assert_eq!(response.status, 403);
    assert_eq!(response.headers["x-amzn-errortype"], "MissingAuthenticationTokenException");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lambda_invokes_what_there_is() {
    let world = World::start().await;
    let path = |name: &str| format!("/2015-03-31/functions/{name}/invocations");
    let response = call(&world, "lambda", "", &path("nobody"), "{}").await;
    assert_eq!(
        (response.status, response.headers["x-amzn-errortype"].to_str().unwrap()),
        (404, "ResourceNotFoundException")
    );
    let response = call(&world, "lambda", "", &path("PaymentService"), "not json").await;
    assert_eq!(response.headers["x-amzn-errortype"], "InvalidRequestContentException");
    // A payload that is no event: a handler error, which is a 200 with a header.
    let arn =
        "arn:aws:lambda:us-east-1:000000000000:function:distributed-tracing-demo-payment-service";
    for name in [arn, "distributed-tracing-demo-payment-service"] {
        let response = call(&world, "lambda", "", &path(name), r#"{"Records":[]}"#).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.headers["x-amz-function-error"], "Unhandled");
        assert_eq!(response.body["errorType"], "PaymentError");
        let message = response.body["errorMessage"].as_str().unwrap();
        assert!(
            message.starts_with(
                "the event is not understood: the payload is not an EventBridge event"
            ),
            "{message}"
        );
    }
    let headers = [("x-amz-invocation-type", "Event")];
    let response = world.aws("lambda", &path("PaymentService"), "{}", &headers).await;
    assert_eq!(response.status, 202);
    world.settled().await;
    assert_eq!(world.stack().dead_letters().len(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sns_publishes_to_topics_that_exist() {
    let world = World::start().await;
    let topic =
        "arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3Adistributed-tracing-demo-customers.fifo";
    let fifo = "MessageGroupId=g&MessageDeduplicationId=d";
    for (body, status, says) in [
        (
            format!("Action=Publish&{fifo}&TopicArn={topic}&Message=hi&Subject=s"),
            200,
            "<MessageId>",
        ),
        (format!("Action=Publish&{fifo}&TopicArn={topic}"), 400, "<Code>InvalidParameter</Code>"),
        (
            format!("Action=Publish&{fifo}&TopicArn={topic}&Message=hi&Subject=%C3%BC"),
            400,
            "<Code>InvalidParameter</Code>",
        ),
        (
            "Action=Publish&TopicArn=arn%3Ax&Message=%3Chi%3E".to_owned(),
            404,
            "<Code>NotFound</Code>",
        ),
    ] {
        let response = call(&world, "sns", "", "/", &body).await;
        assert_eq!(response.status, status, "{body}");
        assert!(response.body.as_str().unwrap().contains(says), "{:?}", response.body);
    }
    assert_eq!(world.notified(1).await.len(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_serves_its_page_and_its_data() {
    let world = World::start().await;
    let response = world.order("{}").await;
    world.published("Notification Sent", 1).await;
    world.settled().await;
    let annotated = |seen: &Seen| seen.annotation("notification_type").is_some();
    world.trace(&response.trace_id(), annotated).await;
    let console = world.stack().console();
    let page = world.request("GET", &console, "", &[]).await;
    assert_eq!(
        (page.status, page.headers["content-type"].to_str().unwrap()),
        (200, "text/html; charset=utf-8")
    );
    for file in ["style.css", "app.js", "map.js", "trace.js"] {
        let response = world.request("GET", &format!("{console}console/{file}"), "", &[]).await;
        assert_eq!(response.status, 200, "{file}");
    }
    let state =
        world.request("GET", &format!("{console}console/state?minutes=5"), "", &[]).await.body;
    assert_eq!(state["traces"][0]["id"], response.trace_id());
    assert_eq!(state["traces"][0]["annotations"]["order_id"], response.order_id());
    assert_eq!(state["traces"][0]["annotations"]["notification_type"], "confirmed");
    assert_eq!(state["notifications"]["rows"].as_array().unwrap().len(), 1);
    let trace = format!("{console}console/traces/{}", response.trace_id());
    let trace = world.request("GET", &trace, "", &[]).await.body;
    assert!(trace["logs"].as_array().unwrap().len() >= 5, "{}", trace["logs"]);
    assert_eq!(trace["events"].as_array().unwrap().len(), 4);
    let nothing = world.request("GET", &format!("{console}console/traces/1-2-3"), "", &[]).await;
    assert_eq!(nothing.status, 404);
    world.end().await;
}

use std::fs;

use e2e::World;
use serde_json::json;
use tempfile::TempDir;

use crate::{aws_apis::call, failures::faulty};

/// Schedules of all kinds for a function that fails, whose events are seen in its on-failure queue.
const TEMPLATE: &str = "
Resources:
  Letters: { Type: AWS::SQS::Queue, Properties: { QueueName: letters } }
  Sweep:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: sweep
      Runtime: provided.al2023
      Tracing: Active
      EventInvokeConfig:
        MaximumRetryAttempts: 0
        DestinationConfig: { OnFailure: { Type: SQS, Destination: !GetAtt Letters.Arn } }
      Events:
        Often: { Type: Schedule, Properties: { Schedule: rate(5 minutes) } }
        Second:
          Type: ScheduleV2
          Properties: { ScheduleExpression: cron(0 3 * * ? *), State: DISABLED }
  Constant:
    Type: AWS::Events::Rule
    Properties:
      Name: constant
      ScheduleExpression: rate(1 day)
      Targets: [{ Id: a, Arn: !GetAtt Sweep.Arn, Input: '{\"sum\":1e+26}' }]
";

async fn start(folder: &TempDir) -> World {
    let template = folder.path().join("template.yaml");
    fs::write(&template, TEMPLATE).unwrap();
    let failing = faulty(folder.path(), "error");
    World::with().template(template).bootstrap("Sweep", failing).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_invokes_its_function_in_a_trace_that_lambda_starts() {
    let folder = TempDir::new().unwrap();
    let world = start(&folder).await;
    for (schedule, source, arn, detail) in [
        ("SweepOften", "aws.events", "events:us-east-1:000000000000:rule/SweepOften", json!({})),
        (
            "SweepSecond",
            "aws.scheduler",
            "scheduler:us-east-1:000000000000:schedule/default/SweepSecond",
            json!("{}"),
        ),
    ] {
        world.stack().fire_schedule(schedule).unwrap();
        world.settled().await;
        let letter = world.stack().dead_letters().remove(0);
        let event = &letter.body["requestPayload"];
        let expected = json!({
            "version": "0",
            "id": event["id"],
            "detail-type": "Scheduled Event",
            "source": source,
            "account": "000000000000",
            "time": event["time"],
            "region": "us-east-1",
            "resources": [format!("arn:aws:{arn}")],
            "detail": detail,
        });
        assert_eq!(event, &expected);
        let id = letter.trace_id.clone().unwrap();
        let trace = world.trace(&id, |seen| seen.runs() == 1 && seen.orphans().is_empty()).await;
        let roots: Vec<_> = trace.roots().iter().map(|root| root.origin.clone()).collect();
        assert_eq!(roots, ["AWS::Lambda"]);
    }
    world.stack().fire_schedule("constant").unwrap();
    world.settled().await;
    let letter = world.stack().dead_letters().remove(0);
    assert!(letter.body.text().contains(r#""requestPayload":{"sum":1e+26}"#), "{letter:?}");
    assert!(world.stack().fire_schedule("nobody").unwrap_err().to_string().contains("SweepOften"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_are_shown() {
    let folder = TempDir::new().unwrap();
    let world = start(&folder).await;
    world.stack().fire_schedule("SweepOften").unwrap();
    let url = format!("{}console/state", world.stack().console());
    let state = world.request("GET", &url, "", &[]).await.body;
    let shown = state["schedules"].as_array().unwrap().iter().map(|schedule| {
        format!(
            "{} {} {} {}",
            schedule["name"].as_str().unwrap(),
            schedule["expression"].as_str().unwrap(),
            schedule["enabled"],
            schedule["count"]
        )
    });
    let mut shown: Vec<_> = shown.collect();
    shown.sort();
    assert_eq!(
        shown,
        [
            "SweepOften rate(5 minutes) true 1",
            "SweepSecond cron(0 3 * * ? *) false 0",
            "constant rate(1 day) true 0",
        ]
    );
    let body = json!({ "Name": "constant" }).to_string();
    let response = call(&world, "events", "AWSEvents.DescribeRule", "/", &body).await;
    assert_eq!(response.body["ScheduleExpression"], "rate(1 day)");
    let body = json!({ "Rule": "constant" }).to_string();
    let response = call(&world, "events", "AWSEvents.ListTargetsByRule", "/", &body).await;
    assert_eq!(response.body["Targets"][0]["Input"], r#"{"sum":1e+26}"#);
    world.settled().await;
    world.end().await;
}

use std::path::Path;

use crate::template::{App, Scheduler, parse};

/// A template with a function that has these events, and these resources beside it.
fn load(events: &str, resources: &str) -> Result<App, String> {
    let template = format!(
        "
Resources:
  Sweep:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: sweep
      Runtime: provided.al2023
      Events: {events}
  Letters: {{ Type: AWS::SQS::Queue, Properties: {{ QueueName: letters }} }}
{resources}"
    );
    parse(&template, Path::new("."), &[]).map_err(|error| error.to_string())
}

#[test]
fn schedules_come_from_events_and_rules() {
    let events = "
        Often: { Type: Schedule, Properties: { Schedule: rate(5 minutes), Enabled: false } }
        Named:
          Type: Schedule
          Properties:
            Name: nightly
            Schedule: cron(0 3 * * ? *)
            Input: '{\"a\":1}'
            DeadLetterConfig: { Arn: !GetAtt Letters.Arn }
        Second:
          Type: ScheduleV2
          Properties: { ScheduleExpression: rate(1 hour), State: DISABLED }
        Once: { Type: ScheduleV2, Properties: { ScheduleExpression: 'at(2030-01-01T00:00:00)' } }
        There:
          Type: ScheduleV2
          Properties:
            ScheduleExpression: rate(1 hour)
            ScheduleExpressionTimezone: Europe/Berlin";
    let resources = "  Rule:
    Type: AWS::Events::Rule
    Properties:
      Name: both
      ScheduleExpression: rate(1 day)
      EventPattern: { source: [shop] }
      Targets:
        - { Id: a, Arn: !GetAtt Sweep.Arn, Input: '[]' }
";
    let app = load(events, resources).unwrap();
    let shown: Vec<_> = app
        .schedules
        .iter()
        .map(|schedule| {
            let arn = schedule.arn.replace(":us-east-1:000000000000:", ":");
            let target = &schedule.targets[0];
            let input = target.input.as_deref().unwrap_or("-");
            (arn, schedule.expression.to_string(), schedule.enabled, input.to_owned())
        })
        .collect();
    let expected = [
        ("arn:aws:events:rule/SweepOften", "rate(5 minutes)", false, "-"),
        ("arn:aws:events:rule/nightly", "cron(0 3 * * ? *)", true, "{\"a\":1}"),
        ("arn:aws:scheduler:schedule/default/SweepSecond", "rate(1 hour)", false, "-"),
        ("arn:aws:events:rule/both", "rate(1 day)", true, "[]"),
    ];
    let mut expected = expected.map(|(arn, expression, enabled, input)| {
        (arn.to_owned(), expression.to_owned(), enabled, input.to_owned())
    });
    let mut shown = shown;
    shown.sort();
    expected.sort();
    assert_eq!(shown, expected);
    assert_eq!(app.rules.len(), 1, "the rule has a pattern too");
    let nightly = app.schedules.iter().find(|schedule| schedule.name == "nightly").unwrap();
    assert!(nightly.targets[0].dead_letters.as_ref().unwrap().ends_with(":letters"));
    let second = app.schedules.iter().find(|schedule| schedule.name == "SweepSecond").unwrap();
    assert_eq!(second.scheduler, Scheduler::EventBridgeScheduler);
    let mut named: Vec<_> = app.not_emulated.iter().map(|(_, kind)| kind.as_str()).collect();
    named.sort_unstable();
    assert_eq!(named, ["schedule with Europe/Berlin", "schedule with at(2030-01-01T00:00:00)"]);
}

#[test]
fn mistakes_are_reported_with_their_line() {
    for (properties, problem) in [
        (
            "{ Schedule: rate(5) }",
            "8: schedule `SweepOften`: the schedule expression `rate(5)` is not valid",
        ),
        ("{ Schedule: !Ref Nobody }", "there is no parameter or resource `Nobody`"),
        (
            "{ Schedule: rate(1 day), DeadLetterConfig: { Arn: arn:x } }",
            "dead-letter queue `arn:x`, which is not in this template",
        ),
    ] {
        let events = format!("{{ Often: {{ Type: Schedule, Properties: {properties} }} }}");
        let error = load(&events, "").unwrap_err();
        assert!(error.contains(problem), "{error}");
    }
}

/// The project's own template.
mod project;

use std::{fmt::Write, path::Path};

use proptest::prelude::*;

use super::{App, parse};

#[test]
fn mistakes_are_reported_with_their_line() {
    for (template, problem) in [
        ("", "the template is empty"),
        ("Resources: {}", "the template has no `Resources`"),
        ("Resources:\n  A: {}", ":2: resource `A` has no `Type`"),
        ("Resources:\n  A: { Type: X }\n  A: { Type: X }", ":3: duplicate key `A`"),
        ("Resources: [", ":1: unclosed bracket"),
        (
            "Parameters:\n  P: { Type: String }\nResources:\n  A: { Type: X }",
            "parameter `P` has no default",
        ),
        (
            "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: { Runtime: python3.13 }",
            "does not run here, only `provided.al2023` does",
        ),
        (
            "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: provided.al2023\n      Role: r",
            ":3: function `F`: `Role` is not supported here",
        ),
        (
            "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: provided.al2023\n      Policies: [AdministratorAccess]",
            ":6: function `F`: the permissions of the managed policy `AdministratorAccess` are not known here",
        ),
        (
            "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: provided.al2023\n      Policies:\n        Statement: { Effect: Allow, Action: a, Resource: b, Condition: {} }",
            "a statement with `Condition` is not understood here",
        ),
        (
            "Resources:\n  A: { Type: AWS::Serverless::Api, Properties: { DefinitionBody: { paths: {} } } }\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: provided.al2023\n      Events: { E: { Type: Api, Properties: { Method: get, Path: /x } } }",
            ":2: `GET /x` is an event of `F` and is not in the API's DefinitionBody",
        ),
        (
            "Resources:\n  A: { Type: AWS::Serverless::Api, Properties: { DefinitionBody: { paths: { /x: { get: { x-amazon-apigateway-integration: { type: aws_proxy } } } } } } }",
            ":2: `GET /x` of the API's DefinitionBody is no function's event",
        ),
        (
            "Resources:\n  R:\n    Type: AWS::Events::Rule\n    Properties:\n      EventPattern: { source: x }",
            ":5: rule `local-R`: Event pattern is not valid. Reason: \"source\" must be",
        ),
        (
            "Resources:\n  R:\n    Type: AWS::Events::Rule\n    Properties: { EventBusName: b, EventPattern: { source: [x] } }",
            "rule `local-R` is on the bus `b`, which is not in this template",
        ),
    ] {
        let complaint = parse(template, Path::new("."), &[]).unwrap_err().to_string();
        assert!(complaint.contains(problem), "{template}\n{complaint}");
    }
}

#[test]
fn conditions_decide_what_exists_and_what_is_not_emulated_is_named() {
    let template = "
Conditions: { Never: !Equals [a, b] }
Resources:
  One: { Type: AWS::SNS::Topic, Condition: Never }
  Two: { Type: AWS::SNS::Topic, Properties: { TopicName: !If [Never, x, !Ref AWS::NoValue] } }
  Alarm: { Type: AWS::CloudWatch::Alarm }
  Logs: { Type: AWS::Logs::LogGroup }
  More: { Type: AWS::IAM::ManagedPolicy, Properties: { Roles: [r], PolicyDocument: {} } }
  Most: { Type: AWS::IAM::Policy }
";
    let complaint = parse(template, Path::new("."), &[]).map(drop).unwrap_err();
    assert!(complaint.to_string().contains("expected a string, not null"), "{complaint}");
    let template =
        template.replace(", Properties: { TopicName: !If [Never, x, !Ref AWS::NoValue] }", "");
    let app = parse(&template, Path::new("."), &[]).unwrap();
    assert_eq!(app.topics.len(), 1);
    let named = |(name, kind): &(String, String)| format!("{name} {kind}");
    assert_eq!(
        app.not_emulated.iter().map(named).collect::<Vec<_>>(),
        [
            "Alarm AWS::CloudWatch::Alarm",
            "More AWS::IAM::ManagedPolicy with Roles",
            "Most AWS::IAM::Policy"
        ]
    );
}

/// A template of one function with the given events, and what stands before and after it.
fn with_events(before: &str, events: &str, after: &str) -> App {
    let template = format!(
        "
{before}
Resources:
  Get:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Events:
{events}
{after}
"
    );
    parse(&template, Path::new("."), &[]).unwrap()
}

#[test]
fn an_event_without_an_api_is_of_the_implicit_api() {
    let event = "        E: { Type: Api, Properties: { Method: get, Path: '/things/{id}' } }";
    let url = "
Outputs:
  Url:
    Value: !Sub 'https://${ServerlessRestApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${ServerlessRestApi.Stage}/x'
";
    for (globals, name, traced) in [
        ("", "local", false),
        ("Globals: { Api: { TracingEnabled: true, Name: shop } }", "shop", true),
    ] {
        let app = with_events(globals, event, url);
        let api = app.api.as_ref().unwrap();
        assert_eq!((api.name.as_str(), api.stage.as_str(), api.traced), (name, "Prod", traced));
        assert_eq!(app.routes[0].path, "/things/{id}");
        assert_eq!(app.outputs["Url"], format!("https://{}/Prod/x", api.domain()));
        assert!(app.not_emulated.is_empty());
    }
}

#[test]
fn an_event_with_an_api_makes_no_implicit_one() {
    let event =
        "        E: { Type: Api, Properties: { Method: get, Path: /x, RestApiId: !Ref Own } }";
    let own = "  Own: { Type: AWS::Serverless::Api, Properties: { StageName: live } }";
    let app = with_events("Globals: { Api: { TracingEnabled: true } }", event, own);
    let api = app.api.unwrap();
    assert_eq!((api.name.as_str(), api.stage.as_str(), api.traced), ("Own", "live", true));
    let raw = "  Own: { Type: AWS::ApiGateway::RestApi }";
    let app = with_events(
        "",
        event,
        &format!("{raw}\nOutputs: {{ O: {{ Value: !Ref ServerlessRestApi }} }}"),
    );
    assert!(app.api.is_none());
    assert_eq!(app.not_emulated, [("Own".to_owned(), "AWS::ApiGateway::RestApi".to_owned())]);
    let unresolved = app.unresolved_outputs[0].error.to_string();
    assert!(unresolved.ends_with("no parameter or resource `ServerlessRestApi`"), "{unresolved}");
}

#[test]
fn a_second_api_is_named() {
    let event = "        E: { Type: Api, Properties: { Method: get, Path: /x } }";
    let own = "  Own: { Type: AWS::Serverless::Api, Properties: { StageName: live } }";
    let app = with_events("", event, own);
    assert_eq!(app.api.unwrap().name, "Own");
    assert_eq!(app.not_emulated[0].0, "ServerlessRestApi");
}

#[test]
fn an_operation_for_any_method_belongs_to_an_event_for_any_method() {
    let event =
        "        E: { Type: Api, Properties: { Method: any, Path: /x, RestApiId: !Ref Own } }";
    let own = "  Own: { Type: AWS::Serverless::Api, Properties: { DefinitionBody: { paths: { /x: { x-amazon-apigateway-any-method: { x-amazon-apigateway-integration: { type: aws_proxy } } } } } } }";
    let app = with_events("", event, own);
    assert_eq!(app.routes[0].method, "ANY");
}

#[test]
fn outputs_that_cannot_be_evaluated_do_not_stop_the_start() {
    let template = "
Conditions: { Never: !Equals [a, b] }
Resources:
  T: { Type: AWS::SNS::Topic }
Outputs:
  Good: { Value: !Ref T }
  Number: { Value: 7 }
  Absent: { Condition: Never, Value: !Ref Nobody }
  Split: { Value: !Split [',', 'a,b'] }
  Nobody: { Value: !Ref Nobody }
  List: { Value: [a, b] }
  Nothing: { Value: !Ref AWS::NoValue }
  Empty: {}
  Unsure: { Condition: Unknown, Value: x }
";
    let app = parse(template, Path::new("."), &[]).unwrap();
    let outputs: Vec<_> = app.outputs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let topic = "arn:aws:sns:us-east-1:000000000000:local-T";
    assert_eq!(outputs, [("Good", topic), ("Number", "7")]);
    let unresolved = app.unresolved_outputs.iter();
    let unresolved: Vec<_> = unresolved.map(|o| format!("{} {}", o.name, o.error)).collect();
    assert_eq!(
        unresolved,
        [
            "Split 9: `Fn::Split` is not an intrinsic that is supported here; these are: Ref, Sub, GetAtt, If, Equals, Not, And, Or, Join, Select, FindInMap",
            "Nobody 10: there is no parameter or resource `Nobody`",
            "List 11: expected a string, not [\"a\",\"b\"]",
            "Nothing 12: the output has no `Value`",
            "Empty 13: the output has no `Value`",
            "Unsure 14: there is no condition `Unknown`",
        ]
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[A-Za-z:!{}\\[\\]\\-&* \n'\"]{0,80}") {
        let _outcome = parse(&text, Path::new("."), &[]);
    }
}

#[test]
fn templates_that_no_machine_could_evaluate_are_refused() {
    let error = |text: &str| parse(text, Path::new("."), &[]).unwrap_err().to_string();
    // Each name stands for nine or ten of the one before.
    let mut aliases = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut conditions = "Conditions:\n  C0: !Equals [a, a]\n".to_owned();
    for (number, (name, before)) in ('b'..='j').zip('a'..).enumerate() {
        let repeated = vec![format!("*{before}"); 9].join(", ");
        writeln!(aliases, "{name}: &{name} [{repeated}]").unwrap();
        let repeated = vec![format!("!Condition C{number}"); 10].join(", ");
        writeln!(conditions, "  C{}: !And [{repeated}]", number + 1).unwrap();
    }
    let message = error(&format!("{aliases}Resources: *j\n"));
    assert!(message.contains("aliases stand for more than 100000 values"), "{message}");
    let queue = "Resources: { Q: { Type: AWS::SQS::Queue, Condition: C9 } }\n";
    let message = error(&format!("{conditions}{queue}"));
    assert!(message.contains("refer to each other more than 100000 times"), "{message}");
}

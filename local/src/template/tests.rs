use std::{fmt::Write, path::Path};

use proptest::prelude::*;
use serde_json::json;

use super::{App, Function, TemplateError, load, parse};

/// The name of a topic whose `TopicName` is the given YAML, in a template with some names to refer
/// to.
fn name_of(yaml: &str) -> Result<String, String> {
    let template = format!(
        "
Parameters:
  Stage: {{ Type: String, Default: demo }}
  Count: {{ Type: Number, Default: 3 }}
  Zones: {{ Type: CommaDelimitedList, Default: 'a, b' }}
Mappings:
  Sizes: {{ demo: {{ memory: small }} }}
Conditions:
  IsDemo: !Equals [!Ref Stage, demo]
  IsProd: !Equals [!Ref Stage, prod]
  NotDemo: !Not [!Condition IsDemo]
  Both: !And [!Condition IsDemo, !Not [!Condition IsProd]]
  Either: !Or [!Condition IsDemo, !Condition IsProd]
Resources:
  Table: {{ Type: AWS::DynamoDB::Table, Properties: {{ TableName: orders }} }}
  Queue: {{ Type: AWS::SQS::Queue }}
  Api: {{ Type: AWS::Serverless::Api, Properties: {{ Name: shop, StageName: live }} }}
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: {yaml}
"
    );
    let app = parse(&template, Path::new("."), &[]).map_err(|error| error.to_string())?;
    let arn = &app.topics[0].arn;
    Ok(arn.strip_prefix("arn:aws:sns:us-east-1:000000000000:").unwrap_or(arn).to_owned())
}

#[test]
fn intrinsics_and_their_values() {
    for (yaml, name) in [
        ("plain", "plain"),
        ("\"2012\"", "2012"),
        ("2012", "2012"),
        ("!Ref Stage", "demo"),
        ("{ Ref: Stage }", "demo"),
        ("!Ref Count", "3"),
        ("!Join ['+', !Ref Zones]", "a+b"),
        ("!Select [1, !Ref Zones]", "b"),
        ("!Ref Table", "orders"),
        ("!Ref Queue", "https://sqs.us-east-1.amazonaws.com/000000000000/local-Queue"),
        ("!Ref Api", "a8fd530006"),
        ("!Sub '${Api}-${Api.Stage}'", "a8fd530006-live"),
        ("!Ref Api.Stage", "live"),
        ("!Ref AWS::Region", "us-east-1"),
        ("!GetAtt Table.Arn", "arn:aws:dynamodb:us-east-1:000000000000:table/orders"),
        ("{ 'Fn::GetAtt': [Queue, QueueName] }", "local-Queue"),
        ("!Sub '${Stage}-${Table}'", "demo-orders"),
        ("!Sub 'a-${Table.Arn}'", "a-arn:aws:dynamodb:us-east-1:000000000000:table/orders"),
        ("!Sub '${!Literal}-${AWS::AccountId}'", "${Literal}-000000000000"),
        ("!Sub ['${x}-${Stage}', { x: !Ref Count }]", "3-demo"),
        ("!Join ['-', [a, !Ref Stage, 7]]", "a-demo-7"),
        ("!Select [1, [a, !Ref Stage]]", "demo"),
        ("!FindInMap [Sizes, !Ref Stage, memory]", "small"),
        ("!If [IsDemo, yes-it-is, no]", "yes-it-is"),
        ("!If [IsProd, yes, !Sub '${Stage}-no']", "demo-no"),
        ("!If [NotDemo, a, b]", "b"),
        ("!If [Both, a, b]", "a"),
        ("!If [Either, a, b]", "a"),
    ] {
        assert_eq!(name_of(yaml).as_deref(), Ok(name), "{yaml}");
    }
}

#[test]
fn mistakes_are_reported_with_their_line() {
    for (yaml, problem) in [
        ("!Ref Nobody", "there is no parameter or resource `Nobody`"),
        ("!GetAtt Nobody.Arn", "there is no parameter or resource `Nobody`"),
        ("!GetAtt Table", "`Fn::GetAtt` takes `Resource.Attribute`"),
        ("!Ref Topic", "`Topic` refers to itself"),
        ("!Split [a, b]", "`Fn::Split` is not an intrinsic that is supported here"),
        ("{ 'Fn::ImportValue': x }", "`Fn::ImportValue` is not an intrinsic"),
        ("!Sub '${Stage'", "a `${` without its `}`"),
        ("!Select [5, [a]]", "`Fn::Select` finds no item 5"),
        ("!Join [a]", "`Fn::Join` takes a list of 2"),
        ("!If [Nothing, a, b]", "there is no condition `Nothing`"),
        ("!FindInMap [Sizes, prod, memory]", "there is no mapping `Sizes.prod.memory`"),
        ("[a, b]", "expected a string, not"),
    ] {
        let complaint = name_of(yaml).unwrap_err();
        assert!(complaint.starts_with(":21: "), "{complaint}");
        assert!(complaint.contains(problem), "{complaint}");
    }
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

fn project(overrides: &[(&str, &str)]) -> Result<App, TemplateError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/template.yaml");
    let own = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    load(&path, &overrides.iter().map(own).collect::<Vec<_>>())
}

#[test]
fn the_projects_own_template_says_what_the_architecture_says() {
    let app = project(&[("Environment", "test"), ("FunctionTimeout", "12")]).unwrap();
    let rules: Vec<_> = app
        .rules
        .iter()
        .map(|rule| {
            let target = &rule.targets[0];
            json!({
                "rule": rule.name, "bus": rule.bus, "pattern": rule.pattern.source(),
                "function": target.function, "deadLetters": target.dead_letters,
            })
        })
        .collect();
    let functions: Vec<_> = app
        .functions
        .iter()
        .map(|function| {
            json!({
                "name": function.name, "timeout": function.timeout.as_secs(), "memory": function.memory,
                "traced": function.traced, "environment": function.environment,
                "retries": function.retries, "onFailure": function.on_failure,
            })
        })
        .collect();
    let routes: Vec<_> =
        app.routes.iter().map(|r| format!("{} {} {}", r.method, r.path, r.function)).collect();
    let permissions: Vec<_> = app
        .functions
        .iter()
        .map(|function| {
            let statements = function.role.statements.iter().map(|statement| {
                let effect = if statement.allows { "Allow" } else { "Deny" };
                json!([effect, statement.actions, statement.resources])
            });
            json!({ "role": function.role.name, "statements": statements.collect::<Vec<_>>() })
        })
        .collect();
    let [(logical_id, kinds)] = app.not_emulated.as_slice() else {
        panic!("{:?}", app.not_emulated)
    };
    assert_eq!(logical_id, "Watcher", "alarms are AWS's own");
    assert!(
        kinds.starts_with("AWS::CloudWatch::Alarm, ") && kinds.ends_with(" in watch.yaml"),
        "{kinds}"
    );
    let sampled = app.sampling_rules.iter().map(|rule| &rule["SamplingRule"]["RuleName"]);
    assert_eq!(
        sampled.collect::<Vec<_>>(),
        ["distributed-tracing-test-vip", "distributed-tracing-test-all"]
    );
    assert_eq!(app.trace_groups[0]["GroupName"], "distributed-tracing-test");
    insta::assert_json_snapshot!(json!({
        "functions": functions, "rules": rules, "routes": routes, "tables": app.tables,
        "outputs": app.outputs, "permissions": permissions,
    }));
}

#[test]
fn every_choice_that_the_template_offers_can_be_made() {
    let named = |overrides: &[(&str, &str)]| {
        let app = project(overrides).unwrap();
        let role = |action: &str| {
            let about = |function: &Function| {
                function.role.statements.iter().any(|s| s.actions.iter().any(|a| a == action))
            };
            app.functions.iter().filter(|function| about(function)).count()
        };
        let here: Vec<_> = app.not_emulated.iter().map(|(name, _)| name.clone()).collect();
        (here.join(" "), role("kms:Decrypt"), role("ec2:*"), app.outputs.len())
    };
    let watcher = || "Watcher".to_owned();
    let key = "arn:aws:kms:us-east-1:000000000000:key/k";
    assert_eq!(named(&[]), (watcher(), 0, 4, 14));
    assert_eq!(named(&[("KmsKeyArn", key)]), (watcher(), 4, 4, 14));
    let vpc = [("VpcSubnetIds", "subnet-1,subnet-2"), ("VpcSecurityGroupIds", "sg-1")];
    assert_eq!(named(&vpc), (watcher(), 0, 4, 14));
    assert_eq!(named(&[("NotificationTopic", "STANDARD")]), (watcher(), 0, 4, 13));
    assert_eq!(named(&[("Watch", "false")]), (String::new(), 0, 4, 12));
    let with_key = "ApiKey ApiUsagePlan ApiUsagePlanKey Watcher".to_owned();
    assert_eq!(named(&[("ApiAuth", "API_KEY")]), (with_key, 0, 4, 15));
    // What the customers' role may do is not evaluated.
    let with_role = "CustomerRolePolicy Watcher".to_owned();
    assert_eq!(
        named(&[("ApiAuth", "AWS_IAM"), ("CorsOrigin", "https://shop.example")]),
        (with_role, 0, 4, 15)
    );
    assert_eq!(named(&[("FunctionReservedConcurrency", "10")]), (watcher(), 0, 4, 14));
}

#[test]
fn parameters_are_checked() {
    for (name, value, problem) in [
        ("Nobody", "1", "no parameter `Nobody`"),
        ("FunctionTimeout", "soon", "which is not a number"),
        ("FunctionTimeout", "30", "which is more than 29"),
        ("LogLevel", "LOUD", "which is none of DEBUG, INFO, WARN, ERROR"),
        ("Environment", "Ümlaut", "which does not match"),
    ] {
        let complaint = project(&[(name, value)]).unwrap_err().to_string();
        assert!(complaint.contains(problem), "{complaint}");
    }
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

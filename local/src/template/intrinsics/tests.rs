use std::path::Path;

use crate::template::parse;

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
fn mistakes_of_intrinsics_are_reported_with_their_line() {
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
}

use std::path::Path;

use crate::template::{App, parse};

fn load(resources: &str) -> Result<App, String> {
    let template = format!("\nResources:\n{resources}");
    parse(&template, Path::new("."), &[]).map_err(|error| error.to_string())
}

#[test]
fn queues_and_their_settings() {
    let app = load(
        "
  Plain: { Type: AWS::SQS::Queue }
  Ordered:
    Type: AWS::SQS::Queue
    Properties:
      FifoQueue: true
      ContentBasedDeduplication: 'true'
      DeduplicationScope: messageGroup
      VisibilityTimeout: 60
      DelaySeconds: 5
      ReceiveMessageWaitTimeSeconds: '20'
",
    )
    .unwrap();
    let [ordered, plain] = ["local-Ordered.fifo", "local-Plain"]
        .map(|name| app.queues.iter().find(|queue| queue.name == name).unwrap());
    assert!(!plain.fifo && plain.visibility_timeout == 30 && plain.wait == 0);
    assert!(ordered.fifo && ordered.content_based_deduplication && ordered.deduplicates_per_group);
    assert_eq!((ordered.visibility_timeout, ordered.delay, ordered.wait), (60, 5, 20));
}

#[test]
fn queues_subscribe_to_topics_and_others_are_named() {
    let app = load(
        "
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: q.fifo, FifoQueue: true } }
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      FifoTopic: true
      Subscription:
        - { Protocol: sqs, Endpoint: !GetAtt Queue.Arn }
        - { Protocol: email, Endpoint: a@example.com }
  Raw:
    Type: AWS::SNS::Subscription
    Properties:
      { TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Queue.Arn, RawMessageDelivery: true }
  Filtered:
    Type: AWS::SNS::Subscription
    Properties:
      { TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Queue.Arn, FilterPolicy: { a: [b] } }
",
    )
    .unwrap();
    assert!(app.topics[0].fifo && app.topics[0].name == "local-Topic.fifo");
    let mut raw: Vec<_> = app.subscriptions.iter().map(|subscription| subscription.raw).collect();
    raw.sort_unstable();
    assert_eq!(raw, [false, true]);
    assert!(app.subscriptions.iter().all(|subscription| subscription.queue.ends_with(":q.fifo")));
    let mut named: Vec<_> =
        app.not_emulated.iter().map(|(id, kind)| format!("{id}: {kind}")).collect();
    named.sort_unstable();
    let topic = "arn:aws:sns:us-east-1:000000000000:local-Topic.fifo";
    assert_eq!(
        named,
        [
            format!("Filtered: subscription of {topic} with a filter policy"),
            format!("Topic: subscription of {topic} with protocol email"),
        ]
    );
}

#[test]
fn a_subscription_that_leads_nowhere_is_an_error() {
    let error = load(
        "
  Topic: { Type: AWS::SNS::Topic }
  Subscription:
    Type: AWS::SNS::Subscription
    Properties: { TopicArn: !Ref Topic, Protocol: sqs, Endpoint: arn:aws:sqs:us-east-1:1:elsewhere }
",
    )
    .unwrap_err();
    assert!(error.contains("the subscription `Subscription` needs a topic and a queue"), "{error}");
}

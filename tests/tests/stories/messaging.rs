use std::{fs, time::Instant};

use e2e::World;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::aws_apis::call;

/// A FIFO topic with two subscribers, and a queue of its own.
const TEMPLATE: &str = "
Resources:
  Plain: { Type: AWS::SQS::Queue, Properties: { QueueName: plain, VisibilityTimeout: 60 } }
  Ordered: { Type: AWS::SQS::Queue, Properties: { QueueName: ordered.fifo, FifoQueue: true } }
  Customers:
    Type: AWS::SNS::Topic
    Properties: { TopicName: customers.fifo, FifoTopic: true }
  Raw:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Customers
      Protocol: sqs
      Endpoint: !GetAtt Ordered.Arn
      RawMessageDelivery: true
  Wrapped:
    Type: AWS::SNS::Subscription
    Properties: { TopicArn: !Ref Customers, Protocol: sqs, Endpoint: !GetAtt Plain.Arn }
";
const TOPIC: &str = "arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3Acustomers.fifo";

async fn start() -> (World, TempDir) {
    let folder = TempDir::new().unwrap();
    let template = folder.path().join("template.yaml");
    fs::write(&template, TEMPLATE).unwrap();
    (World::with().template(template).start().await, folder)
}

/// Calls SQS about a queue, and returns the answer or the error's type.
async fn sqs(world: &World, operation: &str, queue: &str, parameters: Value) -> Value {
    let mut body = parameters;
    body["QueueUrl"] = format!("https://sqs.us-east-1.amazonaws.com/000000000000/{queue}").into();
    let target = format!("AmazonSQS.{operation}");
    call(world, "sqs", &target, "/", &body.to_string()).await.body
}

async fn publish(world: &World, parameters: &str) -> String {
    let body = format!("Action=Publish&TopicArn={TOPIC}&{parameters}");
    call(world, "sns", "", "/", &body).await.body.as_str().unwrap().to_owned()
}

/// The content of an XML element.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap();
    rest.split_once('<').unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_publish_is_accepted_and_not_delivered_again() {
    let (world, _folder) = start().await;
    let message = "Message=hi&Subject=s&MessageGroupId=g&MessageDeduplicationId=1\
                   &MessageAttributes.entry.1.Name=outcome&MessageAttributes.entry.1.Value.DataType=String\
                   &MessageAttributes.entry.1.Value.StringValue=confirmed";
    let first = publish(&world, message).await;
    let again = publish(&world, message).await;
    for name in ["MessageId", "SequenceNumber"] {
        assert_eq!(element(&first, name), element(&again, name));
    }
    let other = publish(&world, "Message=hi&MessageGroupId=g&MessageDeduplicationId=2").await;
    assert!(element(&other, "SequenceNumber") > element(&first, "SequenceNumber"));
    let sent = world.stack().notifications();
    assert_eq!(sent.iter().map(|sent| sent.repeated).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(sent[1].attributes["outcome"], "confirmed");

    let raw = world.stack().messages("ordered.fifo");
    assert_eq!(raw.iter().map(|message| message.body.text()).collect::<Vec<_>>(), ["hi", "hi"]);
    assert_eq!(raw[0].deduplication_id.as_deref(), Some("1"));
    let received = json!({ "MessageAttributeNames": ["All"], "AttributeNames": ["All"] });
    let received = sqs(&world, "ReceiveMessage", "ordered.fifo", received).await;
    let received = &received["Messages"][0];
    assert_eq!(received["MessageAttributes"]["outcome"]["StringValue"], "confirmed");
    assert_eq!(received["Attributes"]["MessageGroupId"], "g");
    let wrapped = world.stack().messages("plain");
    assert_eq!(wrapped.len(), 2);
    assert_eq!(wrapped[0].body["Type"], "Notification");
    assert_eq!(wrapped[0].body["MessageAttributes"]["outcome"]["Value"], "confirmed");
    assert!(world.stack().dead_letters().is_empty(), "a notification is no dead letter");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifo_topic_says_what_it_needs() {
    let (world, _folder) = start().await;
    for (parameters, says) in [
        ("Message=hi", "The MessageGroupId parameter is required for FIFO topics"),
        ("Message=hi&MessageGroupId=g", "MessageDeduplicationId provided explicitly"),
        ("Message=hi&MessageGroupId=g+h&MessageDeduplicationId=1", "alphanumeric and punctuation"),
        ("Message=&MessageGroupId=g&MessageDeduplicationId=1", "Empty message"),
    ] {
        let refused = publish(&world, parameters).await;
        assert!(refused.contains("<Code>InvalidParameter</Code>"), "{refused}");
        assert!(refused.contains(says), "{refused}");
    }
    assert!(world.stack().notifications().is_empty());
    let listed = format!("Action=ListSubscriptionsByTopic&TopicArn={TOPIC}");
    let listed = call(&world, "sns", "", "/", &listed).await.body;
    assert_eq!(listed.as_str().unwrap().matches("<Protocol>sqs</Protocol>").count(), 2);
    let listed = call(&world, "sns", "", "/", "Action=ListTopics").await.body;
    assert!(element(listed.as_str().unwrap(), "TopicArn").ends_with(":customers.fifo"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_sent_to_received_from_and_counted() {
    let (world, _folder) = start().await;
    let entries = json!({ "Entries": [
        { "Id": "a", "MessageBody": "one" },
        { "Id": "b", "MessageBody": "two", "MessageAttributes": { "n": { "DataType": "Number", "StringValue": "1" } } },
        { "Id": "c", "MessageBody": "" },
    ]});
    let sent = sqs(&world, "SendMessageBatch", "plain", entries).await;
    assert_eq!(sent["Failed"][0]["Code"], "MissingParameter");
    // `printf one | md5sum`.
    assert_eq!(sent["Successful"][0]["MD5OfMessageBody"], "f97c5d29941bfb1b2fdab0874906ab82");
    let received = json!({ "MaxNumberOfMessages": 10, "MessageAttributeNames": ["n"] });
    let received = sqs(&world, "ReceiveMessage", "plain", received).await;
    let messages = received["Messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(
        messages[1]["MD5OfMessageAttributes"],
        sent["Successful"][1]["MD5OfMessageAttributes"]
    );
    assert!(messages[0].get("Attributes").is_none(), "nobody asked for them");
    let counts = json!({ "AttributeNames": ["All"] });
    let attributes = sqs(&world, "GetQueueAttributes", "plain", counts).await;
    let attributes = &attributes["Attributes"];
    assert_eq!(attributes["ApproximateNumberOfMessages"], "0");
    assert_eq!(attributes["ApproximateNumberOfMessagesNotVisible"], "2");
    assert_eq!(attributes["VisibilityTimeout"], "60");
    let release = json!({ "ReceiptHandle": messages[0]["ReceiptHandle"], "VisibilityTimeout": 0 });
    sqs(&world, "ChangeMessageVisibility", "plain", release.clone()).await;
    let again = sqs(&world, "ChangeMessageVisibility", "plain", release).await;
    assert_eq!(again["__type"], "MessageNotInflight");
    let entries: Vec<_> = messages
        .iter()
        .zip(["a", "b"])
        .map(|(message, id)| json!({ "Id": id, "ReceiptHandle": message["ReceiptHandle"] }))
        .collect();
    let deleted = sqs(&world, "DeleteMessageBatch", "plain", json!({ "Entries": entries })).await;
    assert_eq!(deleted["Successful"].as_array().unwrap().len(), 2);
    assert!(world.stack().messages("plain").is_empty());
    let listed = call(&world, "sqs", "AmazonSQS.ListQueues", "/", "{}").await.body;
    assert_eq!(listed["QueueUrls"].as_array().unwrap().len(), 2);
    for (operation, parameters, code) in [
        (
            "SendMessage",
            json!({ "MessageBody": "x", "DelaySeconds": 901 }),
            "InvalidParameterValue",
        ),
        ("ReceiveMessage", json!({ "MaxNumberOfMessages": 11 }), "InvalidParameterValue"),
        ("ReceiveMessage", json!({ "WaitTimeSeconds": 21 }), "InvalidParameterValue"),
        ("GetQueueAttributes", json!({ "AttributeNames": ["Colour"] }), "InvalidAttributeName"),
        ("DeleteMessage", json!({ "ReceiptHandle": "x" }), "ReceiptHandleIsInvalid"),
        ("ChangeMessageVisibility", json!({ "ReceiptHandle": "x" }), "MissingParameter"),
    ] {
        let refused = sqs(&world, operation, "plain", parameters).await;
        assert_eq!(refused["__type"], code, "{operation}: {refused}");
    }
    let nowhere = sqs(&world, "PurgeQueue", "nowhere", json!({})).await;
    assert_eq!(nowhere["__type"], "QueueDoesNotExist");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_waits_for_a_message_and_not_longer() {
    let (world, _folder) = start().await;
    let waits = sqs(&world, "ReceiveMessage", "plain", json!({ "WaitTimeSeconds": 20 }));
    let sends = async {
        // The receiver is first, whichever way the two are polled: a message sent before is received too.
        tokio::task::yield_now().await;
        sqs(&world, "SendMessage", "plain", json!({ "MessageBody": "late" })).await
    };
    let start = Instant::now();
    let (received, _sent) = tokio::join!(waits, sends);
    assert_eq!(received["Messages"][0]["Body"], "late");
    assert!(start.elapsed().as_secs() < 15, "the wait ends when the message arrives");
    let start = Instant::now();
    let nothing = sqs(&world, "ReceiveMessage", "plain", json!({ "WaitTimeSeconds": 1 })).await;
    assert!(nothing.get("Messages").is_none());
    assert!(start.elapsed().as_millis() >= 900);
    world.end().await;
}

use serde_json::{Value, json};

use crate::{response::Response, world::World};

/// Where the events are that a function did not handle in three attempts.
const QUEUE: &str = "distributed-tracing-demo-failed-invocations";
/// How many messages SQS hands out at once.
const MOST: u32 = 10;

impl World {
    /// Invokes the functions again with the events in the queue of failed invocations, as `infra/redrive`
    /// does, and returns how many there were.
    pub async fn redrive(&self) -> usize {
        let mut count = 0;
        loop {
            let received = self
                .sqs(
                    "ReceiveMessage",
                    json!({ "MaxNumberOfMessages": MOST, "AttributeNames": ["All"] }),
                )
                .await;
            let Some(messages) = received["Messages"].as_array() else { return count };
            for message in messages {
                self.redrive_one(message).await;
                count += 1;
            }
        }
    }

    async fn redrive_one(&self, message: &Value) {
        let body = message["Body"].as_str().unwrap_or_default();
        let letter: Value = serde_json::from_str(body).expect("Lambda's record is JSON");
        let arn = letter["requestContext"]["functionArn"].as_str().unwrap_or_default();
        let name = arn.split(':').nth(6).expect("an ARN has a name");
        let path = format!("/2015-03-31/functions/{name}/invocations");
        let trace = message["Attributes"]["AWSTraceHeader"].as_str().unwrap_or_default();
        let headers = [("x-amz-invocation-type", "Event"), ("x-amzn-trace-id", trace)];
        let payload = letter["requestPayload"].to_string();
        let Response { status, body, .. } = self.aws("lambda", &path, payload, &headers).await;
        assert_eq!(status, 202, "{body}");
        self.sqs("DeleteMessage", json!({ "ReceiptHandle": message["ReceiptHandle"] })).await;
    }

    async fn sqs(&self, operation: &str, mut body: Value) -> Value {
        body["QueueUrl"] =
            format!("https://sqs.us-east-1.amazonaws.com/000000000000/{QUEUE}").into();
        let target = format!("AmazonSQS.{operation}");
        let headers =
            [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.0")];
        let Response { status, body, .. } = self.aws("sqs", "/", body.to_string(), &headers).await;
        assert_eq!(status, 200, "{body}");
        body
    }
}

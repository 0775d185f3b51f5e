use serde_json::json;

use super::*;
use crate::rules::Verdict;

const TABLE: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/t";
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:n";

#[test]
fn policies_and_what_they_allow() {
    let own = ("arn:aws:iam::000000000000:policy/own".to_owned(), {
        json!({ "Statement": { "Effect": "Deny", "Action": "sns:*", "Resource": "*" } })
    });
    for (policies, action, resource, verdict) in [
        (json!(null), "dynamodb:GetItem", TABLE, Verdict::ImplicitDeny),
        (
            json!([{ "SNSPublishMessagePolicy": { "TopicName": "n" } }, own.0]),
            "sns:Publish",
            TOPIC,
            Verdict::ExplicitDeny,
        ),
        (
            json!({ "Statement": [{ "Effect": "Allow", "Action": "sns:Publish", "Resource": TOPIC }] }),
            "sns:Publish",
            TOPIC,
            Verdict::Allowed,
        ),
        (json!(["AWSXRayDaemonWriteAccess"]), "xray:PutTraceSegments", "*", Verdict::Allowed),
        (
            json!(["AWSLambdaBasicExecutionRole"]),
            "xray:PutTraceSegments",
            "*",
            Verdict::ImplicitDeny,
        ),
    ] {
        let role = role("r".to_owned(), &policies, false, std::slice::from_ref(&own)).unwrap();
        assert_eq!(role.verdict(action, resource), verdict, "{policies} {action}");
    }
}

#[test]
fn policy_templates_and_what_they_allow() {
    let index = &format!("{TABLE}/index/i");
    let stream = &format!("{TABLE}/stream/s");
    let queue = "arn:aws:sqs:us-east-1:000000000000:q";
    let table = || json!({ "TableName": "t", "StreamName": "s" });
    let named = |key: &str| json!({ key: "n" });
    for (template, parameters, action, resource, allowed) in [
        ("DynamoDBReadPolicy", table(), "dynamodb:GetItem", TABLE, true),
        ("DynamoDBReadPolicy", table(), "dynamodb:Query", index, true),
        ("DynamoDBReadPolicy", table(), "dynamodb:PutItem", TABLE, false),
        ("DynamoDBWritePolicy", table(), "dynamodb:PutItem", TABLE, true),
        ("DynamoDBWritePolicy", table(), "dynamodb:DeleteItem", TABLE, false),
        ("DynamoDBCrudPolicy", table(), "dynamodb:DeleteItem", TABLE, true),
        ("DynamoDBCrudPolicy", table(), "dynamodb:ConditionCheckItem", TABLE, true),
        ("DynamoDBCrudPolicy", table(), "dynamodb:UpdateTable", TABLE, false),
        ("DynamoDBReconfigurePolicy", table(), "dynamodb:UpdateTable", TABLE, true),
        ("DynamoDBStreamReadPolicy", table(), "dynamodb:GetRecords", stream, true),
        ("DynamoDBStreamReadPolicy", table(), "dynamodb:GetRecords", TABLE, false),
        ("SNSPublishMessagePolicy", named("TopicName"), "sns:Publish", TOPIC, true),
        ("SNSPublishMessagePolicy", named("TopicName"), "sns:Subscribe", TOPIC, false),
        // These two name resources by a prefix.
        ("SNSCrudPolicy", named("TopicName"), "sns:Subscribe", &format!("{TOPIC}2"), true),
        (
            "LambdaInvokePolicy",
            named("FunctionName"),
            "lambda:InvokeFunction",
            "arn:aws:lambda:us-east-1:000000000000:function:n:1",
            true,
        ),
        ("SQSPollerPolicy", json!({ "QueueName": "q" }), "sqs:DeleteMessage", queue, true),
        ("SQSPollerPolicy", json!({ "QueueName": "q" }), "sqs:SendMessage", queue, false),
        ("SQSSendMessagePolicy", json!({ "QueueName": "q" }), "sqs:SendMessageBatch", queue, true),
        (
            "EventBridgePutEventsPolicy",
            named("EventBusName"),
            "events:PutEvents",
            "arn:aws:events:us-east-1:000000000000:event-bus/n",
            true,
        ),
        ("S3ReadPolicy", named("BucketName"), "s3:GetObject", "arn:aws:s3:::n/key", true),
        ("S3ReadPolicy", named("BucketName"), "s3:ListBucket", "arn:aws:s3:::n", true),
        ("S3ReadPolicy", named("BucketName"), "s3:PutObject", "arn:aws:s3:::n/key", false),
        (
            "AWSSecretsManagerGetSecretValuePolicy",
            json!({ "SecretArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:s" }),
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:us-east-1:000000000000:secret:s",
            true,
        ),
        (
            "SSMParameterReadPolicy",
            named("ParameterName"),
            "ssm:GetParameter",
            "arn:aws:ssm:us-east-1:000000000000:parameter/n",
            true,
        ),
        ("SSMParameterReadPolicy", named("ParameterName"), "ssm:DescribeParameters", "*", true),
        ("CloudWatchPutMetricPolicy", json!({}), "cloudwatch:PutMetricData", "*", true),
        ("VPCAccessPolicy", json!({}), "ec2:CreateNetworkInterface", "*", true),
    ] {
        for policies in
            [json!({ template: parameters.clone() }), json!([{ template: parameters.clone() }])]
        {
            let role = role("r".to_owned(), &policies, false, &[]).unwrap();
            let verdict = if allowed { Verdict::Allowed } else { Verdict::ImplicitDeny };
            assert_eq!(role.verdict(action, resource), verdict, "{policies} {action} {resource}");
        }
    }
}

#[test]
fn every_policy_template_has_one_name_and_balanced_placeholders() {
    let mut names: Vec<_> = POLICY_TEMPLATES.iter().map(|(name, _)| *name).collect();
    names.dedup();
    assert_eq!(names.len(), POLICY_TEMPLATES.len());
    for (name, statements) in &POLICY_TEMPLATES {
        for (_, actions, resources) in *statements {
            assert!(!actions.is_empty() && !resources.is_empty(), "{name}");
            let count = |brace| resources.matches(brace).count();
            assert_eq!(count('{'), count('}'), "{name}");
        }
    }
}

#[test]
fn policies_that_are_not_understood_are_refused() {
    for (policies, complaint) in [
        (
            json!(["AdministratorAccess"]),
            "the permissions of the managed policy `AdministratorAccess` are not known here",
        ),
        (
            json!([{ "EFSWriteAccessPolicy": { "FileSystem": "f", "AccessPoint": "a" } }]),
            "the policy template `EFSWriteAccessPolicy` is not known here",
        ),
        (
            json!([{ "DynamoDBReadPolicy": {} }]),
            "the policy template `DynamoDBReadPolicy` needs `TableName`",
        ),
        (json!([7]), "7 is not a policy"),
        (
            json!([{ "Statement": [{ "Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {} }] }]),
            "a statement with `Condition` is not understood here",
        ),
    ] {
        let error = role("r".to_owned(), &policies, true, &[]).unwrap_err().to_string();
        assert!(error.contains(complaint), "{error}");
    }
}

use axum::http::HeaderMap;
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::json;

use super::*;

fn request(operation: &str, body: &str, headers: &[(&'static str, &str)]) -> AwsRequest {
    let target = format!("DynamoDB_20120810.{operation}");
    let signature = "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/dynamodb/aws4_request, \
                     SignedHeaders=host, Signature=0";
    let mut all = HeaderMap::new();
    let common = [
        ("content-type", CONTENT_TYPE),
        ("x-amz-target", &target),
        ("x-amz-date", "20260101T000000Z"),
        ("authorization", signature),
    ];
    for (name, value) in common.iter().chain(headers) {
        all.insert(*name, value.parse().unwrap());
    }
    let protocol = Protocol::Json { target: "DynamoDB_20120810", content_type: CONTENT_TYPE };
    AwsRequest::parse(protocol, &Method::POST, "/", &all, body.to_owned().into())
}

async fn database() -> DynamoDb {
    let table = json!({
        "TableName": "table", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
    });
    DynamoDb::start(&[table]).await.unwrap()
}

/// Whether the server answered, the status, and the body.
async fn seen(outcome: Outcome) -> (bool, StatusCode, Bytes) {
    let Ok(Response::Http(response)) = outcome else { panic!("no answer in HTTP") };
    let (is_servers, status) =
        (response.headers().contains_key("x-dynoxide-version"), response.status());
    assert!(response.headers().contains_key("x-amz-crc32"));
    assert_eq!(response.headers()["content-type"], CONTENT_TYPE);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (is_servers, status, body)
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[tokio::test]
async fn what_is_answered_without_the_server_is_what_the_server_answers() {
    let (database, server) = (database().await, database().await);
    let key = json!({ "id": { "S": "a" } });
    let item = json!({ "id": { "S": "a" }, "n": { "N": "1.50" }, "names": { "SS": ["y", "x"] } });
    let add = json!({
        "TableName": "table", "Key": key, "UpdateExpression": "SET n = n + :one",
        "ExpressionAttributeValues": { ":one": { "N": "1" } }, "ReturnValues": "ALL_NEW",
    });
    let flag = json!({ "id": { "S": "b" }, "is": { "BOOL": "true" } });
    let all = json!({
        "TableName": "table", "KeyConditionExpression": "id = :id",
        "ExpressionAttributeValues": { ":id": { "S": "a" } },
    });
    let absent = json!({
        "TableName": "table", "Item": item, "ConditionExpression": "attribute_not_exists(id)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    let under =
        |token: &str, items: Value| json!({ "TransactItems": items, "ClientRequestToken": token });
    let new = json!({ "Put": { "TableName": "table", "Item": { "id": { "S": "new" } } } });
    let once = under("token", json!([{ "Update": add }, new]));
    // A token is of these items alone; what was cancelled under one is not remembered.
    let other = under("token", json!([{ "Update": add }]));
    let refused = under("refused", json!([{ "Put": absent }]));
    let mut counted = under("counted", json!([{ "Update": add }]));
    counted["ReturnConsumedCapacity"] = "TOTAL".into();
    let too_long = under(&"t".repeat(37), json!([new]));
    for (operation, body, by_server) in [
        ("PutItem", &absent, false),
        ("PutItem", &absent, false),
        ("TransactWriteItems", &json!({ "TransactItems": [{ "Put": absent }] }), false),
        ("TransactWriteItems", &once, false),
        ("TransactWriteItems", &once, false),
        ("TransactWriteItems", &other, false),
        ("TransactWriteItems", &refused, false),
        ("TransactWriteItems", &refused, false),
        ("TransactWriteItems", &counted, false),
        ("TransactWriteItems", &counted, false),
        ("TransactWriteItems", &too_long, true),
        ("GetItem", &json!({ "TableName": "table", "Key": key }), false),
        ("UpdateItem", &add, false),
        ("UpdateItem", &add, false),
        ("Query", &all, false),
        ("PutItem", &json!({ "TableName": "table", "Item": flag }), true),
        ("PutItem", &json!({ "TableName": "table", "Item": {} }), true),
        ("PutItem", &json!({ "TableName": "table", "Item": 1 }), true),
        ("GetItem", &json!({ "TableName": "other", "Key": key }), true),
        ("Query", &json!({ "TableName": "table", "KeyConditions": [] }), true),
        ("Scan", &json!({ "TableName": "table" }), true),
        (
            "DeleteItem",
            &json!({ "TableName": "table", "Key": key, "ReturnValues": "ALL_OLD" }),
            false,
        ),
        ("GetItem", &json!({ "TableName": "table", "Key": key }), false),
    ] {
        let request = request(operation, &body.to_string(), &[]);
        let (is_servers, status, answer) = seen(database.handle(&request).await).await;
        assert_eq!(is_servers, by_server, "{operation} {body}: {answer:?}");
        let (_, expected_status, expected) = seen(server.forward(&request).await).await;
        let (answer, expected) = (json(&answer), json(&expected));
        assert_eq!((status, answer), (expected_status, expected), "{operation} {body}");
    }
}

#[tokio::test]
async fn a_condition_that_does_not_hold_is_answered_once_and_as_the_server_does() {
    let database = database().await;
    // An item of one attribute: the order of several is random, here and there.
    let item = json!({ "id": { "S": "a" } });
    let put = json!({ "TableName": "table", "Item": item }).to_string();
    seen(database.handle(&request("PutItem", &put, &[])).await).await;
    for (operation, member) in [("PutItem", "Item"), ("UpdateItem", "Key"), ("DeleteItem", "Key")] {
        for values in ["NONE", "ALL_OLD"] {
            let body = json!({
                "TableName": "table", member: item, "ConditionExpression": "attribute_not_exists(id)",
                "ReturnValuesOnConditionCheckFailure": values,
            });
            let request = request(operation, &body.to_string(), &[]);
            let (is_servers, status, answer) = seen(database.handle(&request).await).await;
            assert!(!is_servers, "{body}: performed a second time by the server");
            let (_, expected_status, expected) = seen(database.forward(&request).await).await;
            assert_eq!((status, &answer), (expected_status, &expected), "{body}");
            let old = (values == "ALL_OLD").then_some(&item);
            assert_eq!(json(&answer).get("Item"), old, "{body}");
        }
    }
}

#[tokio::test]
async fn the_server_answers_what_is_not_a_signed_request_of_the_protocol() {
    let database = database().await;
    let body = json!({ "TableName": "table", "Key": { "id": { "S": "a" } } }).to_string();
    for header in [("content-type", "application/json"), ("authorization", "AWS4-HMAC-SHA256 ")] {
        let request = request("GetItem", &body, &[header]);
        let Ok(Response::Http(response)) = database.handle(&request).await else { panic!() };
        assert!(response.headers().contains_key("x-dynoxide-version"), "{header:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_page_finds_the_embedded_server() {
    let addresses = [listen().await.unwrap(), listen().await.unwrap()];
    let [first, second] = addresses.map(|listener| listener.local_addr().unwrap().ip());
    assert!(first.is_loopback() && second.is_loopback());
    assert_ne!(first, second);
    assert_ne!(first, Ipv4Addr::LOCALHOST);
}

use super::*;

#[test]
fn a_server_span_is_a_segment_of_its_service() {
    let segment = made(&span(
        span::SpanKind::Server,
        &json!({
            "http.request.method": "GET", "url.scheme": "https", "url.path": "/orders", "url.query": "a=b",
            "server.address": "shop.example", "server.port": 8443, "client.address": "192.0.2.1",
            "http.response.status_code": 503, "user_agent.original": "curl", "order": "o-1", "total": 2.5,
            "aws.xray.annotations": ["order"], "aws.xray.metadata.shop": "{\"a\":1}",
        }),
    ));
    assert_eq!(segment["name"], "shop");
    assert_eq!(segment["trace_id"], TRACE_ID);
    assert_eq!(segment["id"], "0000000000000007");
    assert_eq!(segment["parent_id"], "0000000000000001");
    assert_eq!(segment["start_time"], json!(1_465_510_280.000_001));
    assert_eq!(segment["end_time"], json!(1_465_510_281.5));
    assert_eq!((&segment["type"], &segment["namespace"]), (&Value::Null, &Value::Null));
    assert_eq!((&segment["fault"], &segment["error"]), (&json!(true), &Value::Null));
    assert_eq!(segment["service"], json!({ "version": "1.2" }));
    let request = json!({
        "method": "GET", "url": "https://shop.example:8443/orders?a=b", "client_ip": "192.0.2.1",
        "x_forwarded_for": true, "user_agent": "curl",
    });
    let response = json!({ "status": 503, "content_length": 0 });
    assert_eq!(segment["http"], json!({ "request": request, "response": response }));
    assert_eq!(segment["annotations"], json!({ "order": "o-1" }));
    assert_eq!(segment["metadata"]["shop"], json!({ "a": 1 }));
    assert_eq!(segment["metadata"]["default"]["total"], 2.5);
    assert_eq!(segment["metadata"]["default"]["otel.resource.service.name"], "shop");
    assert_eq!(segment["aws"]["xray"]["sdk"], "opentelemetry for python");
}

#[test]
fn what_a_span_does_not_say_is_absent() {
    for (kind, attributes, event) in [
        (span::SpanKind::Server, json!({}), false),
        (span::SpanKind::Client, json!({ "rpc.system": "aws-api", "db.system": "mysql" }), true),
        (span::SpanKind::Internal, json!({}), true),
    ] {
        let mut span = span(kind, &attributes);
        if event {
            let name = "exception".to_owned();
            span.events.push(span::Event { name, ..span::Event::default() });
        }
        let nobody = Attributes::new(&[]);
        for document in documents(&span, &nobody) {
            assert!(!document.to_string().contains("null"), "{document}");
        }
    }
}

#[test]
fn a_call_of_an_aws_api_is_a_subsegment_named_after_the_service() {
    let call = made(&span(
        span::SpanKind::Client,
        &json!({
            "rpc.system": "aws-api", "rpc.service": "DynamoDB", "rpc.method": "GetItem",
            "aws.region": "eu-west-1", "aws.request_id": "r-1", "aws.dynamodb.table_names": ["orders"],
            "http.status_code": 400,
        }),
    ));
    assert_eq!((&call["name"], &call["type"]), (&json!("DynamoDB"), &json!("subsegment")));
    assert_eq!((&call["namespace"], &call["error"]), (&json!("aws"), &json!(true)));
    let aws = &call["aws"];
    assert_eq!((&aws["operation"], &aws["table_name"]), (&json!("GetItem"), &json!("orders")));
    assert_eq!((&aws["region"], &aws["request_id"]), (&json!("eu-west-1"), &json!("r-1")));
    let metadata = call["metadata"]["default"].as_object().unwrap();
    let metadata: Vec<_> = metadata.keys().collect();
    assert_eq!(metadata, ["aws.dynamodb.table_names", "rpc.service", "rpc.system"]);
}

#[test]
fn names() {
    use span::SpanKind::{Client, Internal, Producer, Server};
    for (kind, attributes, name, namespace) in [
        (Server, json!({ "aws.local.service": "mine", "peer.service": "p" }), "mine", Value::Null),
        (Client, json!({ "peer.service": "billing" }), "billing", json!("remote")),
        (Client, json!({ "aws.service": "SNS" }), "SNS", json!("aws")),
        (Producer, json!({ "rpc.system": "aws-api", "rpc.service": "SQS" }), "SQS", json!("aws")),
        (
            Client,
            json!({ "aws.remote.service": "AWS::S3", "rpc.system": "aws-api" }),
            "S3",
            json!("aws"),
        ),
        (
            Client,
            json!({ "db.system": "mysql", "db.name": "shop", "db.connection_string": "mysql://db.example:3306" }),
            "shop@db.example",
            json!("remote"),
        ),
        (Client, json!({ "http.host": "a.example" }), "a.example", json!("remote")),
        (Internal, json!({}), "GET /orders", Value::Null),
    ] {
        let document = made(&span(kind, &attributes));
        assert_eq!((&document["name"], &document["namespace"]), (&json!(name), &namespace));
    }
    let mut odd = span(span::SpanKind::Internal, &json!({}));
    odd.name = "<*>".to_owned();
    assert_eq!(made(&odd)["name"], "span");
}

#[test]
fn a_first_span_that_is_a_call_is_a_service_and_its_call() {
    let mut first = span(
        span::SpanKind::Client,
        &json!({
            "aws.span.kind": "LOCAL_ROOT", "aws.local.service": "worker", "aws.remote.service": "AWS::SQS",
            "aws.remote.operation": "SendMessage", "rpc.system": "aws-api", "rpc.service": "SQS",
            "rpc.method": "SendMessage", "aws.queue_url": "https://q", "http.status_code": 200, "job": 7,
        }),
    );
    first.parent_span_id.clear();
    first.links.push(span::Link::default());
    let [service, call] = &documents(&first, &resource())[..] else { panic!("two documents") };
    assert_eq!((&service["name"], &call["name"]), (&json!("worker"), &json!("SQS")));
    assert_eq!((&service["type"], &service["namespace"]), (&Value::Null, &Value::Null));
    assert_eq!((&call["type"], &call["namespace"]), (&json!("subsegment"), &json!("aws")));
    assert_eq!((&call["id"], &call["parent_id"]), (&json!("0000000000000007"), &service["id"]));
    assert_ne!(service["id"], call["id"]);
    assert_eq!((&service["http"], &service["aws"]["operation"]), (&Value::Null, &Value::Null));
    assert_eq!(call["aws"]["operation"], "SendMessage");
    assert_eq!((service["links"].is_null(), call["links"].is_array()), (true, true));
    let names: Vec<_> = service["metadata"]["default"].as_object().unwrap().keys().collect();
    assert!(names.iter().all(|name| name.starts_with("otel.resource.")), "{names:?}");
    assert_eq!(call["metadata"]["default"]["job"], 7);
    assert_eq!(documents(&first, &resource())[0]["id"], service["id"], "it may come twice");

    // Whoever consumes a message is linked to who sent it, and the message is no part of it.
    first.kind = span::SpanKind::Consumer.into();
    let [service, call] = &documents(&first, &resource())[..] else { panic!("two documents") };
    assert_eq!((service["links"].is_array(), call["links"].is_null()), (true, true));

    first.kind = span::SpanKind::Internal.into();
    first.parent_span_id = vec![1; 8];
    let service = made(&first);
    assert_eq!((&service["name"], &service["type"]), (&json!("worker"), &Value::Null));
}

#[test]
fn machines_and_databases_and_who_asks() {
    let ecs = Attributes::new(&pairs(&json!({
        "cloud.provider": "aws", "cloud.platform": "aws_ecs", "aws.ecs.launchtype": "fargate",
        "aws.ecs.task.arn": "arn:task", "container.name": "shop", "cloud.availability_zone": "us-east-1a",
        "cloud.account.id": "123456789012",
    })));
    let query = span(
        span::SpanKind::Server,
        &json!({
            "db.system": "postgresql", "db.name": "orders", "db.statement": "SELECT 1", "db.user": "reader",
            "db.connection_string": "postgresql://me:secret@db.example:5432", "enduser.id": "alice",
            "net.peer.ip": "10.0.0.1", "http.client_ip": "192.0.2.1", "http.method": "GET",
            "http.host": "shop.example", "http.target": "/a?b=c", "http.scheme": "https",
            "aws.xray.annotations": ["otel.resource.cloud.platform", "list"], "list": ["a"],
            "aws.xray.metadata.default": "{\"a\":1}", "aws.xray.metadata.bad": "no object",
        }),
    );
    let [segment] = &documents(&query, &ecs)[..] else { panic!("one document") };
    assert_eq!(segment["origin"], "AWS::ECS::Fargate");
    let machine = json!({
        "task_arn": "arn:task", "container": "shop", "availability_zone": "us-east-1a", "launch_type": "fargate",
    });
    assert_eq!(segment["aws"]["ecs"], machine);
    assert_eq!(
        (&segment["aws"]["account_id"], &segment["user"]),
        (&json!("123456789012"), &json!("alice"))
    );
    assert_eq!(segment["name"], "orders@db.example");
    let sql = json!({
        "url": "GET /orders", "connection_string": "postgresql://me:secret@db.example:5432/orders",
        "database_type": "postgresql", "user": "reader", "sanitized_query": "SELECT 1",
    });
    assert_eq!(segment["sql"], sql);
    // The peer's address is known, so the client's comes from somewhere else, and is no guess.
    let request =
        json!({ "method": "GET", "url": "https://shop.example/a?b=c", "client_ip": "192.0.2.1" });
    assert_eq!(segment["http"]["request"], request);
    assert_eq!(segment["annotations"], json!({ "otel.resource.cloud.platform": "aws_ecs" }));
    let metadata = segment["metadata"].as_object().unwrap();
    assert_eq!(metadata.keys().collect::<Vec<_>>(), ["default"]);
    assert_eq!(
        (&metadata["default"]["a"], &metadata["default"]["list"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(metadata["default"]["aws.xray.metadata.bad"], "no object");
    assert_eq!(metadata["default"]["enduser.id"], Value::Null);
}

#[test]
fn ids_of_zeros_are_none() {
    let mut first = span(span::SpanKind::Internal, &json!({}));
    first.parent_span_id = vec![0; 8];
    let segment = made(&first);
    assert_eq!((&segment["parent_id"], &segment["type"]), (&Value::Null, &Value::Null));
    let store = Store::new(10);
    for (trace_id, span_id) in [(vec![0; 16], vec![1; 8]), (TRACE.to_vec(), vec![0; 8])] {
        let rejections =
            store_spans(&request(vec![Span { trace_id, span_id, ..first.clone() }]), &store);
        assert_eq!(rejections.len(), 1);
    }
}

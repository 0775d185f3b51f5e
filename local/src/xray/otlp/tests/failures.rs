use super::*;

#[test]
fn descriptions_of_failures() {
    let mut failed =
        span(span::SpanKind::Client, &json!({ "rpc.system": "aws-api", "http.status_code": 503 }));
    failed.status = Some(Status { message: "gone".to_owned(), code: SpanStatus::Unset.into() });
    assert_eq!((&made(&failed)["cause"], &made(&failed)["fault"]), (&Value::Null, &json!(true)));
    failed.status = Some(Status { message: "gone".to_owned(), code: SpanStatus::Error.into() });
    assert_eq!(made(&failed)["cause"]["exceptions"][0]["message"], "gone");
    failed.events.push(span::Event {
        name: "HTTP request failure".to_owned(),
        time_unix_nano: 1_500_000_000,
        attributes: pairs(
            &json!({ "http.response.status_code": 500, "aws.http.error_message": "busy" }),
        ),
        ..span::Event::default()
    });
    let attempt = &made(&failed)["cause"]["exceptions"][0];
    assert_eq!(attempt["message"], "500@1.500000@busy");
    assert_eq!(
        (&attempt["type"], &attempt["remote"]),
        (&json!("aws.http.error.event"), &json!(true))
    );
}

#[test]
fn exceptions_and_their_causes() {
    let trace = "Traceback (most recent call last):\n  File \"/var/task/a.py\", line 3, in read\n    x()\n\
        KeyError: 'sku'\n\nThe above exception was the direct cause of the following exception:\n\n\
        Traceback (most recent call last):\n  File \"/var/task/a.py\", line 9, in handler\n    read()\n\
        ValueError: no product\n";
    let mut failed = span(span::SpanKind::Internal, &json!({}));
    failed.status = Some(Status { message: String::new(), code: SpanStatus::Error.into() });
    failed.events.push(span::Event {
        name: "exception".to_owned(),
        attributes: pairs(&json!({
            "exception.type": "ValueError", "exception.message": "no product",
            "exception.stacktrace": trace,
        })),
        ..span::Event::default()
    });
    let document = made(&failed);
    assert_eq!(document["fault"], true);
    let exceptions = &document["cause"]["exceptions"];
    assert_eq!(exceptions[0]["type"], "ValueError");
    assert_eq!(
        exceptions[0]["stack"][0],
        json!({ "path": "/var/task/a.py", "line": 9, "label": "handler" })
    );
    assert_eq!(exceptions[0]["cause"], exceptions[1]["id"]);
    assert_eq!(
        (&exceptions[1]["type"], &exceptions[1]["message"]),
        (&json!("KeyError"), &json!("'sku'"))
    );
    assert_eq!(exceptions[1]["stack"][0]["line"], 3);
}

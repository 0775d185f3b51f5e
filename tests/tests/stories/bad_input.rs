use e2e::{Response, World};
use serde_json::{Value, json};

/// What API Gateway answers itself is a problem like the service's, because the template says so.
pub(crate) fn assert_problem(response: &Response, title: &str, detail: &str) {
    assert_eq!(response.headers["content-type"], "application/problem+json");
    let expected = json!({
        "type": "about:blank", "title": title, "detail": detail,
        "requestId": response.headers["x-amzn-requestid"].to_str().unwrap(),
    });
    assert_eq!(response.body, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_configured_origin_may_read_answers_and_refusals() {
    let origin = "https://shop.example";
    let world = World::with().parameter("CorsOrigin", origin).start().await;
    for (body, status) in [("{}", 201), ("[]", 400)] {
        let response = world.order(body).await;
        assert_eq!(response.status, status);
        assert_eq!(response.headers["access-control-allow-origin"], origin);
    }
    // What API Gateway refuses itself, too.
    let response = world.post("/orders", "{}", &[]).await;
    assert_eq!(
        (response.status, &response.headers["access-control-allow-origin"]),
        (403, &origin.parse().unwrap())
    );
    world.end().await;
    let world = World::start().await;
    assert!(!world.order("{}").await.headers.contains_key("access-control-allow-origin"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_requests_are_refused_with_a_reason() {
    let world = World::start().await;
    for (body, status, field) in [
        ("", 400, None),
        ("not json", 400, None),
        ("{\"productId\": ", 400, None),
        ("[]", 400, None),
        ("null", 400, None),
        (r#"{"quantity": "1"}"#, 422, Some("quantity")),
        (r#"{"quantity": -1}"#, 422, Some("quantity")),
        (r#"{"quantity": 0}"#, 422, Some("quantity")),
        (r#"{"quantity": 1.5}"#, 422, Some("quantity")),
        (r#"{"quantity": 1e300}"#, 422, Some("quantity")),
        (r#"{"quantity": 18446744073709551616}"#, 422, Some("quantity")),
        (r#"{"productId": {"$ne": null}}"#, 422, Some("productId")),
        (r#"{"productId": "../../etc/passwd"}"#, 422, Some("productId")),
        (r#"{"paymentMethod": 4}"#, 422, Some("paymentMethod")),
    ] {
        let response = world.order(body).await;
        assert_eq!(response.status, status, "{body}: {:?}", response.body);
        assert_eq!(response.headers["content-type"], "application/problem+json", "{body}");
        assert_eq!(response.body["status"], status, "{body}");
        assert!(response.body["detail"].as_str().is_some_and(|text| text.ends_with('.')), "{body}");
        assert_eq!(response.body["errors"][0]["field"].as_str(), field, "{body}");
        assert!(response.headers.contains_key("x-amzn-trace-id"));
    }
    world.settled().await;
    assert_eq!(world.events_of("Order Created").len(), 0, "nothing was published");
    // A refusal is shown as the client's error.
    let summaries = world.summaries().await;
    assert!(
        summaries
            .iter()
            .all(|trace| trace.has_error() == Some(true) && trace.has_fault() == Some(false))
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_in_the_path_are_checked_too() {
    let world = World::start().await;
    for (path, status) in [
        ("/orders/a%2Fb", 422),
        ("/orders/..%2F..%2Fetc", 422),
        ("/orders/%20", 422),
        ("/orders/%C3%BC", 422),
        ("/orders/%FF", 422),
        ("/orders/%00", 422),
        (&format!("/orders/{}", "c".repeat(65)), 422),
        ("/prod/orders/customer123", 201),
        // For API Gateway an unknown path and one that needs a signature are the same.
        ("/orders/", 403),
        ("/orders", 403),
        ("/", 403),
        ("/orders/a/b", 403),
    ] {
        let response = world.post(path, "{}", &[]).await;
        assert_eq!(response.status, status, "{path}: {:?}", response.body);
        if status == 403 {
            assert_problem(
                &response,
                "MISSING_AUTHENTICATION_TOKEN",
                "Missing Authentication Token",
            );
        }
    }
    let url = format!("{}/orders/customer123", world.stack().api());
    assert_eq!(world.request("DELETE", &url, "", &[]).await.status, 403);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn header_values_that_are_not_utf8_are_refused_and_never_become_the_same() {
    let world = World::start().await;
    let mut answers = Vec::new();
    // Latin-1 twice, and what would look the same after a lossy conversion.
    for key in [&b"caf\xe9"[..], b"caf\xea", "caf\u{fffd}".as_bytes()] {
        let head = b"POST /orders/customer123 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
        let rest = b"\r\nContent-Length: 2\r\n\r\n{}";
        let request = [&head[..], b"Idempotency-Key: ", key, &rest[..]].concat();
        let response = world.raw(request).await;
        answers.push(response.split(' ').nth(1).unwrap().to_owned());
    }
    assert_eq!(answers[..2], ["400", "400"]);
    world.settled().await;
    let orders = world.events_of("Order Created").len();
    assert_eq!(orders, answers.iter().filter(|status| *status == "201").count());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_end_at_the_gateway() {
    let world = World::start().await;
    let body = |bytes: usize| format!(r#"{{"productId":"p","note":"{}"}}"#, "x".repeat(bytes));
    assert_eq!(world.order(&body(1_000_000)).await.status, 201, "unknown fields are ignored");
    // Over Lambda's limit, and over API Gateway's.
    for bytes in [7 * 1024 * 1024, 10 * 1024 * 1024 + 1] {
        let response = world.order(&body(bytes)).await;
        assert_eq!(response.status, 413);
        assert_problem(&response, "REQUEST_TOO_LARGE", "Request Too Long");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_never_seen_starts_with_the_initial_stock() {
    let world = World::with().parameter("InitialStock", "7").start().await;
    assert_eq!(world.order(r#"{"productId": "never-seen"}"#).await.status, 201);
    let updated = world.published("Inventory Updated", 1).await;
    assert_eq!(updated[0]["detail"]["remainingStock"], 6);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_own_price_is_ignored() {
    let world = World::with().parameter("UnitPrice", "12.50").start().await;
    let response = world.order(r#"{"quantity": 3, "price": 0.01, "amount": 0.01}"#).await;
    assert_eq!(response.body["amount"], json!(37.5));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_invocation_with_null_headers_is_an_order() {
    // What the console's "Test" button of API Gateway sends.
    let world = World::start().await;
    let event = json!({
        "resource": "/orders/{customerId}", "path": "/orders/customer123", "httpMethod": "POST",
        "headers": null, "multiValueHeaders": null, "queryStringParameters": null,
        "multiValueQueryStringParameters": null, "pathParameters": { "customerId": "customer123" },
        "stageVariables": null, "body": "{}", "isBase64Encoded": false,
        "requestContext": {
            "resourcePath": "/orders/{customerId}", "httpMethod": "POST", "path": "/orders/customer123",
            "accountId": "000000000000", "stage": "test-invoke-stage", "requestId": "r", "identity": {},
            "resourceId": "local", "apiId": "a",
        },
    });
    let response =
        world.aws("lambda", crate::order_history::INVOCATIONS, event.to_string(), &[]).await;
    assert_eq!(response.status, 200);
    assert!(!response.headers.contains_key("x-amz-function-error"), "{:?}", response.body);
    assert_eq!(response.body["statusCode"], 201);
    let body: Value = serde_json::from_str(response.body["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["customerId"], "customer123");
    world.end().await;
}

use lambda_http::request::from_str;

use super::*;
use crate::{
    progress::{Fact, Happened},
    store::tests::order,
};

fn request(path: &str, resource: &str, tag: Option<&str>) -> Request {
    let headers = tag.map_or(Value::Null, |tag| json!({ "if-none-match": [tag] }));
    let event = json!({
        "resource": resource, "path": "/orders/customer123", "httpMethod": "GET",
        "multiValueHeaders": headers, "body": null, "isBase64Encoded": false,
        "requestContext": {
            "path": path, "resourcePath": resource, "httpMethod": "GET", "stage": "prod",
            "identity": {},
        },
    });
    from_str(&event.to_string()).unwrap()
}

#[test]
fn links_start_with_what_the_client_sees_before_orders() {
    let (one, all) = ("/orders/{customerId}/{orderId}", "/orders/{customerId}");
    for (path, resource, base) in [
        ("/prod/orders/customer123", all, "/prod"),
        ("/prod/orders/customer123/ord_1", one, "/prod"),
        ("/prod/orders/customer123/", all, "/prod"),
        // A domain of its own, with and without a base path.
        ("/orders/customer123", all, ""),
        ("/shop/v1/orders/orders", all, "/shop/v1"),
        ("/orders/orders/customer123/ord_1", one, "/orders"),
        ("", all, ""),
    ] {
        assert_eq!(BasePath::of(&request(path, resource, None)).0, base, "{path}");
    }
}

#[test]
fn an_order_that_the_client_has_is_not_sent_again() {
    let get = |order: &Order, tag: Option<&str>| {
        let path = "/prod/orders/customer123/ord_1";
        found(order, &request(path, "/orders/{customerId}/{orderId}", tag))
    };
    let first = get(&order(), None);
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    for (known, status) in [
        (tag.clone(), 304),
        (format!("W/{tag}"), 304),
        (format!("\"other\", {tag}"), 304),
        ("*".to_owned(), 304),
        ("\"other\"".to_owned(), 200),
        (tag.trim_matches('"').to_owned(), 200),
    ] {
        let again = get(&order(), Some(&known));
        assert_eq!(again.status(), status, "{known}");
        assert_eq!(again.headers()["etag"], tag.as_str());
        assert_eq!(matches!(again.body(), Body::Empty), status == 304);
    }
    let mut paid = order();
    let at = paid.created_at;
    let happened = Happened { at, event_id: "ord_1:payment-processed".to_owned(), detail: None };
    paid.progress = [(Fact::PaymentProcessed, happened)].into_iter().collect();
    assert_eq!(get(&paid, Some(&tag)).status(), 200, "it has changed");
}

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
        let request = request(path, "/orders/{customerId}/{orderId}", tag);
        found(order, &request, &TracesUrl(String::new()))
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
    let event_id = "ord_1:payment-processed".to_owned();
    let happened = Happened { at, event_id, trace: None, detail: None };
    paid.progress = [(Fact::PaymentProcessed, happened)].into_iter().collect();
    assert_eq!(get(&paid, Some(&tag)).status(), 200, "it has changed");
}

#[test]
fn what_happened_is_linked_to_its_trace_if_that_is_recorded() {
    let id = "1-5759e988-bd862e3fe1be46a994272793";
    let (recorded, known, unknown) = (
        json!(["https://traces/1-5759e988-bd862e3fe1be46a994272793", id]),
        json!([null, id]),
        json!([null, null]),
    );
    for (header, url, expected) in [
        (
            Some(format!("Root={id};Parent=53995c3f42cd8ad8;Sampled=1")),
            "https://traces/",
            &recorded,
        ),
        (Some(format!("Root={id};Parent=53995c3f42cd8ad8;Sampled=1")), "", &known),
        (Some(format!("Root={id};Sampled=0")), "https://traces/", &known),
        (Some("Root=1".to_owned()), "https://traces/", &unknown),
        (None, "https://traces/", &unknown),
    ] {
        let mut order = order();
        order.trace = header.clone();
        let base = BasePath("/prod".to_owned());
        let body = with_history(&order, &base, &TracesUrl(url.to_owned()));
        let created = &body["history"][0];
        assert_eq!(&json!([created["links"]["trace"], created["traceId"]]), expected, "{header:?}");
    }
}

use super::*;

fn parse(body: &str) -> Result<OrderRequest, InvalidRequest> {
    OrderRequest::parse("customer123", body.as_bytes())
}

fn placed(body: &str) -> OrderCreated {
    let prices = PriceList { unit_price: "99.99".parse().unwrap(), currency: "USD".to_owned() };
    parse(body).unwrap().place(&prices, DateTime::UNIX_EPOCH).unwrap()
}

#[test]
fn bodies_that_are_orders() {
    for (body, product, quantity, amount, method) in [
        ("{}", "default-product", 1, "99.99", None),
        (r#"{"productId":"12345","quantity":1}"#, "12345", 1, "99.99", None),
        (r#"{"quantity":1000}"#, "default-product", 1000, "99990.00", None),
        (r#"{"paymentMethod":"card_ok"}"#, "default-product", 1, "99.99", Some("card_ok")),
        // The client's own price is ignored.
        (r#"{"price":0.01,"amount":0.01}"#, "default-product", 1, "99.99", None),
    ] {
        let order = placed(body);
        assert_eq!(order.product_id.as_str(), product, "{body}");
        assert_eq!(order.quantity, quantity, "{body}");
        assert_eq!(order.amount, amount.parse().unwrap(), "{body}");
        assert_eq!(order.payment_method.as_ref().map(PaymentMethod::as_str), method, "{body}");
    }
}

#[test]
fn bodies_that_are_not_json_objects() {
    for (body, sentence) in [
        ("", "The body is empty; `{}` orders one `default-product`."),
        (" \n", "The body is empty; `{}` orders one `default-product`."),
        ("[]", "The body is an array, not a JSON object."),
        ("null", "The body is null, not a JSON object."),
        ("\"{}\"", "The body is a string, not a JSON object."),
        ("{", "The body is not JSON: EOF while parsing an object at line 1 column 1."),
    ] {
        assert_eq!(parse(body).unwrap_err().to_string(), sentence, "{body}");
    }
    let not_text = OrderRequest::parse("c", b"\xff{}");
    assert!(matches!(not_text, Err(InvalidRequest::NotJson(_))), "{not_text:?}");
}

#[test]
fn an_invalid_field_is_named_with_a_reason() {
    let ids = "must have 1 to 64 letters, digits, `-`, `_` or `.`";
    let whole = "must be a whole number from 1 to 1000, not";
    for (body, field, reason) in [
        (r#"{"quantity":0}"#, "quantity", format!("{whole} 0")),
        (r#"{"quantity":-3}"#, "quantity", format!("{whole} -3")),
        (r#"{"quantity":1.5}"#, "quantity", format!("{whole} 1.5")),
        (r#"{"quantity":1e30}"#, "quantity", format!("{whole} 1e+30")),
        (r#"{"quantity":1001}"#, "quantity", format!("{whole} 1001")),
        (r#"{"quantity":"1"}"#, "quantity", "must be a number, not a string".to_owned()),
        (r#"{"quantity":null}"#, "quantity", "must be a number, not null".to_owned()),
        (r#"{"productId":7}"#, "productId", "must be a string, not a number".to_owned()),
        (r#"{"productId":""}"#, "productId", ids.to_owned()),
        (r#"{"productId":"a/b"}"#, "productId", ids.to_owned()),
        (r#"{"productId":".."}"#, "productId", ids.to_owned()),
        (r#"{"paymentMethod":{}}"#, "paymentMethod", "must be a string, not an object".to_owned()),
    ] {
        assert_eq!(fields(parse(body)), [InvalidField { field, reason }], "{body}");
    }
    let long = "c".repeat(65);
    for customer in ["", "../etc", "a b", "ü", long.as_str()] {
        let invalid = InvalidField { field: "customerId", reason: ids.to_owned() };
        assert_eq!(fields(OrderRequest::parse(customer, b"{}")), [invalid], "{customer}");
    }
}

#[test]
fn all_invalid_fields_are_named_at_once() {
    let request = OrderRequest::parse("a/b", br#"{"productId":1,"quantity":0,"paymentMethod":[]}"#);
    let names: Vec<_> = fields(request).iter().map(|invalid| invalid.field).collect();
    assert_eq!(names, ["customerId", "productId", "quantity", "paymentMethod"]);
}

#[test]
fn orders_of_one_millisecond_have_different_ids_and_later_ones_sort_behind() {
    // The original's ids are equal within one second.
    let (first, second) = (placed("{}").order_id, placed("{}").order_id);
    assert_ne!(first, second);
    let later = new_id(DateTime::UNIX_EPOCH + chrono::TimeDelta::milliseconds(1));
    assert!(later.as_str() > first.as_str() && later.as_str() > second.as_str());
}

fn fields(request: Result<OrderRequest, InvalidRequest>) -> Vec<InvalidField> {
    match request {
        Err(InvalidRequest::Fields(fields)) => fields,
        other => panic!("fields are invalid, not {other:?}"),
    }
}

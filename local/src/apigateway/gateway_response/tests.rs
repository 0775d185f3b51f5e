use std::collections::BTreeMap;

use axum::{body::to_bytes, http::HeaderMap};
use bytes::Bytes;

use super::*;
use crate::{apigateway::caller::Caller, template, trace_header::TraceHeader};

const TEMPLATE: &str = r#"
Resources:
  A:
    Type: AWS::Serverless::Api
    Properties:
      StageName: live
      Variables: { origin: "https://shop.example" }
      GatewayResponses:
        THROTTLED:
          StatusCode: 503
          ResponseParameters: { Headers: { Retry-After: "'1'" } }
      DefinitionBody:
        paths: {}
        x-amazon-apigateway-gateway-responses:
          MISSING_AUTHENTICATION_TOKEN:
            statusCode: 404
            responseParameters:
              gatewayresponse.header.X-Origin: stageVariables.origin
              gatewayresponse.header.X-Asked: method.request.header.x-asked
              gatewayresponse.header.X-Page: method.request.querystring.page
              gatewayresponse.header.X-Stage: context.stage
              gatewayresponse.header.X-Nothing: context.nothing
            responseTemplates:
              application/json: '{"why":$context.error.messageString,"kind":"$context.error.responseType","id":"$context.requestId."}'
              text/plain: "$context.error.message: $method.request.path.id costs $5 at $context.identity.sourceIp-$nothing"
          DEFAULT_5XX:
            responseTemplates: { text/html: "<b>$context.error.message</b>" }
"#;

fn api() -> Api {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, TEMPLATE).unwrap();
    template::load(&path, &[]).unwrap().api.unwrap()
}

fn incoming(accept: &str) -> Incoming<'static> {
    let mut headers = HeaderMap::new();
    headers.insert("accept", accept.parse().unwrap());
    headers.insert("x-asked", "this".parse().unwrap());
    Incoming {
        id: "r1".to_owned(),
        method: "GET".to_owned(),
        path: "/orders/7".to_owned(),
        query: "page=1&page=2".to_owned(),
        headers,
        body: Bytes::new(),
        client: "127.0.0.1:1".parse().unwrap(),
        route: None,
        parameters: BTreeMap::from([("id".to_owned(), "7".to_owned())]),
        caller: Caller::Unknown,
        trace: TraceHeader::start(0.0),
        start: 0.0,
    }
}

#[tokio::test]
async fn refusals_look_as_the_template_says() {
    let json = r#"{"why":"Missing Authentication Token","kind":"MISSING_AUTHENTICATION_TOKEN","id":"r1."}"#;
    let text = "Missing Authentication Token: 7 costs $5 at 127.0.0.1-$nothing";
    for (refusal, accept, status, media_type, body) in [
        (MISSING_TOKEN, "*/*", 404, JSON, json),
        (MISSING_TOKEN, "text/html, text/plain;q=0.5", 404, "text/plain", text),
        // Declared without a template, not declared, and the only template there is.
        (THROTTLED, "*/*", 503, JSON, r#"{"message":"Too Many Requests"}"#),
        (BAD_REQUEST, "text/plain", 400, JSON, r#"{"message":"Bad Request"}"#),
        (TIMED_OUT, "*/*", 504, "text/html", "<b>Endpoint request timed out</b>"),
    ] {
        let response = respond(refusal, &api(), &incoming(accept));
        assert_eq!(response.status().as_u16(), status, "{refusal:?}");
        assert_eq!(response.headers()["content-type"], media_type, "{refusal:?}");
        assert_eq!(response.headers()["x-amzn-errortype"], refusal.code);
        let found = to_bytes(response.into_body(), 1000).await.unwrap();
        assert_eq!(found, body, "{refusal:?}");
    }
}

#[test]
fn headers_are_mapped_from_texts_and_from_the_request() {
    let response = respond(MISSING_TOKEN, &api(), &incoming("*/*"));
    for (name, value) in [
        ("x-origin", Some("https://shop.example")),
        ("x-asked", Some("this")),
        ("x-page", Some("2")),
        ("x-stage", Some("live")),
        ("x-nothing", None),
    ] {
        let found = response.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(found, value, "{name}");
    }
    let response = respond(THROTTLED, &api(), &incoming("*/*"));
    assert_eq!(response.headers()["retry-after"], "1");
}

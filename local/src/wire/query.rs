use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use uuid::Uuid;

use super::AwsError;

/// A request in the query protocol: a form.
pub fn read_form(body: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}

/// An answer in the query protocol (SNS, IAM): XML whose elements are named after the operation.
pub fn query_answer(namespace: &str, operation: &str, result: &str) -> Response<Body> {
    let request_id = Uuid::new_v4().to_string();
    let xml = format!(
        "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    );
    response(StatusCode::OK, xml, &request_id)
}

impl AwsError {
    /// The error in the query protocol.
    pub fn as_query(&self, namespace: &str) -> Response<Body> {
        let request_id = Uuid::new_v4().to_string();
        let xml = format!(
            "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>Sender</Type><Code>{}</Code>\
             <Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
            self.kind,
            escaped(&self.message)
        );
        response(self.status, xml, &request_id)
    }
}

/// `text` as it may stand in XML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn response(status: StatusCode, xml: String, request_id: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(xml));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(request_id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", request_id);
    }
    response
}

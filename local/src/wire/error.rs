use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use serde_json::json;

/// An error as AWS answers it: a name that SDKs turn into an exception, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// The HTTP status.
    pub status: StatusCode,
    /// `InvalidRequestException`.
    pub kind: &'static str,
    /// What is wrong.
    pub message: String,
}

impl AwsError {
    /// An error with status 400.
    pub fn bad_request(kind: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind, message: message.into() }
    }

    /// An error with status 404.
    pub fn not_found(kind: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, kind, message: message.into() }
    }

    /// An operation that AWS has and this program has not, or that nobody has.
    pub fn unknown_operation(service: &str, operation: &str, supported: &[&str]) -> Self {
        let supported = supported.join(", ");
        Self::bad_request(
            "UnknownOperationException",
            format!("{service} has no operation `{operation}` here; it has {supported}"),
        )
    }

    /// The error in the JSON protocols (`awsJson1_0`, `awsJson1_1`, `restJson1`).
    pub fn as_json(&self) -> Response<Body> {
        let body = json!({ "__type": self.kind, "message": self.message, "Message": self.message });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(self.kind));
        response
    }
}

use axum::http::StatusCode;

/// An error as AWS returns it: a code that SDKs turn into an exception, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwsError {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// `InvalidRequestException`.
    pub(crate) code: &'static str,
    /// What is wrong.
    pub(crate) message: String,
}

impl AwsError {
    /// An error with that status.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// An error with status 400.
    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// An error with status 404.
    pub(crate) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// An operation that AWS has and this program has not, or that nobody has.
    pub(crate) fn unknown_operation(service: &str, operation: &str, supported: &[&str]) -> Self {
        let supported = supported.join(", ");
        Self::bad_request(
            "UnknownOperationException",
            format!("{service} has no operation `{operation}` here; it has {supported}"),
        )
    }
}

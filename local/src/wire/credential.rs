use axum::http::{HeaderMap, header};

/// What a request's signature says: `KEY/DATE/REGION/SERVICE/aws4_request`. The signature itself is not
/// checked.
pub(crate) struct CredentialScope<'a> {
    /// Who signed.
    pub(crate) key: Option<&'a str>,
    /// What for.
    pub(crate) service: Option<&'a str>,
}

impl<'a> CredentialScope<'a> {
    /// That of a request with `headers`.
    pub(crate) fn parse(headers: &'a HeaderMap) -> Self {
        let text = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let credential = text.and_then(|text| text.split_once("Credential="));
        let scope = credential.map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or_default());
        Self {
            key: scope.and_then(|scope| scope.split('/').next()),
            service: scope.and_then(|scope| scope.split('/').rev().nth(1)),
        }
    }
}

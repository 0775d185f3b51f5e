use std::env;

use aws_smithy_http_client::tls::TrustStore;

/// The authorities that issue the certificates of AWS's endpoints
/// (<https://www.amazontrust.com/repository/>).
const AMAZON: &[u8] = include_bytes!("../certificates/amazon-trust-services.pem");

/// The authorities that an AWS client trusts.
///
/// They are Amazon's own, embedded: reading the system's hundred and more takes longer than the rest
/// of a service's init. The system's are read where an endpoint's certificate may be somebody else's:
/// when `SSL_CERT_FILE` or `SSL_CERT_DIR` says where they are (a proxy that inspects TLS), for an
/// endpoint of one's own, and outside of the partition `aws`.
pub(crate) fn trusted() -> TrustStore {
    if are_amazons(|name| env::var(name).ok()) {
        TrustStore::empty().with_pem_certificate(AMAZON)
    } else {
        TrustStore::default()
    }
}

fn are_amazons(variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_chosen = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| variable(name).is_some());
    let has_endpoint = variable("AWS_ENDPOINT_URL").is_some_and(|url| url.starts_with("https:"));
    // `us-east-1`, and neither `cn-north-1`, `us-gov-west-1`, `us-iso-east-1` nor `eusc-de-east-1`.
    let region = variable("AWS_REGION").unwrap_or_default();
    let is_in_aws = !region.starts_with("cn-") && region.split('-').count() == 3;
    is_in_aws && !is_chosen && !has_endpoint
}

#[cfg(test)]
mod tests;

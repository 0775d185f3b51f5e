use std::env;

use hyper_rustls::ConfigBuilderExt;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// The authorities that issue the certificates of AWS's endpoints
/// (<https://www.amazontrust.com/repository/>).
const AMAZON: &[u8] = include_bytes!("../certificates/amazon-trust-services.pem");

/// The variables with endpoints of one's own, of all services and of those that are called.
const ENDPOINTS: [&str; 4] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_EVENTBRIDGE",
    "AWS_ENDPOINT_URL_SNS",
];

/// TLS for AWS clients, with the authorities that they trust.
///
/// They are Amazon's own, embedded: reading the system's hundred and more takes longer than the rest
/// of a service's init. The system's are read where an endpoint's certificate may be somebody else's:
/// when `SSL_CERT_FILE` or `SSL_CERT_DIR` says where they are (a proxy that inspects TLS), for an
/// endpoint of one's own, and outside of the partition `aws`.
pub(crate) fn tls() -> ClientConfig {
    if are_amazons(|name| env::var(name).ok()) {
        return trusting(AMAZON);
    }
    match ClientConfig::builder().with_native_roots() {
        Ok(config) => config.with_no_client_auth(),
        Err(error) => {
            // An endpoint without TLS is reached all the same.
            tracing::warn!(%error, "the system has no certificates of authorities; no endpoint with TLS is trusted");
            trusting(&[])
        }
    }
}

/// TLS that trusts the authorities with these certificates, in PEM, and nobody else.
pub(crate) fn trusting(certificates: &[u8]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(certificates).flatten());
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

fn are_amazons(variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_chosen = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| variable(name).is_some());
    let has_endpoint =
        ENDPOINTS.iter().any(|name| variable(name).is_some_and(|url| url.starts_with("https:")));
    // `us-east-1`, and neither `cn-north-1`, `us-gov-west-1`, `us-iso-east-1` nor `eusc-de-east-1`.
    let region = variable("AWS_REGION").unwrap_or_default();
    let is_in_aws = !region.starts_with("cn-") && region.split('-').count() == 3;
    is_in_aws && !is_chosen && !has_endpoint
}

#[cfg(test)]
mod tests;

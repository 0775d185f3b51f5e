use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject},
    },
};

use super::*;
use crate::{error_chain::chain, http_client::tests::config};

/// A certificate of nobody's but this test's, for `localhost`, and its key.
const LOCALHOST: &[u8] = include_bytes!("localhost.crt");
const KEY: &[u8] = include_bytes!("localhost.key");

#[test]
fn amazons_authorities_are_those_that_it_publishes() {
    let certificates = CertificateDer::pem_slice_iter(AMAZON).map(Result::unwrap);
    let certificates: Vec<_> = certificates.collect();
    let hex = |print: &[u8]| print.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
    let prints = certificates.iter().map(|certificate| hex(&Sha256::digest(certificate)).concat());
    let prints: Vec<_> = prints.collect();
    assert_eq!(
        prints,
        [
            "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
            "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
            "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
            "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
            "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
        ]
    );
    let mut roots = RootCertStore::empty();
    assert_eq!(roots.add_parsable_certificates(certificates), (5, 0));
}

#[test]
fn who_is_trusted() {
    for (variables, expected) in [
        (&[("AWS_REGION", "eu-central-1")][..], true),
        (&[("AWS_REGION", "ap-southeast-7"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")], true),
        (&[("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL", "https://cloud.example")], false),
        (&[("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL_SNS", "https://sns.example")], false),
        (&[("AWS_REGION", "us-east-1"), ("SSL_CERT_FILE", "/etc/proxy.pem")], false),
        (&[("AWS_REGION", "us-east-1"), ("SSL_CERT_DIR", "/etc/proxy")], false),
        (&[("AWS_REGION", "cn-north-1")], false),
        (&[("AWS_REGION", "us-gov-west-1")], false),
        (&[("AWS_REGION", "eusc-de-east-1")], false),
        (&[], false),
    ] {
        let variable = |wanted: &str| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(are_amazons(variable), expected, "{variables:?}");
    }
}

/// Calls a server whose certificate is [`LOCALHOST`], and returns why the call failed: the server
/// refuses what it understands.
async fn call(trusted: &[u8]) -> String {
    let certificate = CertificateDer::from(LOCALHOST);
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivatePkcs8KeyDer::from(KEY).into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // A client that does not trust the certificate ends the handshake.
        let Ok(mut stream) = acceptor.accept(stream).await else { return };
        let _length = stream.read_buf(&mut Vec::new()).await.unwrap();
        let refusal = "HTTP/1.1 400 \r\nx-amzn-errortype: Refused\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(refusal.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    });
    let config = config(&format!("https://localhost:{port}"), trusting(trusted), 1);
    let tables = aws_sdk_dynamodb::Client::new(&config).list_tables().send().await;
    chain(&tables.unwrap_err())
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let error = call(AMAZON).await;
    assert!(error.contains("UnknownIssuer"), "{error}");
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_accepted() {
    let pem = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, LOCALHOST);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{pem}\n-----END CERTIFICATE-----\n");
    let error = call(pem.as_bytes()).await;
    assert!(error.contains("Refused"), "{error}");
}

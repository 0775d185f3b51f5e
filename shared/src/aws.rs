use std::time::Duration;

pub use aws_config::SdkConfig;
use aws_config::{BehaviorVersion, environment::EnvironmentVariableCredentialsProvider};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};

pub use crate::subsegment::Subsegment;
use crate::{budget, certificates};

/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(1);

/// The configuration of every AWS client of a service.
///
/// Region, credentials and endpoint come from the environment, which Lambda sets on AWS and `local`
/// sets on one machine (`AWS_ENDPOINT_URL`).
pub async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client(certificates::trusted()))
        // The default chain would make a client of STS first, to ask it for a role.
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .timeout_config(budget::timeouts(budget::OPERATION))
        .load()
        .await
}

/// One connector for all AWS clients, whatever their settings: the TLS configuration is made once, here,
/// and they share their connections. (The SDK's own makes one with each client, which it drops, and
/// another one with the first call.)
pub(crate) fn http_client(trusted: TrustStore) -> SharedHttpClient {
    let tls = TlsContext::builder().with_trust_store(trusted).build();
    let connector = Connector::builder()
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT).build())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        // Building a context does not fail.
        .tls_context(tls.unwrap_or_default())
        .build();
    let connector = SharedHttpConnector::new(connector);
    http_client_fn(move |_settings, _components| connector.clone())
}

/// The interceptor that puts a client's calls into the trace. Add it to each client, and name the
/// table to those of DynamoDB:
///
/// ```no_run
/// # async fn open() {
/// let config = shared::aws::config().await;
/// let orders = aws_sdk_dynamodb::config::Builder::from(&config)
///     .interceptor(shared::aws::traced(&config).table("orders"))
///     .build();
/// # }
/// ```
pub fn traced(config: &SdkConfig) -> Subsegment {
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    Subsegment::new(region)
}

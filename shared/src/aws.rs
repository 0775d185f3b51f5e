use aws_config::BehaviorVersion;
pub use aws_config::SdkConfig;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

use crate::budget;
pub use crate::subsegment::Subsegment;

/// The configuration of every AWS client of a service.
///
/// Region, credentials and endpoint come from the environment, which Lambda sets on AWS and `local`
/// sets on one machine (`AWS_ENDPOINT_URL`).
pub async fn config() -> SdkConfig {
    // One HTTP client for all AWS services: the system's certificates are read once, and
    // connections are shared.
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .timeout_config(budget::timeouts(budget::OPERATION))
        .load()
        .await
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

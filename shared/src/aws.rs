pub use aws_config::SdkConfig;
use aws_config::{BehaviorVersion, environment::EnvironmentVariableCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

pub use crate::subsegment::Subsegment;
use crate::{budget, certificates, http_client};

/// The configuration of every AWS client of a service.
///
/// Region, credentials and endpoint come from the environment, which Lambda sets on AWS and `local`
/// sets on one machine (`AWS_ENDPOINT_URL`).
pub async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client())
        // The default chain would make a client of STS first, to ask it for a role.
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .timeout_config(budget::timeouts(budget::OPERATION))
        .load()
        .await
}

/// The HTTP client that AWS clients share.
pub fn http_client() -> SharedHttpClient {
    http_client::with_tls(certificates::tls())
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

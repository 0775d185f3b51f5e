use std::time::Duration;

pub use aws_config::SdkConfig;
use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use aws_sdk_eventbridge::config::SharedInterceptor;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

use crate::subsegment::Subsegment;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(1);
/// How long one attempt of one call may take. DynamoDB, EventBridge and SNS answer in milliseconds.
const ATTEMPT: Duration = Duration::from_secs(2);
/// How long one call may take with its retries. Less than any function's timeout, so that a slow
/// dependency is an error with a cause instead of a function that is cut off.
const OPERATION: Duration = Duration::from_secs(6);

/// The configuration that every AWS client of a service is built from, once, at init.
///
/// Region, credentials and endpoint come from the environment: on AWS Lambda sets them, on one machine
/// `local` does (`AWS_ENDPOINT_URL`), and the service cannot tell the difference.
pub async fn config() -> SdkConfig {
    // One client for all services: the system's certificates are read once, connections are shared.
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .timeout_config(timeouts)
        .load()
        .await
}

/// What puts a client's calls into the trace. Add it to each client:
///
/// ```no_run
/// # async fn open() {
/// let config = shared::aws::config().await;
/// let bus = aws_sdk_eventbridge::config::Builder::from(&config)
///     .interceptor(shared::aws::traced(&config))
///     .build();
/// # }
/// ```
pub fn traced(config: &SdkConfig) -> SharedInterceptor {
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    SharedInterceptor::new(Subsegment::new(region))
}

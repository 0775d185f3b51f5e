use std::{env, num::NonZeroU32};

pub use aws_config::SdkConfig;
use aws_config::{
    BehaviorVersion, Region, environment::EnvironmentVariableCredentialsProvider,
    retry::RetryConfig,
};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::default_async_sleep;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

pub use crate::subsegment::Subsegment;
use crate::{
    budget, certificates,
    environment::{InvalidVariable, optional},
    http_client,
};

/// How often a call is made, the first time included: what the SDK does too.
const ATTEMPTS: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// The configuration of every AWS client of a service.
///
/// It comes from the environment, where Lambda puts region and credentials, and `local` the endpoint. Of the SDK's
/// variables (<https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>) these count: `AWS_REGION`, the
/// credentials, `AWS_ENDPOINT_URL` and those of single services (`AWS_ENDPOINT_URL_DYNAMODB`), `AWS_MAX_ATTEMPTS`,
/// `AWS_USE_FIPS_ENDPOINT`, and `AWS_USE_DUALSTACK_ENDPOINT`. The SDK's own loader would look for profiles and other
/// sources of credentials first, which a function does not have: 0.7 ms of init, and a tenth of the executable.
pub fn config() -> Result<SdkConfig, InvalidVariable> {
    let attempts = optional("AWS_MAX_ATTEMPTS", ATTEMPTS)?;
    let credentials = EnvironmentVariableCredentialsProvider::new();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(env::var("AWS_REGION").ok().map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .use_fips(optional("AWS_USE_FIPS_ENDPOINT", false)?)
        .use_dual_stack(optional("AWS_USE_DUALSTACK_ENDPOINT", false)?)
        .service_config(Environment)
        .retry_config(RetryConfig::standard().with_max_attempts(attempts.get()))
        .timeout_config(budget::timeouts(budget::OPERATION))
        .http_client(http_client());
    config.set_endpoint_url(env::var("AWS_ENDPOINT_URL").ok());
    config.set_sleep_impl(default_async_sleep());
    Ok(config.build())
}

/// Settings of single services: the variable's name with that of the service.
#[derive(Debug)]
struct Environment;

impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        env::var(variable(&key)).ok()
    }
}

fn variable(key: &ServiceConfigKey<'_>) -> String {
    let service = key.service_id().to_uppercase().replace(' ', "_");
    format!("{}_{service}", key.env())
}

/// The HTTP client that AWS clients share.
pub fn http_client() -> SharedHttpClient {
    http_client::with_tls(certificates::tls())
}

/// The interceptor that puts a client's calls into the trace. Add it to each client, and name the
/// table to those of DynamoDB:
///
/// ```no_run
/// # fn open() -> Result<(), Box<dyn std::error::Error>> {
/// let config = shared::aws::config()?;
/// let orders = aws_sdk_dynamodb::config::Builder::from(&config)
///     .interceptor(shared::aws::traced(&config).table("orders"))
///     .build();
/// # Ok(()) }
/// ```
pub fn traced(config: &SdkConfig) -> Subsegment {
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    Subsegment::new(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_variables_of_its_own() {
        for (service, expected) in [
            ("DynamoDB", "AWS_ENDPOINT_URL_DYNAMODB"),
            ("EventBridge", "AWS_ENDPOINT_URL_EVENTBRIDGE"),
            ("Elastic Beanstalk", "AWS_ENDPOINT_URL_ELASTIC_BEANSTALK"),
        ] {
            let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL");
            let key = key.profile("endpoint_url").build().unwrap();
            assert_eq!(variable(&key), expected);
        }
    }
}

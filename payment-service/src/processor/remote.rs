use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderValue, Request, StatusCode, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, InvalidHeaderValue},
    uri::InvalidUri,
};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use shared::{
    OrderId, PaymentMethod, TraceHeader,
    budget::{TimeUsedUp, remaining},
};
use tokio::time::{sleep, timeout};
use tracing::{Instrument, Span, field::Empty};

use super::{Charge, Processor, ProcessorError, Refund, Verdict, circuit::Circuit};

/// How often a call is made, the first time included.
const ATTEMPTS: u32 = 3;
/// How long one attempt may take. A processor responds within a second or so.
const ATTEMPT: Duration = Duration::from_secs(2);
/// The longest pause before the second attempt; twice as long before the third.
const PAUSE: Duration = Duration::from_millis(200);
/// The largest response that is read, in bytes.
const MAX_RESPONSE: usize = 64 * 1024;

/// A payment processor behind HTTP: `POST /charges` and `POST /refunds`, with the order's id as
/// `Idempotency-Key`, answered with a JSON object whose `status` is the verdict.
#[derive(Debug)]
pub(crate) struct RemoteProcessor {
    /// Its URL, without a slash at the end.
    url: String,
    host: String,
    authorization: Option<HeaderValue>,
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    circuit: Circuit,
}

/// Why a processor cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidProcessor {
    #[error("PROCESSOR_URL is not a URL")]
    Url(#[from] InvalidUri),
    #[error("PROCESSOR_URL is `{0}`; it has to start with `https://`, or lead to this machine")]
    NotHttps(String),
    #[error("PROCESSOR_TOKEN has characters that a header cannot have")]
    Token(#[from] InvalidHeaderValue),
    #[error("there are no certificates of authorities to check the processor's by")]
    Certificates(#[from] std::io::Error),
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttemptError {
    #[error("it did not respond in time")]
    Timeout,
    #[error("it could not be reached")]
    Connection(#[from] hyper_util::client::legacy::Error),
    #[error("its response broke off")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("it responded with status {0}")]
    Status(StatusCode),
    #[error("its response is not understood")]
    Parse(#[from] serde_json::Error),
    #[error("the request cannot be made")]
    Request(#[from] http::Error),
    #[error(transparent)]
    TimeUsedUp(#[from] TimeUsedUp),
}

#[derive(Deserialize)]
struct Decided<T> {
    status: T,
}

impl RemoteProcessor {
    /// The processor at `url`, which gets `token` as a bearer token unless that is empty.
    pub(crate) fn new(url: &str, token: &str) -> Result<Self, InvalidProcessor> {
        let uri: Uri = url.parse()?;
        let host = uri.host().unwrap_or_default().to_owned();
        // The token and who pays what must not cross a network in the clear.
        let is_here = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        let is_allowed = match uri.scheme_str() {
            Some("https") => !host.is_empty(),
            Some("http") => is_here,
            _ => false,
        };
        if !is_allowed {
            return Err(InvalidProcessor::NotHttps(url.to_owned()));
        }
        let authorization = if token.is_empty() {
            None
        } else {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))?;
            value.set_sensitive(true);
            Some(value)
        };
        let connector =
            HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1();
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            host,
            authorization,
            http: Client::builder(TokioExecutor::new()).build(connector.build()),
            circuit: Circuit::default(),
        })
    }

    /// Asks until there is an answer: a subsegment of the trace, whatever the number of attempts.
    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &OrderId,
        body: Value,
    ) -> Result<T, ProcessorError> {
        if !self.circuit.is_closed() {
            return Err(ProcessorError::Spared(self.host.clone()));
        }
        let url = format!("{}{path}", self.url);
        let span = tracing::info_span!(
            "processor_call",
            otel.kind = "client",
            otel.name = self.host,
            otel.status_code = Empty,
            otel.status_description = Empty,
            http.request.method = "POST",
            http.response.status_code = Empty,
            url.full = url,
            metadata.retries = Empty,
        );
        let answer = self.attempts(&url, key, body.to_string().into()).instrument(span).await;
        self.circuit.record(answer.is_ok());
        answer
    }

    async fn attempts<T: DeserializeOwned>(
        &self,
        url: &str,
        key: &OrderId,
        body: Bytes,
    ) -> Result<T, ProcessorError> {
        let mut attempts = 1;
        loop {
            let answer = self.attempt(url, key, body.clone()).await;
            Span::current().record("metadata.retries", attempts - 1);
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let pause = PAUSE * (1 << (attempts - 1));
            if attempts == ATTEMPTS || !error.is_transient() || remaining() < pause {
                Span::current().record("otel.status_code", "ERROR");
                Span::current().record("otel.status_description", error.to_string());
                let name = self.host.clone();
                return Err(ProcessorError::Unavailable { name, attempts, source: error });
            }
            tracing::warn!(%key, attempts, %error, "the payment processor is asked again");
            // Full jitter: callers that failed together do not come back together.
            sleep(pause.mul_f64(fastrand::f64())).await;
            attempts += 1;
        }
    }

    /// Asks once, within the time that the invocation has left.
    async fn attempt<T: DeserializeOwned>(
        &self,
        url: &str,
        key: &OrderId,
        body: Bytes,
    ) -> Result<T, AttemptError> {
        let limit = remaining().min(ATTEMPT);
        if limit.is_zero() {
            return Err(TimeUsedUp.into());
        }
        let mut request = Request::post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", key.as_str());
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(trace) = TraceHeader::current() {
            request = request.header("x-amzn-trace-id", trace.to_string());
        }
        let request = request.body(Full::new(body))?;
        let response = async {
            let response = self.http.request(request).await?;
            let status = response.status();
            Span::current().record("http.response.status_code", status.as_u16());
            if !status.is_success() {
                return Err(AttemptError::Status(status));
            }
            let body = Limited::new(response.into_body(), MAX_RESPONSE).collect().await;
            Ok(body.map_err(AttemptError::Body)?.to_bytes())
        };
        let body = timeout(limit, response).await.map_err(|_| AttemptError::Timeout)??;
        Ok(serde_json::from_slice::<Decided<T>>(&body)?.status)
    }
}

impl Processor for RemoteProcessor {
    fn name(&self) -> &str {
        &self.host
    }

    #[tracing::instrument(name = "charge", skip_all, fields(metadata.processor = self.host))]
    async fn charge(&self, charge: Charge<'_>) -> Result<Verdict, ProcessorError> {
        let key = charge.idempotency_key;
        let body = json!({
            "amount": charge.amount.to_string(),
            "currency": charge.currency,
            "method": charge.method.map(PaymentMethod::as_str),
        });
        let verdict = self.ask("/charges", key, body).await?;
        tracing::info!(%key, ?verdict, "charge requested");
        Ok(verdict)
    }

    #[tracing::instrument(name = "refund", skip_all, fields(metadata.processor = self.host))]
    async fn refund(&self, key: &OrderId) -> Result<Refund, ProcessorError> {
        let refund = self.ask("/refunds", key, json!({})).await?;
        tracing::info!(%key, ?refund, "refund requested");
        Ok(refund)
    }
}

impl AttemptError {
    /// Whether asking again with the same key can help.
    fn is_transient(&self) -> bool {
        match self {
            Self::Timeout | Self::Connection(_) | Self::Body(_) => true,
            Self::Status(status) => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::REQUEST_TIMEOUT
                            | StatusCode::CONFLICT
                            | StatusCode::TOO_MANY_REQUESTS
                    )
            }
            Self::Parse(_) | Self::Request(_) | Self::TimeUsedUp(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;

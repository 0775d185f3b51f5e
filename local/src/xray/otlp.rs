//! OpenTelemetry: spans become the documents that X-Ray makes of them. The rules are those of the
//! OpenTelemetry collector's exporter for X-Ray
//! (<https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/awsxrayexporter>).

/// Attributes by name.
mod attributes;
/// AWS's own fields.
mod aws;
/// Exceptions.
mod cause;
/// Requests and responses.
mod http;
/// Annotations and metadata.
mod metadata;
/// What a segment is called.
mod name;
/// Machines.
mod platform;
/// OTLP over HTTP.
mod receiver;
/// Spans.
mod span;
/// Queries of databases.
mod sql;
/// Stack traces.
mod stack;
#[cfg(test)]
mod tests;

use base64::{Engine, engine::general_purpose::STANDARD};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use self::attributes::Attributes;
pub(crate) use self::receiver::{MAX_BODY, PATH, receive};
use super::{document::Rejection, store::Store};

/// What sampled spans begin with in a datagram. Unsampled ones (`T1U`) and metrics (`M1`) are for services
/// other than X-Ray.
const SAMPLED: &str = "T1S";
const OTHERS: [&str; 2] = ["T1U", "M1"];

/// Why spans were not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OtlpError {
    #[error("its spans are not base64")]
    Base64(#[from] base64::DecodeError),
    #[error("its spans are not an ExportTraceServiceRequest")]
    Protobuf(#[from] prost::DecodeError),
    #[error("{}", .0.message)]
    Rejected(Rejection),
}

/// Takes what OpenTelemetry SDKs send to the daemon's port after the header line; `None` if `text` is
/// something else.
pub(crate) fn take_datagram(text: &str, store: &Store) -> Option<Result<(), OtlpError>> {
    if let Some(spans) = text.strip_prefix(SAMPLED) {
        return Some(take_encoded(spans, store));
    }
    OTHERS.iter().any(|prefix| text.starts_with(prefix)).then_some(Ok(()))
}

fn take_encoded(text: &str, store: &Store) -> Result<(), OtlpError> {
    let bytes = STANDARD.decode(text.trim_end())?;
    let rejections = store_spans(&ExportTraceServiceRequest::decode(&bytes[..])?, store);
    rejections.into_iter().next().map_or(Ok(()), |rejection| Err(OtlpError::Rejected(rejection)))
}

/// Stores all spans, and returns why some were rejected.
fn store_spans(request: &ExportTraceServiceRequest, store: &Store) -> Vec<Rejection> {
    let mut rejections = Vec::new();
    for resource_spans in &request.resource_spans {
        let resource = resource_spans.resource.as_ref().map(|resource| &resource.attributes[..]);
        let resource = Attributes::new(resource.unwrap_or_default());
        for span in resource_spans.scope_spans.iter().flat_map(|scope| &scope.spans) {
            let mut documents = span::documents(span, &resource).into_iter();
            rejections.extend(documents.find_map(|document| store.put_document(&document).err()));
        }
    }
    rejections
}

/// Nanoseconds as seconds, exact to the microsecond.
fn seconds(nanoseconds: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "microseconds fit until the year 2255")]
    let microseconds = (nanoseconds / 1_000) as f64;
    microseconds / 1e6
}

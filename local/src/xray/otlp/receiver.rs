use std::{
    borrow::Cow,
    io::{self, Read},
    sync::Arc,
};

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderMap, HeaderName, Response, StatusCode, header};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::json;

use super::store_spans;
use crate::xray::{Store, document::Rejection};

/// Where OTLP over HTTP takes spans
/// (<https://opentelemetry.io/docs/specs/otlp/#otlphttp-request>).
pub(crate) const PATH: &str = "/v1/traces";
/// The largest body, unpacked, and the most spans that X-Ray takes at once
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html>).
pub(crate) const MAX_BODY: usize = 5 * 1024 * 1024;
const MAX_SPANS: usize = 10_000;

/// How a request is written, and so its response.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Protobuf,
    Json,
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the content type is `{0}`, not application/x-protobuf or application/json")]
    Type(String),
    #[error("the content encoding `{0}` is not read here; send it plain or as gzip")]
    Encoding(String),
    #[error("the body is not gzip: {0}")]
    Gzip(#[from] io::Error),
    #[error("the body has more than {MAX_BODY} bytes")]
    TooLarge,
    #[error("there are {0} spans; X-Ray takes {MAX_SPANS} at once")]
    TooManySpans(usize),
    #[error("the body is not an ExportTraceServiceRequest: {0}")]
    Protobuf(#[from] prost::DecodeError),
    #[error("the body is not an ExportTraceServiceRequest: {0}")]
    Json(#[from] serde_json::Error),
}

/// Stores the spans of a request. The response has the format of the request.
pub(crate) async fn receive(
    headers: &HeaderMap,
    body: Bytes,
    store: Arc<Store>,
) -> Response<Bytes> {
    let (format, kind) = (Format::of(headers), text(headers, header::CONTENT_TYPE));
    let Some(format) = format else {
        return respond_refusal(&Refusal::Type(kind), Format::Json);
    };
    let encoding = text(headers, header::CONTENT_ENCODING);
    // Ten thousand spans are no work for an async worker.
    let work = move || take(format, &encoding, &body, &store);
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(rejections)) => response(StatusCode::OK, format, success(format, &rejections)),
        Ok(Err(refusal)) => respond_refusal(&refusal, format),
        Err(_panic) => {
            let body = status(format, INTERNAL, "the spans could not be stored");
            response(StatusCode::INTERNAL_SERVER_ERROR, format, body)
        }
    }
}

/// Stores the spans of a body, and returns why some were rejected.
fn take(
    format: Format,
    encoding: &str,
    body: &[u8],
    store: &Store,
) -> Result<Vec<Rejection>, Refusal> {
    let body = unpack(encoding, body)?;
    let request: ExportTraceServiceRequest = match format {
        Format::Protobuf => ExportTraceServiceRequest::decode(&*body)?,
        Format::Json => serde_json::from_slice(&body)?,
    };
    let scopes = request.resource_spans.iter().flat_map(|spans| &spans.scope_spans);
    let count = scopes.map(|scope| scope.spans.len()).sum::<usize>();
    if count > MAX_SPANS {
        return Err(Refusal::TooManySpans(count));
    }
    Ok(store_spans(&request, store))
}

/// The body as it was before it was packed. A few bytes can become gigabytes, so it ends early.
fn unpack<'a>(encoding: &str, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Refusal> {
    let body = match encoding {
        "" | "identity" => Cow::Borrowed(body),
        "gzip" => {
            let mut unpacked = Vec::new();
            GzDecoder::new(body).take(MAX_BODY as u64 + 1).read_to_end(&mut unpacked)?;
            Cow::Owned(unpacked)
        }
        other => return Err(Refusal::Encoding(other.to_owned())),
    };
    if body.len() > MAX_BODY { Err(Refusal::TooLarge) } else { Ok(body) }
}

/// A header in lower case.
fn text(headers: &HeaderMap, name: HeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().trim().to_ascii_lowercase()
}

impl Format {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let kind = text(headers, header::CONTENT_TYPE);
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// An `ExportTraceServiceResponse`, which says something only about what was rejected.
fn success(format: Format, rejections: &[Rejection]) -> Vec<u8> {
    let count = i64::try_from(rejections.len()).unwrap_or(i64::MAX);
    let Some(first) = rejections.first() else {
        return if format == Format::Json { b"{}".to_vec() } else { Vec::new() };
    };
    let error_message = first.message.clone();
    if format == Format::Json {
        // Whole numbers of 64 bits are texts in protobuf's JSON.
        let partial = json!({ "rejectedSpans": count.to_string(), "errorMessage": error_message });
        return json!({ "partialSuccess": partial }).to_string().into_bytes();
    }
    let partial_success = Some(ExportTracePartialSuccess { rejected_spans: count, error_message });
    ExportTraceServiceResponse { partial_success }.encode_to_vec()
}

/// Codes of google.rpc.Code.
const INVALID_ARGUMENT: i32 = 3;
const RESOURCE_EXHAUSTED: i32 = 8;
const INTERNAL: i32 = 13;

fn respond_refusal(refusal: &Refusal, format: Format) -> Response<Bytes> {
    let (http, code) = match refusal {
        Refusal::Type(_) | Refusal::Encoding(_) => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, INVALID_ARGUMENT)
        }
        Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, RESOURCE_EXHAUSTED),
        _ => (StatusCode::BAD_REQUEST, INVALID_ARGUMENT),
    };
    response(http, format, status(format, code, &refusal.to_string()))
}

/// A google.rpc.Status: its first field is the code, its second the message.
fn status(format: Format, code: i32, message: &str) -> Vec<u8> {
    if format == Format::Json {
        return json!({ "code": code, "message": message }).to_string().into_bytes();
    }
    let mut body = Vec::new();
    prost::encoding::int32::encode(1, &code, &mut body);
    prost::encoding::string::encode(2, &message.to_owned(), &mut body);
    body
}

fn response(status: StatusCode, format: Format, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static(format.content_type());
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use http::HeaderValue;
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

    use super::*;

    const TRACE_ID: &str = "1-5759e988-bd862e3fe1be46a994272793";
    const JSON: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5759E988bd862e3fe1be46a994272793",
        "spanId":"0000000000000008","name":"n","kind":2,"startTimeUnixNano":"1465510280000000000",
        "endTimeUnixNano":1465510281000000000,"unknown":1,
        "attributes":[{"key":"a","value":{"intValue":"7"}},{"key":"b","value":{"intValue":7}}]}]}]}]}"#;

    fn span(id: u8) -> Span {
        Span {
            trace_id: b"\x57\x59\xe9\x88\xbd\x86\x2e\x3f\xe1\xbe\x46\xa9\x94\x27\x27\x93".to_vec(),
            span_id: vec![id; 8],
            name: "n".to_owned(),
            ..Span::default()
        }
    }

    fn protobuf(spans: Vec<Span>) -> Vec<u8> {
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
        ExportTraceServiceRequest { resource_spans }.encode_to_vec()
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(body).unwrap();
        packed.finish().unwrap()
    }

    async fn post(
        kind: &'static str,
        encoding: &'static str,
        body: &[u8],
        store: &Arc<Store>,
    ) -> (u16, String, Bytes) {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        let response = receive(&headers, Bytes::copy_from_slice(body), Arc::clone(store)).await;
        let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        (response.status().as_u16(), kind, response.into_body())
    }

    #[tokio::test]
    async fn spans_in_every_format_and_encoding() {
        let (json, binary) = ("application/json; charset=utf-8", "application/x-protobuf");
        let spans = protobuf(vec![span(8)]);
        for (kind, encoding, body) in [
            (json, "identity", JSON.as_bytes().to_vec()),
            (json, "GZIP", gzip(JSON.as_bytes())),
            (binary, "", spans.clone()),
            (binary, "gzip", gzip(&spans)),
        ] {
            let store = Arc::new(Store::new(10));
            let (status, answered, body) = post(kind, encoding, &body, &store).await;
            assert_eq!((status, answered.as_str()), (200, kind.split(';').next().unwrap()));
            assert_eq!(body, if kind == json { "{}" } else { "" });
            assert!(store.trace(TRACE_ID).is_some(), "{kind} {encoding}");
        }
    }

    #[tokio::test]
    async fn what_is_rejected_is_counted_and_the_rest_is_taken() {
        let (store, spans) = (Arc::new(Store::new(10)), protobuf(vec![span(8), span(0), span(0)]));
        let (status, _, body) = post("application/x-protobuf", "", &spans, &store).await;
        let partial = ExportTraceServiceResponse::decode(body).unwrap().partial_success.unwrap();
        assert_eq!((status, partial.rejected_spans), (200, 2));
        assert!(partial.error_message.contains("MissingId"), "{}", partial.error_message);
        assert!(store.trace(TRACE_ID).is_some());
        let broken = JSON.replace("0000000000000008", "0000000000000000");
        let (_, _, body) = post("application/json", "", broken.as_bytes(), &store).await;
        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1");
    }

    #[tokio::test]
    async fn refusals_have_the_format_of_the_request() {
        let store = Arc::new(Store::new(10));
        let bomb = gzip(&vec![0; MAX_BODY + 1]);
        assert!(bomb.len() < 100_000);
        for (kind, encoding, body, status, code, message) in [
            ("text/plain", "", &b""[..], 415, 3, "the content type is `text/plain`"),
            ("application/json", "br", b"{}", 415, 3, "encoding `br`"),
            ("application/json", "gzip", b"{}", 400, 3, "not gzip"),
            ("application/json", "gzip", &bomb, 413, 8, "more than 5242880 bytes"),
            ("application/json", "", b"{", 400, 3, "EOF"),
            ("application/json", "", br#"{"resourceSpans":1}"#, 400, 3, "invalid type"),
        ] {
            let (got, answered, body) = post(kind, encoding, body, &store).await;
            let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((got, &answer["code"]), (status, &json!(code)), "{message}");
            assert_eq!(answered, "application/json");
            let text = answer["message"].as_str().unwrap();
            assert!(text.contains(message), "{text}");
        }
        let (status, kind, body) = post("application/x-protobuf", "", b"\xff", &store).await;
        assert_eq!(
            (status, kind.as_str(), &body[..2]),
            (400, "application/x-protobuf", &b"\x08\x03"[..])
        );
        let spans = protobuf((0..=MAX_SPANS).map(|_| Span::default()).collect());
        let (status, _, _) = post("application/x-protobuf", "", &spans, &store).await;
        assert_eq!(status, 400);
    }
}

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::json;

use super::store_spans;
use crate::xray::Store;

/// Where OTLP over HTTP takes spans
/// (<https://opentelemetry.io/docs/specs/otlp/#otlphttp-request>).
pub(crate) const PATH: &str = "/v1/traces";

/// The most spans that X-Ray takes at once.
const MAX_SPANS: usize = 10_000;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// Stores the spans of a request. The response has the format of the request.
pub(crate) fn receive(headers: &HeaderMap, body: &[u8], store: &Store) -> Response<Bytes> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim).unwrap_or_default();
    let format = if kind.eq_ignore_ascii_case(JSON) { JSON } else { PROTOBUF };
    if format == PROTOBUF && !kind.eq_ignore_ascii_case(PROTOBUF) {
        let problem = format!("the content type is `{kind}`, not {PROTOBUF} or {JSON}");
        return refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, JSON, &problem);
    }
    let encoding =
        headers.get(header::CONTENT_ENCODING).and_then(|encoding| encoding.to_str().ok());
    if let Some(encoding) = encoding.filter(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        let problem = format!("the content encoding `{encoding}` is not read here; send it plain");
        return refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, format, &problem);
    }
    let request = if format == JSON {
        serde_json::from_slice(body).map_err(|error| error.to_string())
    } else {
        ExportTraceServiceRequest::decode(body).map_err(|error| error.to_string())
    };
    let request = match request {
        Ok(request) => request,
        Err(problem) => {
            let problem = format!("the body is not an ExportTraceServiceRequest: {problem}");
            return refusal(StatusCode::BAD_REQUEST, format, &problem);
        }
    };
    let scopes = request.resource_spans.iter().flat_map(|spans| &spans.scope_spans);
    let count = scopes.map(|scope| scope.spans.len()).sum::<usize>();
    if count > MAX_SPANS {
        let problem = format!("there are {count} spans; X-Ray takes {MAX_SPANS} at once");
        return refusal(StatusCode::BAD_REQUEST, format, &problem);
    }
    let rejections = store_spans(&request, store);
    let partial_success = rejections.first().map(|first| ExportTracePartialSuccess {
        rejected_spans: i64::try_from(rejections.len()).unwrap_or(i64::MAX),
        error_message: first.message.clone(),
    });
    let answer = ExportTraceServiceResponse { partial_success };
    let body = if format == JSON {
        serde_json::to_vec(&answer).unwrap_or_default()
    } else {
        answer.encode_to_vec()
    };
    response(StatusCode::OK, format, body)
}

/// A status as OTLP has it: of a code that nobody reads, and a message.
fn refusal(status: StatusCode, format: &'static str, message: &str) -> Response<Bytes> {
    let body = if format == JSON {
        json!({ "message": message }).to_string().into_bytes()
    } else {
        // google.rpc.Status: field 2 is the message.
        let mut body = Vec::new();
        prost::encoding::string::encode(2, &message.to_owned(), &mut body);
        body
    };
    response(status, format, body)
}

fn response(status: StatusCode, format: &'static str, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(format));
    response
}

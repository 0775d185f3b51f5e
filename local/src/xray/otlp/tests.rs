/// Failures and exceptions.
mod failures;
/// What comes in datagrams.
mod receiving;
/// Segments and subsegments of spans.
mod spans;

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, ArrayValue, KeyValue, any_value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span, status::StatusCode as SpanStatus},
};
use serde_json::{Value, json};

use super::{attributes::Attributes, span::documents, *};
use crate::xray::Store;

const TRACE: [u8; 16] = *b"\x57\x59\xe9\x88\xbd\x86\x2e\x3f\xe1\xbe\x46\xa9\x94\x27\x27\x93";
const TRACE_ID: &str = "1-5759e988-bd862e3fe1be46a994272793";

fn pairs(attributes: &Value) -> Vec<KeyValue> {
    let any = |value: &Value| AnyValue {
        value: Some(match value {
            Value::Bool(yes) => any_value::Value::BoolValue(*yes),
            Value::Number(number) if number.is_i64() => {
                any_value::Value::IntValue(number.as_i64().unwrap())
            }
            Value::Number(number) => any_value::Value::DoubleValue(number.as_f64().unwrap()),
            Value::Array(items) => any_value::Value::ArrayValue(ArrayValue {
                values: items
                    .iter()
                    .map(|item| AnyValue {
                        value: Some(any_value::Value::StringValue(item.as_str().unwrap().into())),
                    })
                    .collect(),
            }),
            other => any_value::Value::StringValue(other.as_str().unwrap().to_owned()),
        }),
    };
    let object = attributes.as_object().unwrap();
    let pair = |(key, value): (&String, &Value)| KeyValue {
        key: key.clone(),
        value: Some(any(value)),
        ..KeyValue::default()
    };
    object.iter().map(pair).collect()
}

fn span(kind: span::SpanKind, attributes: &Value) -> Span {
    Span {
        trace_id: TRACE.to_vec(),
        span_id: 7_u64.to_be_bytes().to_vec(),
        parent_span_id: 1_u64.to_be_bytes().to_vec(),
        name: "GET /orders".to_owned(),
        kind: kind.into(),
        start_time_unix_nano: 1_465_510_280_000_001_999,
        end_time_unix_nano: 1_465_510_281_500_000_000,
        attributes: pairs(attributes),
        ..Span::default()
    }
}

fn resource() -> Attributes {
    Attributes::new(&pairs(&json!({
        "service.name": "shop", "service.version": "1.2", "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.language": "python", "telemetry.sdk.version": "1.30",
    })))
}

fn made(span: &Span) -> Value {
    let [document] = &documents(span, &resource())[..] else { panic!("one document") };
    document.clone()
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let resource = Some(Resource::default());
    let resource_spans = vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }
}

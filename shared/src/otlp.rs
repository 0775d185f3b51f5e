use std::{
    io,
    net::{SocketAddr, UdpSocket},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use opentelemetry::{Array, Key, KeyValue, StringValue, Value};
use opentelemetry_proto::{
    tonic::collector::trace::v1::ExportTraceServiceRequest,
    transform::{
        common::tonic::ResourceAttributesWithSchema,
        trace::tonic::group_spans_by_resource_and_scope,
    },
};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SpanData, SpanExporter},
};
use prost::Message;

/// What AWS's OpenTelemetry distributions write before the spans: the daemon's header line, and that the
/// spans are sampled.
const PREFIX: &str = "{\"format\":\"json\",\"version\":1}\nT1S";

/// The span attribute that names the attributes which X-Ray indexes.
const ANNOTATIONS: Key = Key::from_static_str("aws.xray.annotations");

/// Sends spans in OpenTelemetry's own format to the X-Ray daemon, as AWS's distributions do in Lambda.
#[derive(Debug)]
pub(crate) struct OtlpUdpExporter {
    socket: UdpSocket,
    resource: ResourceAttributesWithSchema,
}

impl OtlpUdpExporter {
    pub(crate) fn new(daemon: SocketAddr) -> io::Result<Self> {
        let any = if daemon.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any)?;
        socket.connect(daemon)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, resource: ResourceAttributesWithSchema::default() })
    }
}

impl SpanExporter for OtlpUdpExporter {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        for span in &mut batch {
            name_annotations(&mut span.attributes);
        }
        let resource_spans = group_spans_by_resource_and_scope(batch, &self.resource);
        let request = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let datagram = PREFIX.to_owned() + &STANDARD.encode(request);
        match self.socket.send(datagram.as_bytes()) {
            Ok(_) => Ok(()),
            Err(error) => Err(OTelSdkError::InternalFailure(error.to_string())),
        }
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}

/// Our spans mark annotations and metadata by the prefixes that the segment exporter reads. X-Ray reads
/// OpenTelemetry's spans differently: annotations are the attributes that a list names, and what is not
/// listed is metadata.
fn name_annotations(attributes: &mut Vec<KeyValue>) {
    let mut names: Vec<StringValue> = Vec::new();
    for attribute in attributes.iter_mut() {
        let key = attribute.key.as_str();
        if let Some(name) = key.strip_prefix("annotation.") {
            names.push(name.to_owned().into());
            attribute.key = name.to_owned().into();
        } else if let Some(name) = key.strip_prefix("metadata.") {
            attribute.key = name.to_owned().into();
        }
    }
    attributes.push(KeyValue::new(ANNOTATIONS, Value::Array(Array::String(names))));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_listed_and_metadata_are_not() {
        let mut attributes = vec![
            KeyValue::new("annotation.order_id", "ord_1"),
            KeyValue::new("metadata.retries", 2),
            KeyValue::new("aws.operation", "PutItem"),
        ];
        name_annotations(&mut attributes);
        let keys: Vec<_> = attributes.iter().map(|attribute| attribute.key.as_str()).collect();
        assert_eq!(keys, ["order_id", "retries", "aws.operation", "aws.xray.annotations"]);
        assert_eq!(attributes[3].value, Value::Array(Array::String(vec!["order_id".into()])));
    }
}

use super::Gateway;
use crate::{
    apigateway::{
        incoming::Incoming,
        segment::{STAGE, SegmentIds},
    },
    trace_header::TraceHeader,
    xray::{Decision, Request as SamplingRequest},
};

/// The trace of a request that is forwarded.
pub(super) struct Tracing {
    /// Those of the stage's segment, if it is recorded.
    pub(super) ids: Option<SegmentIds>,
    /// The sampling rule that said so, if one was asked.
    pub(super) rule: Option<String>,
    /// The header that the function's invocation gets.
    pub(super) forwarded: TraceHeader,
    /// The header that the client gets.
    pub(super) returned: TraceHeader,
}

impl Gateway {
    /// A stage that is traced decides on sampling and becomes the parent of the invocation; one that is not
    /// forwards what it got.
    pub(super) fn tracing(&self, incoming: &Incoming<'_>) -> Tracing {
        let trace = &incoming.trace;
        let unrecorded = |header: TraceHeader| Tracing {
            ids: None,
            rule: None,
            forwarded: header.clone(),
            returned: header,
        };
        if !self.api.traced {
            return unrecorded(trace.clone());
        }
        let (sampled, rule) = match trace.sampled {
            Some(sampled) => (sampled, None),
            None => self.decide(incoming),
        };
        if !sampled {
            return unrecorded(trace.child_of(trace.parent.clone(), Some(false)));
        }
        let ids = SegmentIds::new();
        Tracing {
            forwarded: trace.child_of(Some(ids.call.clone()), Some(true)),
            returned: trace.child_of(Some(ids.stage.clone()), Some(true)),
            ids: Some(ids),
            rule,
        }
    }

    /// Decides about a request that nobody decided about: whether it is traced, and by which rule.
    fn decide(&self, incoming: &Incoming<'_>) -> (bool, Option<String>) {
        let Some(sampling) = &self.sampling else { return (true, None) };
        let path = incoming.path.split('?').next().unwrap_or_default();
        let request = SamplingRequest {
            service_name: &format!("{}/{}", self.api.name, self.api.stage),
            service_type: STAGE,
            host: &self.api.domain(),
            method: &incoming.method,
            path: &format!("/{}{path}", self.api.stage),
            resource: &self.api.stage_arn(),
            headers: &incoming.headers,
        };
        let Decision { sampled, rule } = sampling.decide(&request, incoming.start, fastrand::f64());
        (sampled, Some(rule))
    }
}

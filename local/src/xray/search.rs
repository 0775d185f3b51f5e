use std::ops::Range;

use super::{
    api::XRay,
    filter::{Filter, FilterError, Work},
    outline::Outline,
    sample::Sample,
    service_id::ServiceId,
    store::Found,
};

/// A node of the map, or an edge: the calls from one node to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The node's name and type, the caller's for an edge.
    pub(crate) service: (String, Option<String>),
    /// The callee's name and type.
    pub(crate) callee: Option<(String, Option<String>)>,
}

impl XRay {
    /// The traces that match a filter expression and began within `range`, newest first. For the console, which
    /// X-Ray's pages are too small for.
    pub(crate) fn search(
        &self,
        expression: &str,
        range: Range<f64>,
    ) -> Result<Vec<Found>, FilterError> {
        let filter = Filter::parse(expression, &self.state().groups.filters())?;
        let (mut traces, mut work) = (self.state().store.all(), Work::default());
        traces
            .retain(|trace| range.contains(&trace.outline.start) && filter.finds(trace, &mut work));
        if work.is_exceeded() {
            return Err(FilterError::too_much_work());
        }
        Ok(traces)
    }
}

impl Subject {
    /// What a trace has of it: the segments of a service, or the calls from one to the other.
    pub(crate) fn samples<'a>(&self, outline: &'a Outline) -> Vec<&'a Sample> {
        let topology = &outline.topology;
        let calls = topology.calls.iter().filter(|call| same(&call.source.id, &self.service));
        let Some(callee) = &self.callee else {
            let parts = topology.services.iter();
            let parts = parts.filter(|part| same(&part.service.id, &self.service));
            let by_clients = calls.filter(|call| call.by_client).map(|call| &call.side);
            return parts.map(|part| &part.segment).chain(by_clients).collect();
        };
        calls.filter(|call| same(&call.target.id, callee)).map(|call| &call.side).collect()
    }
}

fn same(id: &ServiceId, (name, kind): &(String, Option<String>)) -> bool {
    id.name == *name && id.kind == *kind
}

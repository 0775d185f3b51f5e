use std::{ops::Range, sync::Arc};

use super::{
    api::XRay,
    filter::{Filter, FilterError, Work},
    node::Node,
    service_id::ServiceId,
    topology::Topology,
    trace::Trace,
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
    ) -> Result<Vec<Arc<Trace>>, FilterError> {
        let filter = Filter::parse(expression, &self.state().groups.filters())?;
        let (mut traces, mut work) = (self.state().store.traces(), Work::default());
        traces.retain(|trace| range.contains(&trace.start()) && filter.matches(trace, &mut work));
        if work.is_exceeded() {
            return Err(FilterError::too_much_work());
        }
        Ok(traces)
    }
}

impl Subject {
    /// What `trace` has of it: the segments of a service, or the calls from one to the other.
    pub(crate) fn nodes<'a>(&self, trace: &'a Trace) -> Vec<&'a Node> {
        let topology = Topology::of(trace);
        let Some(callee) = &self.callee else {
            let parts = topology.services.iter().filter(|part| same(&part.id, &self.service));
            let clients = topology
                .calls
                .iter()
                .filter(|call| call.by_client && same(&call.source, &self.service));
            return parts.map(|part| part.segment).chain(clients.map(|call| call.node)).collect();
        };
        let calls = topology.calls.iter();
        let calls =
            calls.filter(|call| same(&call.source, &self.service) && same(&call.target, callee));
        calls.map(|call| call.node).collect()
    }
}

fn same(id: &ServiceId, (name, kind): &(String, Option<String>)) -> bool {
    id.name == *name && id.kind == *kind
}

use super::{
    api::XRay,
    filter::{Filter, FilterError, Work},
    graph::Graph,
    outline::Outline,
    sample::Sample,
    service_id::ServiceId,
    snapshot::{Found, Snapshot, Window},
};

/// A node of the map, or an edge: the calls from one node to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The node's name and type, the caller's for an edge.
    pub(crate) service: (String, Option<String>),
    /// The callee's name and type.
    pub(crate) callee: Option<(String, Option<String>)>,
}

/// Traces of a snapshot that were looked for.
#[derive(Debug)]
pub(crate) struct Matches<'a> {
    snapshot: &'a Snapshot,
    window: &'a Window,
    /// Whether nothing but the window was asked for.
    is_all: bool,
    /// The newest first.
    pub(crate) traces: Vec<&'a Found>,
}

impl XRay {
    /// The traces of a snapshot that match a filter expression and are in a window, newest first. For the console, which
    /// X-Ray's pages are too small for.
    pub(crate) fn search<'a>(
        &self,
        snapshot: &'a Snapshot,
        expression: &str,
        window: &'a Window,
    ) -> Result<Matches<'a>, FilterError> {
        let filter = Filter::parse(expression, &self.state().groups.filters())?;
        Matches::find(snapshot, window, &filter).ok_or_else(FilterError::too_much_work)
    }
}

impl<'a> Matches<'a> {
    /// What a filter finds; nothing if that is too much work.
    pub(super) fn find(
        snapshot: &'a Snapshot,
        window: &'a Window,
        filter: &Filter,
    ) -> Option<Self> {
        if filter.is_empty() {
            return Some(Self::all(snapshot, window));
        }
        let mut work = Work::default();
        let traces =
            snapshot.within(window).filter(|trace| filter.finds(trace, &mut work)).collect();
        (!work.is_exceeded()).then_some(Self { snapshot, window, is_all: false, traces })
    }

    /// All of a snapshot that are in a window.
    pub(crate) fn all(snapshot: &'a Snapshot, window: &'a Window) -> Self {
        let traces = snapshot.within(window).collect();
        Self { snapshot, window, is_all: true, traces }
    }

    /// The graph of the traces.
    pub(crate) fn graph(&self) -> Graph {
        if self.is_all {
            return self.snapshot.graph(self.window);
        }
        Graph::of_outlines(self.outlines())
    }

    /// The outlines of those that have links from segment to segment.
    pub(super) fn linked(&self) -> Vec<&'a Outline> {
        if self.is_all {
            return self.snapshot.linked(self.window).collect();
        }
        self.outlines().filter(|outline| !outline.linked.is_empty()).collect()
    }

    /// Their outlines.
    pub(crate) fn outlines(&self) -> impl Iterator<Item = &'a Outline> {
        self.traces.iter().map(|trace| &*trace.outline)
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

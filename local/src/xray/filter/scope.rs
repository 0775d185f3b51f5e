use std::cell::OnceCell;

use serde_json::Value;

use super::{End, Keyword, Work, place::Place};
use crate::xray::{
    cause::{Category, Cause, causes},
    node::{Kind, Node},
    service::Service,
    summary::is_partial,
    trace::Trace,
};

/// A value that a keyword has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    Truth(bool),
    Number(f64),
    Text(&'a str),
}

/// What simple terms speak of.
#[derive(Clone, Copy)]
pub(super) enum Scope<'a> {
    /// The trace, which mostly means its root.
    Trace,
    /// A segment of a service.
    Service(&'a Element<'a>),
    /// A call from one service to another.
    Edge(&'a Edge<'a>),
    /// A place on the way of a root cause.
    Cause(Place<'a>),
}

/// A segment, sent or inferred, or the client.
pub(super) struct Element<'a> {
    pub(super) service: Service<'a>,
    at: usize,
    is_client: bool,
}

/// A call.
pub(super) struct Edge<'a> {
    pub(super) source: Element<'a>,
    pub(super) destination: Element<'a>,
    /// The caller's side of it where there is one, else the callee's.
    call: usize,
}

/// A trace with what filters ask for, each worked out at most once.
pub(super) struct View<'a> {
    trace: &'a Trace,
    root: Option<&'a Node>,
    root_index: Option<usize>,
    services: OnceCell<Vec<Element<'a>>>,
    edges: OnceCell<Vec<Edge<'a>>>,
    /// The segment that each node belongs to.
    owners: OnceCell<Vec<usize>>,
    /// The nodes that belong to each segment.
    members: OnceCell<Vec<Vec<usize>>>,
    causes: [OnceCell<Vec<Cause<'a>>>; 3],
    cause_values: OnceCell<Vec<Vec<Value>>>,
}

impl<'a> View<'a> {
    pub(super) fn new(trace: &'a Trace) -> Self {
        Self {
            trace,
            root: trace.root(),
            root_index: trace.root_index(),
            services: OnceCell::new(),
            edges: OnceCell::new(),
            owners: OnceCell::new(),
            members: OnceCell::new(),
            causes: Default::default(),
            cause_values: OnceCell::new(),
        }
    }

    pub(super) fn size(&self) -> usize {
        self.trace.nodes.len()
    }

    /// The services of the trace, once for each segment, and the client.
    pub(super) fn services(&self) -> &[Element<'a>] {
        self.services.get_or_init(|| {
            let segments = (0..self.size()).filter(|at| self.trace.nodes[*at].is_segment());
            segments.map(|at| self.element(at)).chain(self.client()).collect()
        })
    }

    /// The calls of the trace.
    pub(super) fn edges(&self) -> &[Edge<'a>] {
        self.edges.get_or_init(|| {
            let segments = (0..self.size()).filter(|at| self.trace.nodes[*at].is_segment());
            segments.filter_map(|at| self.edge_to(at)).collect()
        })
    }

    pub(super) fn causes(&self, category: Category) -> &[Cause<'a>] {
        let kept = match category {
            Category::Fault => &self.causes[0],
            Category::Error => &self.causes[1],
            Category::ResponseTime => &self.causes[2],
        };
        kept.get_or_init(|| causes(self.trace, category))
    }

    /// The root causes of each category, as summaries show them.
    pub(super) fn cause_values(&self) -> &[Vec<Value>] {
        self.cause_values.get_or_init(|| {
            let categories = [Category::Fault, Category::Error, Category::ResponseTime];
            let shown = categories.map(|category| self.causes(category).iter().map(Cause::to_json));
            shown.into_iter().map(Iterator::collect).collect()
        })
    }

    /// Whether any value of a keyword passes `test`.
    pub(super) fn find<'s>(
        &'s self,
        keyword: &Keyword,
        scope: Scope<'s>,
        work: &mut Work,
        test: impl Fn(Found<'_>) -> bool,
    ) -> bool {
        work.add(1);
        match keyword {
            Keyword::Text(path) => {
                let documents = self.documents(None, scope).inspect(|_| work.add(1));
                let mut texts = documents.filter_map(|node| node.find(path)?.as_str());
                texts.any(|text| test(Found::Text(text)))
            }
            Keyword::Message if !matches!(scope, Scope::Cause(_)) => {
                let documents = self.documents(None, scope).inspect(|_| work.add(1));
                let mut messages = documents.flat_map(messages);
                messages.any(|message| test(Found::Text(message)))
            }
            Keyword::Annotation(end, key) => {
                let documents = self.documents(*end, scope).inspect(|_| work.add(1));
                documents.filter_map(|node| annotation(node, key)).any(test)
            }
            _ => match scope {
                Scope::Trace => self.of_trace(keyword),
                Scope::Service(element) => self.of_service(keyword, element),
                Scope::Edge(edge) => self.of_node(keyword, &self.trace.nodes[edge.call]),
                Scope::Cause(place) => place.value(keyword),
            }
            .is_some_and(test),
        }
    }

    fn of_trace(&self, keyword: &Keyword) -> Option<Found<'_>> {
        match keyword {
            Keyword::Inferred => {
                let mut nodes = self.trace.nodes.iter();
                Some(Found::Truth(nodes.any(|node| node.kind == Kind::Inferred)))
            }
            Keyword::Duration => self.trace.known_duration().map(Found::Number),
            Keyword::Root => self.root.map(|_| Found::Truth(true)),
            Keyword::Name => self.root.map(|root| Found::Text(root.name())),
            Keyword::Type => self.root?.text("origin").map(Found::Text),
            _ => self.of_node(keyword, self.root?),
        }
    }

    /// The client is on the map, but it sent no segment that anything could be said of.
    fn of_service<'s>(&'s self, keyword: &Keyword, element: &'s Element<'s>) -> Option<Found<'s>> {
        let node = &self.trace.nodes[element.at];
        match keyword {
            Keyword::Name => Some(Found::Text(element.service.name)),
            Keyword::Type => element.service.kind.map(Found::Text),
            _ if element.is_client => None,
            Keyword::Inferred => Some(Found::Truth(node.kind == Kind::Inferred)),
            Keyword::Root => Some(Found::Truth(Some(element.at) == self.root_index)),
            _ => self.of_node(keyword, node),
        }
    }

    fn of_node<'s>(&'s self, keyword: &Keyword, node: &'s Node) -> Option<Found<'s>> {
        let found = match keyword {
            Keyword::Ok => Found::Truth(node.flags.is_ok(node.status)),
            Keyword::Error => Found::Truth(node.is_error()),
            Keyword::Throttle => Found::Truth(node.is_throttle()),
            Keyword::Fault => Found::Truth(node.is_fault()),
            Keyword::Partial => Found::Truth(is_partial(self.trace)),
            Keyword::ResponseTime | Keyword::Duration => Found::Number(node.known_duration()?),
            Keyword::HttpStatus => Found::Number(node.status?.into()),
            Keyword::OwnText(path) => Found::Text(node.find(path)?.as_str()?),
            _ => return None,
        };
        Some(found)
    }

    /// The documents that a keyword looks through.
    fn documents(
        &self,
        end: Option<End>,
        scope: Scope<'_>,
    ) -> Box<dyn Iterator<Item = &'a Node> + '_> {
        let nodes = &self.trace.nodes;
        let element = match (scope, end) {
            (Scope::Trace, None) => return Box::new(nodes.iter()),
            (Scope::Edge(edge), None) => return Box::new(std::iter::once(&nodes[edge.call])),
            (Scope::Service(element), None) => element,
            (Scope::Edge(edge), Some(End::Source)) => &edge.source,
            (Scope::Edge(edge), Some(End::Destination)) => &edge.destination,
            _ => return Box::new(std::iter::empty()),
        };
        let members = if element.is_client { &[][..] } else { &self.members()[element.at] };
        Box::new(members.iter().map(|at| &nodes[*at]))
    }

    fn element(&self, at: usize) -> Element<'a> {
        Element { service: Service::of(&self.trace.nodes[at]), at, is_client: false }
    }

    fn client(&self) -> Option<Element<'a>> {
        let root = self.root.filter(|root| !root.orphaned)?;
        Some(Element { service: Service::client(root), at: self.root_index?, is_client: true })
    }

    /// The call that led to the segment `at`.
    fn edge_to(&self, at: usize) -> Option<Edge<'a>> {
        let nodes = &self.trace.nodes;
        let Some(parent) = nodes[at].parent else {
            let source = self.client().filter(|client| client.at == at)?;
            return Some(Edge { source, destination: self.element(at), call: at });
        };
        let source = self.owners()[parent];
        let call = if nodes[parent].is_segment() { at } else { parent };
        let source = nodes[source].is_segment().then(|| self.element(source))?;
        Some(Edge { source, destination: self.element(at), call })
    }

    /// What each node belongs to, as `Trace::owner` says, for all at once.
    fn owners(&self) -> &[usize] {
        self.owners.get_or_init(|| {
            let nodes = &self.trace.nodes;
            let mut owners: Vec<Option<usize>> = vec![None; nodes.len()];
            for at in 0..nodes.len() {
                let (mut way, mut here) = (vec![at], at);
                let owner = loop {
                    match (owners[here], nodes[here].parent) {
                        (Some(owner), _) => break owner,
                        (None, Some(parent)) if !nodes[here].is_segment() => here = parent,
                        _ => break here,
                    }
                    way.push(here);
                };
                for at in way {
                    owners[at] = Some(owner);
                }
            }
            owners.into_iter().flatten().collect()
        })
    }

    /// The nodes that belong to each segment, itself included.
    fn members(&self) -> &[Vec<usize>] {
        self.members.get_or_init(|| {
            let mut members = vec![Vec::new(); self.size()];
            for (at, owner) in self.owners().iter().enumerate() {
                members[*owner].push(at);
            }
            members
        })
    }
}

/// Those of a document's exceptions.
fn messages(node: &Node) -> impl Iterator<Item = &str> {
    let exceptions = node.find("/cause/exceptions").and_then(Value::as_array);
    exceptions.into_iter().flatten().filter_map(|exception| exception["message"].as_str())
}

fn annotation<'a>(node: &'a Node, key: &str) -> Option<Found<'a>> {
    match node.annotations().find(|(name, _)| *name == key)?.1 {
        Value::Bool(truth) => Some(Found::Truth(*truth)),
        Value::Number(number) => number.as_f64().map(Found::Number),
        Value::String(text) => Some(Found::Text(text)),
        _ => None,
    }
}

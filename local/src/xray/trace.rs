use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{
    documents::Kept,
    flatten::flatten,
    infer::{infer, without_inferred},
    node::{Kind, Node, to_millis},
};

/// How many annotations of a trace are indexed
/// (<https://docs.aws.amazon.com/general/latest/gr/xray.html#limits_xray>).
const MAX_ANNOTATIONS: usize = 50;
/// How deep documents nest in an answer; what lies deeper is a child of the last that fits.
const MAX_DEPTH: usize = 48;

/// A trace, put together from its documents as X-Ray does it: subsegments that came on their own are put
/// where they belong, and services that do not report themselves have an inferred segment.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    /// The trace id.
    pub(crate) id: String,
    /// Segments and subsegments; a parent is an index into this.
    pub(crate) nodes: Vec<Node>,
    /// Whether documents were left out because the trace is too large.
    pub(crate) limit_exceeded: bool,
    /// How often the trace changed.
    pub(crate) revision: u32,
}

impl Trace {
    pub(super) fn assemble(
        id: String,
        documents: &[Kept<'_>],
        limit_exceeded: bool,
        revision: u32,
    ) -> Self {
        let mut nodes: Vec<(Node, Option<String>)> = Vec::new();
        let mut known = HashSet::new();
        for document in documents {
            flatten(*document, &mut nodes, &mut known);
        }
        let nodes = without_inferred(nodes);
        let index: HashMap<_, _> =
            nodes.iter().enumerate().map(|(at, (node, _))| (node.id.clone(), at)).collect();
        let mut trace = Self { id, nodes: Vec::new(), limit_exceeded, revision };
        for (mut node, parent) in nodes {
            node.parent = parent.as_ref().and_then(|parent| index.get(parent).copied());
            node.orphaned = parent.is_some() && node.parent.is_none();
            trace.nodes.push(node);
        }
        trace.cut_cycles();
        infer(&mut trace);
        trace.sort_children();
        trace.index_annotations();
        trace
    }

    /// Seconds since the epoch at which the earliest part began.
    pub(crate) fn start(&self) -> f64 {
        self.nodes.iter().map(|node| node.start).fold(f64::INFINITY, f64::min)
    }

    /// From the earliest begin to the latest end of anything, in seconds: what goes on asynchronously
    /// counts.
    pub(crate) fn duration(&self) -> f64 {
        let ends = self.nodes.iter().filter_map(|node| node.end);
        let end = ends.fold(f64::NEG_INFINITY, f64::max);
        (end - self.start()).max(0.0)
    }

    /// The same in whole milliseconds, as X-Ray answers it; nothing while something is in progress.
    pub(super) fn known_duration(&self) -> Option<f64> {
        let known = !self.nodes.is_empty() && !self.is_partial();
        known.then(|| to_millis(self.duration()) / 1000.0)
    }

    /// Whether something is still in progress.
    pub(crate) fn is_partial(&self) -> bool {
        self.nodes.iter().any(|node| node.end.is_none())
    }

    /// The segment that the trace began with.
    pub(crate) fn root(&self) -> Option<&Node> {
        self.root_index().map(|at| &self.nodes[at])
    }

    /// The same as an index into the nodes.
    pub(super) fn root_index(&self) -> Option<usize> {
        let tops = self.nodes.iter().enumerate();
        let tops = tops.filter(|(_, node)| node.kind == Kind::Segment && node.parent.is_none());
        let earlier =
            |a: &Node, b: &Node| a.orphaned.cmp(&b.orphaned).then(a.start.total_cmp(&b.start));
        tops.min_by(|(_, a), (_, b)| earlier(a, b)).map(|(at, _)| at)
    }

    /// The nodes in the order in which they began.
    pub(super) fn by_time(&self) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.nodes.len()).collect();
        order.sort_by(|a, b| self.nodes[*a].start.total_cmp(&self.nodes[*b].start));
        order
    }

    /// The service that was inferred from the call `at`.
    pub(super) fn inferred_by(&self, at: usize) -> Option<usize> {
        let mut children = self.nodes[at].children.iter().copied();
        children.find(|child| self.nodes[*child].kind == Kind::Inferred)
    }

    /// What a node belongs to: itself if it is a segment, else the segment that it is part of. Where that
    /// has not come it is the uppermost subsegment, so ask whether it is a segment.
    pub(crate) fn owner<'a>(&'a self, node: &'a Node) -> &'a Node {
        let mut owner = node;
        while let (false, Some(parent)) = (owner.is_segment(), owner.parent) {
            owner = &self.nodes[parent];
        }
        owner
    }

    /// The whole documents as `BatchGetTraces` answers them: one a segment, its subsegments inside.
    /// Subsegments without their segment stand alone, so that nothing is hidden.
    pub(crate) fn documents(&self) -> Vec<(&str, Value)> {
        let tops = self.nodes.iter().enumerate();
        let tops = tops.filter(|(_, node)| node.is_segment() || node.parent.is_none());
        let mut tops: Vec<_> = tops.collect();
        tops.sort_by(|(_, a), (_, b)| a.start.total_cmp(&b.start));
        tops.into_iter().map(|(at, node)| (node.id.as_str(), self.document(at))).collect()
    }

    fn document(&self, top: usize) -> Value {
        // Children first, without recursion: documents may nest thousands deep.
        let mut below: Vec<(usize, usize)> = vec![(top, 0)];
        let mut next = 0;
        while let Some(&(at, depth)) = below.get(next) {
            let subsegments = self.nodes[at].children.iter();
            let subsegments = subsegments.filter(|child| !self.nodes[**child].is_segment());
            below.extend(subsegments.map(|child| (*child, depth + 1)));
            next += 1;
        }
        let mut finished: HashMap<usize, Vec<Value>> = HashMap::new();
        for &(at, depth) in below.iter().rev() {
            let node = &self.nodes[at];
            let mut body = node.body.clone();
            body.insert("id".to_owned(), node.id.clone().into());
            let own = finished.remove(&at).unwrap_or_default();
            let parent = node.parent.filter(|_| at != top);
            if depth > MAX_DEPTH {
                // Too deep to nest: it hands its children to its parent and comes without them.
                let siblings = finished.entry(parent.unwrap_or(top)).or_default();
                siblings.push(Value::Object(body));
                siblings.extend(own);
                continue;
            }
            if !own.is_empty() {
                let own = own.into_iter().rev().collect();
                body.insert("subsegments".to_owned(), Value::Array(own));
            }
            if let Some(parent) = parent {
                // A subsegment within a segment needs no address of its own.
                for name in ["trace_id", "parent_id", "type"] {
                    body.remove(name);
                }
                finished.entry(parent).or_default().push(Value::Object(body));
            } else {
                if let Some(parent) = node.parent {
                    body.insert("parent_id".to_owned(), self.nodes[parent].id.clone().into());
                }
                body.insert("trace_id".to_owned(), self.id.clone().into());
                return Value::Object(body);
            }
        }
        Value::Null
    }

    /// A document may claim a descendant of its own as its parent. The first one met is cut loose.
    fn cut_cycles(&mut self) {
        let mut safe = vec![false; self.nodes.len()];
        for at in 0..self.nodes.len() {
            let mut path = Vec::new();
            let mut on_path = HashSet::new();
            let mut current = Some(at);
            while let Some(here) = current.filter(|here| !safe[*here]) {
                if !on_path.insert(here) {
                    self.nodes[here].parent = None;
                    self.nodes[here].orphaned = true;
                    break;
                }
                path.push(here);
                current = self.nodes[here].parent;
            }
            for here in path {
                safe[here] = true;
            }
        }
    }

    /// Of all annotations the earliest are indexed; one that comes again counts once.
    fn index_annotations(&mut self) {
        let annotations = |node: &Node| {
            node.body.get("annotations").and_then(Value::as_object).map_or(0, Map::len)
        };
        if self.nodes.iter().map(annotations).sum::<usize>() <= MAX_ANNOTATIONS {
            self.nodes.iter_mut().for_each(|node| node.indexed = annotations(node));
            return;
        }
        let mut indexed = HashSet::new();
        for at in self.by_time() {
            let annotations = self.nodes[at].body.get("annotations").and_then(Value::as_object);
            let mut count = 0;
            for (name, value) in annotations.into_iter().flatten() {
                let annotation = (name.clone(), value.to_string());
                if !indexed.contains(&annotation) && indexed.len() >= MAX_ANNOTATIONS {
                    break;
                }
                // Objects and lists are no annotations.
                if !value.is_object() && !value.is_array() {
                    indexed.insert(annotation);
                }
                count += 1;
            }
            self.nodes[at].indexed = count;
        }
    }

    fn sort_children(&mut self) {
        for at in self.by_time() {
            if let Some(parent) = self.nodes[at].parent {
                self.nodes[parent].children.push(at);
            }
        }
    }
}

use std::collections::{HashMap, HashSet};

use super::{Category, Cause, cause, exceptions};
use crate::xray::{
    node::{Kind, Node},
    trace::Trace,
};

/// How deep a path of causes goes; what lies deeper is not looked at.
const MAX_DEPTH: usize = 256;

/// The root causes of the faults or of the errors of a trace.
pub(super) fn causes(trace: &Trace, category: Category) -> Vec<Cause<'_>> {
    Search::new(trace, category).causes()
}

/// Looks for the causes of faults or of errors. A path begins at a flagged segment, or at a called service that failed and
/// did not report itself, which no flagged segment leads to. It ends at such a called service if there is one, else at the
/// deepest flagged exception; there is no cause without either. It goes on through flagged children, and where none of them
/// leads to an end, through those that are not flagged themselves. Where several children lead on, `bucket` decides.
struct Search<'a> {
    trace: &'a Trace,
    category: Category,
    /// Where each exception is.
    exceptions: HashMap<&'a str, usize>,
    /// Whether a path may end at a node or below it.
    leads: Vec<bool>,
    path: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(trace: &'a Trace, category: Category) -> Self {
        let ids = trace.nodes.iter().enumerate().flat_map(|(at, node)| {
            exceptions(node).filter_map(move |exception| Some((exception["id"].as_str()?, at)))
        });
        let leads = vec![false; trace.nodes.len()];
        Self { trace, category, exceptions: ids.collect(), leads, path: Vec::new() }
    }

    fn causes(mut self) -> Vec<Cause<'a>> {
        let trace = self.trace;
        let root = trace.root();
        // A throttled root has no causes of errors, whatever failed below it.
        if self.category == Category::Error && root.is_some_and(Node::is_throttle) {
            return Vec::new();
        }
        let impacts_client = root.is_some_and(|root| self.is_flagged(root));
        let order = top_down(trace);
        for at in order.iter().rev() {
            self.leads[*at] |= self.ends_at(*at);
            if let (true, Some(parent)) = (self.leads[*at], trace.nodes[*at].parent) {
                self.leads[parent] = true;
            }
        }
        let mut found = Vec::new();
        let mut on_a_way = HashSet::new();
        for at in order {
            let node = &trace.nodes[at];
            let begins = node.is_segment() && self.is_flagged(node);
            if !begins || self.is_led_to(at) || on_a_way.contains(&at) {
                continue;
            }
            self.path.clear();
            if self.walk(at, None) {
                on_a_way.extend(self.path.iter().copied());
                found.push((node.start, cause(trace, &self.path, impacts_client, None)));
            }
        }
        found.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        found.into_iter().map(|(_, cause)| cause).collect()
    }

    fn is_flagged(&self, node: &Node) -> bool {
        match self.category {
            Category::Fault => node.is_fault(),
            _ => node.is_error() || node.is_throttle(),
        }
    }

    /// Whether a path that comes here ends here, if it does not go on.
    fn ends_at(&self, at: usize) -> bool {
        let node = &self.trace.nodes[at];
        let is_end = node.kind == Kind::Inferred || exceptions(node).next().is_some();
        is_end && self.is_flagged(node)
    }

    /// Whether a flagged segment leads here, through what is flagged.
    fn is_led_to(&self, at: usize) -> bool {
        let nodes = &self.trace.nodes;
        let mut parent = nodes[at].parent;
        while let Some(at) = parent.filter(|at| self.is_flagged(&nodes[*at])) {
            if nodes[at].kind == Kind::Segment {
                return true;
            }
            parent = nodes[at].parent;
        }
        false
    }

    /// Goes on from `at`, to `target` if a document names the exception that is its cause. Where that leads to a
    /// cause, the way stays in `path`.
    fn walk(&mut self, at: usize, target: Option<usize>) -> bool {
        let trace = self.trace;
        let node = &trace.nodes[at];
        let is_flagged = self.is_flagged(node);
        let named = node.text("cause").filter(|_| is_flagged);
        let target = match named.map(|id| self.exceptions.get(id)) {
            Some(None) => return false,
            Some(Some(named)) => Some(*named),
            None => target,
        };
        let target = target.filter(|target| *target != at);
        let towards = target.map(|target| self.child_towards(at, target));
        if towards == Some(None) {
            return false;
        }
        self.path.push(at);
        if is_flagged && node.kind == Kind::Inferred {
            return true;
        }
        if let Some(inferred) = trace.inferred_by(at).filter(|_| is_flagged) {
            self.path.push(inferred);
            return true;
        }
        let children = self.children(at, towards.flatten());
        if self.path.len() < MAX_DEPTH && children.into_iter().any(|child| self.walk(child, target))
        {
            return true;
        }
        let ends_here = self.ends_at(at);
        if !ends_here {
            self.path.pop();
        }
        ends_here
    }

    /// Where a path may go on, what is tried first in front.
    fn children(&self, at: usize, towards: Option<usize>) -> Vec<usize> {
        let nodes = &self.trace.nodes;
        let flagged = |child: usize| self.is_flagged(&nodes[child]);
        let mut children = nodes[at].children.clone();
        children.retain(|child| {
            towards.is_none_or(|to| to == *child) && (flagged(*child) || self.leads[*child])
        });
        let count = children.iter().filter(|child| flagged(**child)).count();
        let buckets = (count * 4 / 3 + 1).next_power_of_two().max(16);
        children.sort_by_cached_key(|child| {
            let is_called = self.trace.inferred_by(*child).is_some();
            (!flagged(*child), !is_called, bucket(&nodes[*child].id, buckets))
        });
        children
    }

    fn child_towards(&self, at: usize, target: usize) -> Option<usize> {
        let parent = |child: &usize| self.trace.nodes[*child].parent;
        // What lies deeper is on no path.
        let mut way = std::iter::successors(Some(target), parent).take(MAX_DEPTH);
        way.find(|child| parent(child) == Some(at))
    }
}

/// Where Java's hash map keeps an id. X-Ray takes the first of several children in the order of such a map, as was
/// observed with two children of many ids; neither their times nor their order in the document matter.
fn bucket(id: &str, buckets: usize) -> usize {
    let units = id.encode_utf16().map(u32::from);
    let hash = units.fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit));
    (hash ^ (hash >> 16)) as usize & (buckets - 1)
}

/// All nodes, each after its parent.
fn top_down(trace: &Trace) -> Vec<usize> {
    let mut order = trace.by_time();
    order.retain(|at| trace.nodes[*at].parent.is_none());
    let mut next = 0;
    while let Some(at) = order.get(next) {
        order.extend_from_slice(&trace.nodes[*at].children);
        next += 1;
    }
    order
}

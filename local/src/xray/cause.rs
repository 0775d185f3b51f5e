use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    node::{Kind, Node},
    service::Service,
    trace::Trace,
};

/// How deep a path of causes goes; what lies deeper is not looked at.
const MAX_DEPTH: usize = 256;

/// What the path of a root cause is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Category {
    /// 5xx.
    Fault,
    /// 4xx, throttles included.
    Error,
    /// Where the time went.
    ResponseTime,
}

/// The way from the service where a problem shows to the one where it began. See
/// <https://docs.aws.amazon.com/xray/latest/api/API_FaultRootCause.html>.
#[derive(Debug)]
pub(super) struct Cause<'a> {
    /// Whether it shows in the root's response.
    pub(super) impacts_client: bool,
    /// The services on the way.
    pub(super) services: Vec<CauseService<'a>>,
}

/// A service on the way, with what happened in it.
#[derive(Debug)]
pub(super) struct CauseService<'a> {
    /// Its name and type.
    pub(super) service: Service<'a>,
    /// Whether it did not report itself.
    pub(super) inferred: bool,
    /// The segment and subsegments on the way.
    pub(super) path: Vec<Entity<'a>>,
}

/// A segment or subsegment on the way.
#[derive(Debug)]
pub(super) struct Entity<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Whether it is a call of another service.
    pub(super) remote: bool,
    /// Its share of the root's time, where the cause is about time.
    pub(super) coverage: Option<f64>,
    /// Type and message of each exception.
    pub(super) exceptions: Vec<(Option<&'a str>, Option<&'a str>)>,
}

/// The root causes of a trace.
pub(super) fn causes(trace: &Trace, category: Category) -> Vec<Cause<'_>> {
    match category {
        Category::ResponseTime => response_time(trace).into_iter().collect(),
        _ => Search::new(trace, category).causes(),
    }
}

/// The children that take most of the root's time, one below the other, while each takes more than half of it.
fn response_time(trace: &Trace) -> Option<Cause<'_>> {
    let root = trace.root_index()?;
    let whole = trace.nodes[root].millis()?;
    let mut path = vec![root];
    let mut at = root;
    while let Some(longest) = longest(trace, at, whole) {
        path.push(longest);
        if let Some(inferred) = trace.inferred_by(longest) {
            path.push(inferred);
            break;
        }
        at = longest;
    }
    (path.len() > 1).then(|| cause(trace, &path, true, Some(whole)))
}

fn longest(trace: &Trace, at: usize, whole: f64) -> Option<usize> {
    let children = trace.nodes[at].children.iter();
    let timed = children.filter_map(|child| Some((*child, trace.nodes[*child].millis()?)));
    let most = timed.filter(|(_, millis)| *millis * 2.0 > whole && *millis <= whole);
    most.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(child, _)| child)
}

/// Looks for the causes of faults or of errors. X-Ray's rules, as far as they were observed: a path begins at a
/// flagged segment, or at a called service that failed and did not report itself, which no flagged segment leads
/// to. It goes on through flagged children, to such a called service if there is one, else to the deepest exception; there
/// is no cause without either. Where several children lead on, `bucket` decides.
struct Search<'a> {
    trace: &'a Trace,
    category: Category,
    /// Where each exception is.
    exceptions: HashMap<&'a str, usize>,
    path: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(trace: &'a Trace, category: Category) -> Self {
        let ids = trace.nodes.iter().enumerate().flat_map(|(at, node)| {
            exceptions(node).filter_map(move |exception| Some((exception["id"].as_str()?, at)))
        });
        Self { trace, category, exceptions: ids.collect(), path: Vec::new() }
    }

    fn causes(mut self) -> Vec<Cause<'a>> {
        let trace = self.trace;
        let root = trace.root_index();
        let mut found = Vec::new();
        for at in trace.by_time() {
            let node = &trace.nodes[at];
            if !node.is_segment() || !self.is_flagged(at) || self.is_led_to(at) {
                continue;
            }
            self.path.clear();
            if node.kind == Kind::Inferred {
                self.path.push(at);
            } else if !self.walk(at, None) {
                continue;
            }
            found.push(cause(trace, &self.path, root == Some(at), None));
        }
        found
    }

    fn is_flagged(&self, at: usize) -> bool {
        let node = &self.trace.nodes[at];
        match self.category {
            Category::Fault => node.is_fault(),
            _ => node.is_error() || node.is_throttle(),
        }
    }

    /// Whether a flagged segment leads here, through what is flagged.
    fn is_led_to(&self, at: usize) -> bool {
        let mut parent = self.trace.nodes[at].parent;
        while let Some(at) = parent.filter(|at| self.is_flagged(*at)) {
            if self.trace.nodes[at].kind == Kind::Segment {
                return true;
            }
            parent = self.trace.nodes[at].parent;
        }
        false
    }

    /// Goes on from `at`, to `target` if a document names the exception that is its cause. Where that leads to a
    /// cause, the way stays in `path`.
    fn walk(&mut self, at: usize, target: Option<usize>) -> bool {
        let node = &self.trace.nodes[at];
        let target = match node.text("cause").map(|id| self.exceptions.get(id)) {
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
        if let Some(inferred) = self.trace.inferred_by(at) {
            self.path.push(inferred);
            return true;
        }
        let mut children = node.children.clone();
        children
            .retain(|child| self.is_flagged(*child) && towards.is_none_or(|to| to == Some(*child)));
        let buckets = (children.len() * 4 / 3 + 1).next_power_of_two().max(16);
        children.sort_by_cached_key(|child| {
            let id = &self.trace.nodes[*child].id;
            (self.trace.inferred_by(*child).is_none(), bucket(id, buckets))
        });
        if self.path.len() < MAX_DEPTH && children.into_iter().any(|child| self.walk(child, target))
        {
            return true;
        }
        let ends_here = exceptions(node).next().is_some();
        if !ends_here {
            self.path.pop();
        }
        ends_here
    }

    fn child_towards(&self, at: usize, target: usize) -> Option<usize> {
        let parent = |child: &usize| self.trace.nodes[*child].parent;
        let mut way = std::iter::successors(Some(target), parent);
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

fn exceptions(node: &Node) -> impl Iterator<Item = &Value> {
    node.find("/cause/exceptions").and_then(Value::as_array).into_iter().flatten()
}

/// Puts the nodes of a path together by service.
fn cause<'a>(
    trace: &'a Trace,
    path: &[usize],
    impacts_client: bool,
    whole: Option<f64>,
) -> Cause<'a> {
    let mut services: Vec<CauseService<'a>> = Vec::new();
    for at in path {
        let node = &trace.nodes[*at];
        let inferred = node.kind == Kind::Inferred;
        if node.is_segment() {
            services.push(CauseService { service: Service::of(node), inferred, path: Vec::new() });
        }
        let exceptions = exceptions(node)
            .map(|exception| (exception["type"].as_str(), exception["message"].as_str()));
        let entity = Entity {
            name: node.name(),
            remote: !inferred && matches!(node.text("namespace"), Some("aws" | "remote")),
            coverage: whole.map(|whole| {
                let share = node.millis().unwrap_or_default() / whole;
                (share * 1000.0).round() / 1000.0
            }),
            exceptions: exceptions.collect(),
        };
        if let Some(service) = services.last_mut() {
            service.path.push(entity);
        }
    }
    Cause { impacts_client, services }
}

impl Cause<'_> {
    /// As `GetTraceSummaries` answers it.
    pub(super) fn to_json(&self) -> Value {
        let services = self.services.iter().map(|CauseService { service, inferred, path }| {
            json!({
                "Name": service.name,
                "Names": [service.name],
                "Type": service.kind,
                "AccountId": service.shown_account(),
                "EntityPath": path.iter().map(Entity::to_json).collect::<Vec<_>>(),
                "Inferred": inferred,
            })
        });
        let services: Vec<_> = services.collect();
        json!({ "Services": services, "ClientImpacting": self.impacts_client })
    }
}

impl Entity<'_> {
    fn to_json(&self) -> Value {
        let mut shown = json!({ "Name": self.name, "Remote": self.remote });
        if let Some(coverage) = self.coverage {
            shown["Coverage"] = coverage.into();
        } else {
            let exceptions = self.exceptions.iter();
            let exceptions =
                exceptions.map(|(name, message)| json!({ "Name": name, "Message": message }));
            shown["Exceptions"] = exceptions.collect();
        }
        shown
    }
}

#[cfg(test)]
mod tests;

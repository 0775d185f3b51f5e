/// Those of faults and errors.
mod failures;

use serde_json::{Value, json};

use super::{
    node::{Kind, Node},
    service::Service,
    trace::Trace,
};

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
    /// Whether the root is flagged, too.
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
        _ => failures::causes(trace, category),
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

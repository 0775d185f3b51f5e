use std::sync::Arc;

use super::{
    cause::{Category, Cause, CauseService, Entity, causes},
    flags::Flags,
    names::Known,
    service::Service,
    trace::Trace,
};

/// The root causes of a trace as its outline has them. Most traces fail, and spend their time, in the same ways as
/// others, so ways are kept once.
#[derive(Debug, Default)]
pub(super) struct RootCauses([Box<[Kept]>; 3]);

#[derive(Debug)]
struct Kept {
    way: Arc<Way>,
    /// The share of the root's time that each entity on the way has, in thousandths; nothing of failures.
    coverages: Box<[u16]>,
}

/// The way from where a problem shows to where it began.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Way {
    impacts_client: bool,
    services: Box<[Step]>,
}

/// A service on the way.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Step {
    name: Arc<str>,
    kind: Option<Arc<str>>,
    account: Option<Arc<str>>,
    inferred: bool,
    path: Box<[Place]>,
}

/// A segment or subsegment on the way, with type and message of its exceptions.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Place {
    name: Arc<str>,
    remote: bool,
    exceptions: Box<[Exception]>,
}

type Exception = (Option<Arc<str>>, Option<Arc<str>>);

const CATEGORIES: [Category; 3] = [Category::Fault, Category::Error, Category::ResponseTime];

impl RootCauses {
    /// Those of `trace`, whose segments and subsegments have these flags.
    pub(super) fn of(trace: &Trace, flags: Flags, known: &mut Known) -> Self {
        Self(CATEGORIES.map(|category| {
            let may_be = match category {
                Category::Fault => flags.is_fault(),
                Category::Error => flags.is_error() || flags.is_throttle(),
                Category::ResponseTime => true,
            };
            let found = if may_be { causes(trace, category) } else { Vec::new() };
            found.iter().map(|cause| Kept::new(cause, known)).collect()
        }))
    }

    /// Those of a category.
    pub(super) fn causes(&self, category: Category) -> impl Iterator<Item = Cause<'_>> {
        let place = match category {
            Category::Fault => 0,
            Category::Error => 1,
            Category::ResponseTime => 2,
        };
        self.0[place].iter().map(Kept::cause)
    }
}

impl Kept {
    fn new(cause: &Cause<'_>, known: &mut Known) -> Self {
        let shares = cause.services.iter().flat_map(|service| &service.path);
        let shares = shares.filter_map(|entity| entity.coverage);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share is between 0 and 1"
        )]
        let coverages = shares.map(|share| (share * 1000.0).round() as u16).collect();
        let services = cause.services.iter().map(|service| Step::new(service, known)).collect();
        let way = Way { impacts_client: cause.impacts_client, services };
        Self { way: known.way(way), coverages }
    }

    fn cause(&self) -> Cause<'_> {
        let mut coverages = self.coverages.iter().map(|share| f64::from(*share) / 1000.0);
        let services = self.way.services.iter().map(|step| CauseService {
            service: Service::known(&step.name, step.kind.as_deref(), step.account.as_deref()),
            inferred: step.inferred,
            path: step.path.iter().map(|place| place.entity(coverages.next())).collect(),
        });
        Cause { impacts_client: self.way.impacts_client, services: services.collect() }
    }
}

impl Step {
    fn new(service: &CauseService<'_>, known: &mut Known) -> Self {
        let CauseService { service, inferred, path } = service;
        Self {
            name: known.text(service.name),
            kind: service.kind.map(|kind| known.text(kind)),
            account: service.shown_account().map(|account| known.text(account)),
            inferred: *inferred,
            path: path.iter().map(|entity| Place::new(entity, known)).collect(),
        }
    }
}

impl Place {
    fn new(entity: &Entity<'_>, known: &mut Known) -> Self {
        let exceptions = entity.exceptions.iter().map(|(kind, message)| {
            (kind.map(|kind| known.text(kind)), message.map(|message| known.text(message)))
        });
        let exceptions = exceptions.collect();
        Self { name: known.text(entity.name), remote: entity.remote, exceptions }
    }

    fn entity(&self, coverage: Option<f64>) -> Entity<'_> {
        let exceptions =
            self.exceptions.iter().map(|(kind, message)| (kind.as_deref(), message.as_deref()));
        Entity { name: &self.name, remote: self.remote, coverage, exceptions: exceptions.collect() }
    }
}

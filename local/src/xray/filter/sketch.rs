use super::{
    Complex, Expression, Filter, Identity, Keyword, Test, Work,
    evaluate::have_causes,
    place::{Place, places},
    scope::Found,
};
use crate::xray::{
    cause::Category,
    outline::{Outline, ROOT_TEXTS, Scalar, TEXTS},
    sample::Sample,
    service_id::ServiceId,
    topology::{Call, Part},
};

/// Whether a filter matches a trace, as far as its outline says; `None` where the documents have to be looked at. Says
/// nothing else than [`super::evaluate`] does.
pub(super) fn matches(filter: &Filter, outline: &Outline, work: &mut Work) -> Option<bool> {
    let known = vec![Term::Open; filter.terms];
    let mut evaluation = Evaluation { outline, known, work };
    let holds = evaluation.holds(&filter.expression, Scope::Trace);
    if work.is_exceeded() { Some(false) } else { holds }
}

/// What simple terms speak of.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Trace,
    Service(&'a Part),
    /// Who called the root.
    Client,
    Edge(&'a Call),
    /// A place on the way of a root cause.
    Cause(Place<'a>),
}

/// A complex term.
#[derive(Clone, Copy)]
enum Term {
    Open,
    Evaluated(Option<bool>),
}

struct Evaluation<'a, 'w> {
    outline: &'a Outline,
    /// What is known of each complex term, which is evaluated once.
    known: Vec<Term>,
    work: &'w mut Work,
}

impl<'a> Evaluation<'a, '_> {
    fn holds(&mut self, expression: &Expression, scope: Scope<'a>) -> Option<bool> {
        if self.work.is_exceeded() {
            return Some(false);
        }
        match expression {
            Expression::All => Some(true),
            Expression::Or(parts) => any(parts.iter().map(|part| self.holds(part, scope))),
            Expression::And(parts) => {
                any(parts.iter().map(|part| self.holds(part, scope).map(|holds| !holds)))
                    .map(|fails| !fails)
            }
            Expression::Not(part) => self.holds(part, scope).map(|holds| !holds),
            Expression::Simple(keyword, test) => {
                self.work.add(1);
                self.is(keyword, scope, test)
            }
            Expression::Complex(number, complex) => {
                if let Term::Evaluated(known) = self.known[*number] {
                    return known;
                }
                let holds = self.is_there(complex);
                self.known[*number] = Term::Evaluated(holds);
                holds
            }
        }
    }

    fn is_there(&mut self, complex: &Complex) -> Option<bool> {
        let outline = self.outline;
        let topology = &outline.topology;
        self.work.add(topology.services.len());
        match complex {
            Complex::Service(service, inside) => {
                // What names an account asks for more than an outline has.
                service.account.is_none().then_some(())?;
                let root = outline.root.as_ref().filter(|root| !root.orphaned);
                let parts = topology.services.iter().filter(|part| is(service, &part.service.id));
                let found = any(parts.map(|part| self.holds(inside, Scope::Service(part))));
                if found == Some(true) || root.is_none_or(|root| !is_client(service, &root.name)) {
                    return found;
                }
                any([found, self.holds(inside, Scope::Client)].into_iter())
            }
            Complex::Edge(source, destination, inside) => {
                (source.account.is_none() && destination.account.is_none()).then_some(())?;
                // Filters know of one client alone, that of the root.
                let calls = topology.calls.iter().filter(|call| !call.by_client || call.to_root);
                let calls = calls
                    .filter(|call| is(source, &call.source.id) && is(destination, &call.target.id));
                any(calls.map(|call| self.holds(inside, Scope::Edge(call))))
            }
            Complex::Cause(category, level, inside) => {
                let causes = outline.root_causes.causes(*category);
                let places: Vec<_> = causes.flat_map(|cause| places(&cause, *level)).collect();
                self.work.add(places.len());
                any(places.into_iter().map(|place| self.holds(inside, Scope::Cause(place))))
            }
            Complex::CauseJson(expected) => {
                let categories = [Category::Fault, Category::Error, Category::ResponseTime];
                Some(categories.into_iter().any(|category| {
                    let causes = outline.root_causes.causes(category);
                    let causes: Vec<_> = causes.map(|cause| cause.to_json()).collect();
                    have_causes(&causes, expected, self.work)
                }))
            }
            Complex::Group(inside) => self.holds(inside, Scope::Trace),
        }
    }

    /// Whether any value of a keyword passes `test`.
    fn is(&mut self, keyword: &Keyword, scope: Scope<'a>, test: &Test) -> Option<bool> {
        let outline = self.outline;
        match keyword {
            Keyword::Text(path) => {
                self.work.add(outline.texts.len());
                let number = TEXTS.iter().position(|known| known == path)?;
                let mut texts = outline.texts.iter().filter(|(of, _)| *of == number);
                somewhere(scope, texts.any(|(_, text)| test.passes(Found::Text(text))))
            }
            Keyword::Annotation(_, key) => {
                self.work.add(outline.annotations.len());
                let annotations = outline.annotations.iter();
                let mut values = annotations.filter(|(name, _)| **name == **key);
                let passes = values.any(|(_, value)| test.passes(value.found()));
                match (keyword, scope) {
                    // Only edges have ends.
                    (Keyword::Annotation(Some(_), _), Scope::Trace) => Some(false),
                    _ => somewhere(scope, passes),
                }
            }
            Keyword::OwnText(path) => match scope {
                Scope::Trace => {
                    let number = ROOT_TEXTS.iter().position(|known| known == path)?;
                    let own = outline.root.as_ref().and_then(|root| root.texts[number].as_deref());
                    Some(own.is_some_and(|own| test.passes(Found::Text(own))))
                }
                Scope::Client | Scope::Cause(_) => Some(false),
                Scope::Service(_) | Scope::Edge(_) => None,
            },
            // An outline has no other messages than those of root causes.
            Keyword::Message if !matches!(scope, Scope::Client | Scope::Cause(_)) => None,
            _ => {
                let value = match scope {
                    Scope::Trace => of_trace(outline, keyword),
                    Scope::Service(part) => of_service(outline, keyword, part),
                    Scope::Client => of_client(outline, keyword),
                    Scope::Edge(call) => of_sample(outline, keyword, &call.side),
                    Scope::Cause(place) => place.value(keyword),
                };
                Some(value.is_some_and(|value| test.passes(value)))
            }
        }
    }
}

/// What is said of a part of the trace, if something `passes` in all of it.
fn somewhere(scope: Scope<'_>, passes: bool) -> Option<bool> {
    match scope {
        Scope::Trace => Some(passes),
        Scope::Service(_) | Scope::Edge(_) if passes => None,
        _ => Some(false),
    }
}

/// Whether one of them is true; unknown if none is and one is unknown.
fn any(mut parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(false);
    loop {
        match parts.next() {
            Some(Some(true)) => return Some(true),
            Some(Some(false)) => {}
            Some(None) => all = None,
            None => return all,
        }
    }
}

fn is(wanted: &Identity, service: &ServiceId) -> bool {
    wanted.is_name(&service.name, service.kind.as_deref())
        && wanted.kind.as_ref().is_none_or(|kind| Some(kind) == service.kind.as_ref())
}

fn is_client(wanted: &Identity, root: &str) -> bool {
    wanted.is_name(root, Some("client")) && wanted.kind.as_ref().is_none_or(|kind| kind == "client")
}

fn of_trace<'a>(outline: &'a Outline, keyword: &Keyword) -> Option<Found<'a>> {
    let root = outline.root.as_ref();
    match keyword {
        Keyword::Inferred => Some(Found::Truth(outline.has_inferred)),
        Keyword::Duration => outline.known_duration.map(Found::Number),
        Keyword::Root => root.map(|_| Found::Truth(true)),
        Keyword::Name => root.map(|root| Found::Text(&root.name)),
        Keyword::Type => root?.origin.as_deref().map(Found::Text),
        _ => of_sample(outline, keyword, &root?.segment),
    }
}

fn of_service<'a>(outline: &'a Outline, keyword: &Keyword, part: &'a Part) -> Option<Found<'a>> {
    let id = &part.service.id;
    match keyword {
        Keyword::Name => Some(Found::Text(&id.name)),
        Keyword::Type => id.kind.as_deref().map(Found::Text),
        Keyword::Inferred => Some(Found::Truth(!part.is_sent)),
        Keyword::Root => Some(Found::Truth(part.is_root)),
        _ => of_sample(outline, keyword, &part.segment),
    }
}

fn of_client<'a>(outline: &'a Outline, keyword: &Keyword) -> Option<Found<'a>> {
    match keyword {
        Keyword::Name => outline.root.as_ref().map(|root| Found::Text(&root.name)),
        Keyword::Type => Some(Found::Text("client")),
        _ => None,
    }
}

fn of_sample<'a>(outline: &Outline, keyword: &Keyword, sample: &Sample) -> Option<Found<'a>> {
    let flags = sample.flags();
    let found = match keyword {
        Keyword::Ok => Found::Truth(flags.is_ok(sample.status)),
        Keyword::Error => Found::Truth(flags.is_error()),
        Keyword::Throttle => Found::Truth(flags.is_throttle()),
        Keyword::Fault => Found::Truth(flags.is_fault()),
        Keyword::Partial => Found::Truth(outline.is_partial),
        Keyword::ResponseTime | Keyword::Duration => Found::Number(sample.known_duration()?),
        Keyword::HttpStatus => Found::Number(sample.status?.into()),
        _ => return None,
    };
    Some(found)
}

impl Scalar {
    fn found(&self) -> Found<'_> {
        match self {
            Self::Truth(truth) => Found::Truth(*truth),
            Self::Number(number) => Found::Number(*number),
            Self::Text(text) => Found::Text(text),
        }
    }
}

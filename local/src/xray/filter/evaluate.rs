use serde_json::Value;

use super::{
    Comparison, Complex, Expression, Filter, Level, Test, TextOperator, Work,
    place::places,
    scope::{Found, Scope, View},
};
use crate::xray::{cause::Cause, trace::Trace};

/// Whether a filter matches a trace.
pub(super) fn matches(filter: &Filter, trace: &Trace, work: &mut Work) -> bool {
    let view = View::new(trace);
    let known = vec![None; filter.terms];
    let mut evaluation = Evaluation { view: &view, known, work };
    let holds = evaluation.holds(&filter.expression, Scope::Trace);
    holds && !work.is_exceeded()
}

struct Evaluation<'a, 't, 'w> {
    view: &'a View<'t>,
    /// What is known of each complex term. It speaks of the trace wherever it stands, so it is evaluated once,
    /// and nesting multiplies nothing.
    known: Vec<Option<bool>>,
    work: &'w mut Work,
}

impl<'a> Evaluation<'a, '_, '_> {
    fn holds(&mut self, expression: &Expression, scope: Scope<'a>) -> bool {
        if self.work.is_exceeded() {
            return false;
        }
        match expression {
            Expression::All => true,
            Expression::Or(parts) => parts.iter().any(|part| self.holds(part, scope)),
            Expression::And(parts) => parts.iter().all(|part| self.holds(part, scope)),
            Expression::Not(part) => !self.holds(part, scope),
            Expression::Simple(keyword, test) => {
                self.view.find(keyword, scope, self.work, |found| test.passes(found))
            }
            Expression::Complex(number, complex) => {
                if let Some(known) = self.known[*number] {
                    return known;
                }
                let holds = self.is(complex);
                self.known[*number] = Some(holds);
                holds
            }
        }
    }

    fn is(&mut self, complex: &Complex) -> bool {
        let view = self.view;
        self.work.add(view.size());
        match complex {
            Complex::Service(service, inside) => {
                let mut services = view.services().iter();
                services.any(|element| {
                    service.is(&element.service) && self.holds(inside, Scope::Service(element))
                })
            }
            Complex::Edge(source, destination, inside) => view.edges().iter().any(|edge| {
                source.is(&edge.source.service)
                    && destination.is(&edge.destination.service)
                    && self.holds(inside, Scope::Edge(edge))
            }),
            Complex::Cause(category, level, inside) => {
                let mut causes = view.causes(*category).iter();
                causes.any(|cause| self.is_on_the_way(cause, *level, inside))
            }
            Complex::CauseJson(expected) => {
                let mut categories = view.cause_values().iter();
                categories.any(|causes| have_causes(causes, expected, self.work))
            }
            Complex::Group(inside) => self.holds(inside, Scope::Trace),
        }
    }

    fn is_on_the_way(&mut self, cause: &'a Cause<'a>, level: Level, inside: &Expression) -> bool {
        let places = places(cause, level);
        self.work.add(places.len());
        places.into_iter().any(|place| self.holds(inside, Scope::Cause(place)))
    }
}

/// Whether root causes have everything that is expected, in this order. Each expected one is like one of them.
pub(super) fn have_causes(causes: &[Value], expected: &[Value], work: &mut Work) -> bool {
    let mut causes = causes.iter();
    !expected.is_empty()
        && expected.iter().all(|expected| causes.any(|cause| is_like(expected, cause, work)))
}

/// Of objects only the fields that are named count; lists have to have as many values. See
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-console-analytics.html>.
fn is_like(expected: &Value, actual: &Value, work: &mut Work) -> bool {
    work.add(1);
    match (expected, actual) {
        _ if work.is_exceeded() => false,
        (Value::Object(expected), Value::Object(actual)) => expected.iter().all(|(name, value)| {
            actual.get(name).is_some_and(|actual| is_like(value, actual, work))
        }),
        (Value::Array(expected), Value::Array(actual)) => {
            let mut pairs = expected.iter().zip(actual);
            expected.len() == actual.len()
                && pairs.all(|(expected, actual)| is_like(expected, actual, work))
        }
        (Value::Number(expected), Value::Number(actual)) => expected.as_f64() == actual.as_f64(),
        _ => expected == actual,
    }
}

impl Test {
    pub(super) fn passes(&self, found: Found<'_>) -> bool {
        match (self, found) {
            (Self::Is, Found::Truth(truth)) => truth,
            (Self::Is, _) => true,
            (Self::Truth(expected), Found::Truth(truth)) => truth == *expected,
            (Self::Number(comparison, expected), Found::Number(number)) => {
                comparison.holds(number, *expected)
            }
            (Self::Text(operator, expected), Found::Text(text)) => operator.holds(text, expected),
            _ => false,
        }
    }
}

impl Comparison {
    fn holds(self, number: f64, expected: f64) -> bool {
        number.partial_cmp(&expected).is_some_and(|order| match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        })
    }
}

impl TextOperator {
    fn holds(self, text: &str, expected: &str) -> bool {
        match self {
            Self::Equal => text == expected,
            Self::NotEqual => text != expected,
            Self::Contains => text.contains(expected),
            Self::BeginsWith => text.starts_with(expected),
            Self::EndsWith => text.ends_with(expected),
        }
    }
}

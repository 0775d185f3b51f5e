//! Sampling: which requests are traced. The rules are X-Ray's, the decision is that of whoever a request
//! reaches first.

/// More of what is unusual.
mod boost;
/// What becomes of a request.
mod decision;
/// A rule and which requests it is for.
mod rule;
/// The operations on rules.
mod rules;
/// What a rule's clients report and get.
mod usage;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

pub(crate) use decision::{Decision, Request};

use self::{rule::Rule, usage::Usage};

/// The sampling rules with what their clients reported.
#[derive(Debug)]
pub(crate) struct Sampling(Mutex<Rules>);

#[derive(Debug)]
struct Rules {
    by_name: BTreeMap<String, (Rule, Usage)>,
    /// When a rule last changed, in whole seconds; zero if none ever did.
    modified: f64,
}

impl Default for Sampling {
    /// The default rule alone.
    fn default() -> Self {
        let default = Rule::default();
        let by_name = BTreeMap::from([(default.name.clone(), (default, Usage::default()))]);
        Self(Mutex::new(Rules { by_name, modified: 0.0 }))
    }
}

impl Sampling {
    fn lock(&self) -> MutexGuard<'_, Rules> {
        // A panic elsewhere does not make the rules wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::fault::{Fault, Frequency, Kind};
use crate::{identity::access_key, template::Function};

/// The faults in force. Whether a fault's n-th call meets it depends on the seed, the fault and n alone, so
/// that the same seed does the same to every operation, however the calls of several of them interleave.
#[derive(Debug)]
pub(crate) struct Faults {
    functions: Vec<Names>,
    state: Mutex<State>,
}

/// What a function is known by.
#[derive(Debug)]
struct Names {
    key: String,
    name: String,
    logical_id: String,
}

#[derive(Debug, Default)]
struct State {
    seed: u64,
    /// Each fault with the number of calls that it could have met.
    faults: Vec<(Fault, u64)>,
    injected: BTreeMap<&'static str, u64>,
}

/// A call that may meet a fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// As in a signature: `events`.
    pub(crate) service: &'a str,
    /// `PutEvents`.
    pub(crate) operation: &'a str,
    /// The name of the function that calls, or, of `lambda`, of the one that is invoked.
    pub(crate) function: Option<&'a str>,
}

/// A fault that a call meets.
#[derive(Debug)]
pub(crate) struct Injection {
    /// What happens.
    pub(crate) kind: Kind,
    /// Decides what the kind leaves open.
    pub(crate) random: fastrand::Rng,
}

/// A fault names a function that the template does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fault `{fault}` names a function that does not exist; there are {known}")]
pub struct UnknownFunction {
    fault: String,
    known: String,
}

impl Faults {
    /// No faults yet.
    pub(crate) fn new(functions: &[Function]) -> Self {
        let names = functions.iter().map(|function| Names {
            key: access_key(&function.name),
            name: function.name.clone(),
            logical_id: function.logical_id.clone(),
        });
        Self { functions: names.collect(), state: Mutex::default() }
    }

    /// Replaces the faults; counting begins anew.
    pub(crate) fn set(&self, faults: Vec<Fault>, seed: u64) -> Result<(), UnknownFunction> {
        for fault in &faults {
            let named = |name: &String| self.functions.iter().any(|known| known.is(name));
            if !fault.function.as_ref().is_none_or(named) {
                let known = self.functions.iter().map(|known| known.name.as_str());
                let known = known.collect::<Vec<_>>().join(", ");
                return Err(UnknownFunction { fault: fault.to_string(), known });
            }
        }
        let faults = faults.into_iter().map(|fault| (fault, 0)).collect();
        *self.state() = State { seed, faults, injected: BTreeMap::new() };
        Ok(())
    }

    /// The faults in force and their seed.
    pub(crate) fn in_force(&self) -> (Vec<Fault>, u64) {
        let state = self.state();
        (state.faults.iter().map(|(fault, _)| fault.clone()).collect(), state.seed)
    }

    /// How many faults were injected, by kind.
    pub(crate) fn injected(&self) -> BTreeMap<&'static str, u64> {
        self.state().injected.clone()
    }

    /// The name of the function that signs with `key`.
    pub(crate) fn function(&self, key: Option<&str>) -> Option<&str> {
        let known = self.functions.iter().find(|known| Some(known.key.as_str()) == key)?;
        Some(&known.name)
    }

    /// The fault that a call meets: the first one that applies, although all are asked. `possible` says
    /// which kinds can be injected where the call is.
    pub(crate) fn meet(
        &self,
        call: Call<'_>,
        possible: impl Fn(Kind) -> bool,
    ) -> Option<Injection> {
        let mut state = self.state();
        let State { seed, faults, injected } = &mut *state;
        let mut met = None;
        for (number, (fault, seen)) in faults.iter_mut().enumerate() {
            if !possible(fault.kind) || !self.applies(fault, call) {
                continue;
            }
            *seen += 1;
            let mut random = random(*seed, number, *seen);
            if met.is_none() && fault.frequency.includes(*seen, &mut random) {
                met = Some(Injection { kind: fault.kind, random });
            }
        }
        if let Some(injection) = &met {
            *injected.entry(injection.kind.name()).or_default() += 1;
        }
        met
    }

    fn applies(&self, fault: &Fault, call: Call<'_>) -> bool {
        let kills = matches!(fault.kind, Kind::KillBefore | Kind::KillAfter);
        let publishes = call.operation == "PutEvents" || call.service != "events";
        let is_named = |name: &String| {
            let mut functions = self.functions.iter();
            functions.any(|known| known.is(name) && Some(known.name.as_str()) == call.function)
        };
        fault.service == call.service
            && fault.operation.as_ref().is_none_or(|name| name == call.operation)
            && fault.function.as_ref().is_none_or(is_named)
            && (call.function.is_some() || !kills)
            && (publishes || !matches!(fault.kind, Kind::Partial | Kind::Duplicate))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Names {
    /// Whether `text` is one of its names; what stands after the project's name is enough.
    fn is(&self, text: &str) -> bool {
        let short = self.name.strip_suffix(text).is_some_and(|prefix| prefix.ends_with('-'));
        self.name == text || self.logical_id == text || short
    }
}

impl Frequency {
    /// Whether the call number `seen` is one of those.
    fn includes(self, seen: u64, random: &mut fastrand::Rng) -> bool {
        match self {
            Self::Percent(percent) => random.f64() * 100.0 < percent,
            Self::Next(count) => seen <= count,
            Self::Nth(number) => seen == number,
        }
    }
}

/// The random numbers for the call number `call` of the fault `number`.
fn random(seed: u64, number: usize, call: u64) -> fastrand::Rng {
    let number = u64::try_from(number).unwrap_or_default();
    let fault = fastrand::Rng::with_seed(seed.wrapping_add(number)).u64(..);
    fastrand::Rng::with_seed(fault ^ call.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUT: Call<'_> = Call { service: "events", operation: "PutEvents", function: None };

    fn faults(texts: &[&str], seed: u64) -> Faults {
        let faults = Faults::new(&[]);
        let parsed = texts.iter().map(|text| text.parse().unwrap()).collect();
        faults.set(parsed, seed).unwrap();
        faults
    }

    fn met(faults: &Faults, calls: usize) -> Vec<bool> {
        (0..calls).map(|_| faults.meet(PUT, |_| true).is_some()).collect()
    }

    #[test]
    fn counted_faults_meet_the_calls_that_they_name() {
        assert_eq!(met(&faults(&["events=error@2"], 0), 4), [true, true, false, false]);
        assert_eq!(met(&faults(&["events=error#3"], 0), 4), [false, false, true, false]);
        assert_eq!(met(&faults(&["events=error#1", "events=lost#1"], 0), 2), [true, false]);
        for other in ["sns=error@100%", "events:ListRules=error@100%", "events=kill-before@100%"] {
            assert_eq!(met(&faults(&[other], 0), 2), [false, false], "{other}");
        }
    }

    #[test]
    fn a_seed_repeats_itself_and_the_share_is_met() {
        let run = |seed| met(&faults(&["events=error@10%"], seed), 10_000);
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let count = run(7).into_iter().filter(|met| *met).count();
        assert!((850..1_150).contains(&count), "{count} of 10000");
        let faults = faults(&["events=error@100%"], 1);
        met(&faults, 3);
        assert_eq!(faults.injected(), BTreeMap::from([("error", 3)]));
    }

    #[test]
    fn unknown_functions_are_named() {
        let fault: Fault = "events/nope=error@1".parse().unwrap();
        let error = Faults::new(&[]).set(vec![fault], 0).unwrap_err();
        assert!(error.to_string().contains("`events/nope=error@1`"), "{error}");
    }
}

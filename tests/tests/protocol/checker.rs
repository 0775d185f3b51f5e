use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    fmt::{self, Debug},
    hash::Hash,
};

/// Something that moves from state to state.
pub(crate) trait Model {
    /// All there is to know at one moment.
    type State: Copy + Debug + Eq + Hash;

    /// Where it begins.
    fn first(&self) -> Self::State;

    /// Every state that may come next.
    fn next(&self, state: &Self::State) -> Vec<Self::State>;

    /// Which law the state breaks.
    fn violation(&self, state: &Self::State) -> Option<&'static str>;

    /// Whether nothing more has to happen. An end has to be reachable from every state.
    fn has_ended(&self, state: &Self::State) -> bool;
}

/// How a state that must not be is reached.
pub(crate) struct Counterexample<S> {
    law: &'static str,
    path: Vec<S>,
}

impl<S: Debug> fmt::Display for Counterexample<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, after these states:", self.law)?;
        self.path.iter().try_for_each(|state| writeln!(f, "  {state:?}"))
    }
}

/// A state that was reached, and from where.
struct Reached<S> {
    state: S,
    first_from: usize,
    from: Vec<usize>,
}

/// Visits every state that can be reached, breadth first, so that a counterexample is as short as possible.
/// The answer is how many there are.
pub(crate) fn explore<M: Model>(model: &M) -> Result<usize, Counterexample<M::State>> {
    let first = model.first();
    let mut indices = HashMap::from([(first, 0)]);
    let mut reached = vec![Reached { state: first, first_from: 0, from: Vec::new() }];
    let mut at = 0;
    while at < reached.len() {
        let state = reached[at].state;
        if let Some(law) = model.violation(&state) {
            return Err(Counterexample { law, path: path(&reached, at) });
        }
        for state in model.next(&state) {
            let index = match indices.entry(state) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    reached.push(Reached { state, first_from: at, from: Vec::new() });
                    *new.insert(reached.len() - 1)
                }
            };
            reached[index].from.push(at);
        }
        at += 1;
    }
    match without_end(model, &reached) {
        Some(stuck) => {
            Err(Counterexample { law: "no end can be reached", path: path(&reached, stuck) })
        }
        None => Ok(reached.len()),
    }
}

/// A state from which no end can be reached: what is left when one walks backwards from the ends.
fn without_end<M: Model>(model: &M, reached: &[Reached<M::State>]) -> Option<usize> {
    let mut can_end: Vec<_> = reached.iter().map(|each| model.has_ended(&each.state)).collect();
    let mut queue: VecDeque<_> = (0..reached.len()).filter(|index| can_end[*index]).collect();
    while let Some(index) = queue.pop_front() {
        for &before in &reached[index].from {
            if !can_end[before] {
                can_end[before] = true;
                queue.push_back(before);
            }
        }
    }
    can_end.iter().position(|can_end| !can_end)
}

fn path<S: Copy>(reached: &[Reached<S>], mut at: usize) -> Vec<S> {
    let mut path = vec![reached[at].state];
    while at != 0 {
        at = reached[at].first_from;
        path.push(reached[at].state);
    }
    path.reverse();
    path
}

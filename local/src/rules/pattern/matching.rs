use std::{collections::BTreeMap, sync::Arc};

use super::{
    leaves::{Leaf, Leaves, Place},
    matcher::Matcher,
};

/// What an event has to have: for each name, one of the alternatives. The order of names is that in
/// which EventBridge looks at them, which decides what `exists: false` means.
#[derive(Clone, Debug, Default)]
pub(super) struct Clause {
    pub(super) fields: BTreeMap<Arc<str>, Arc<[Matcher]>>,
}

/// In which elements of which arrays the values stand that were found so far, sorted by array.
type Standing = Vec<Place>;

impl Clause {
    /// Whether an event has it. The values may not come from different elements of one array: two
    /// elements that have half each do not match.
    pub(super) fn matches(&self, leaves: &Leaves<'_>) -> bool {
        let mut standings = vec![Standing::new()];
        let mut fields = self.fields.iter();
        while let Some((name, matchers)) = fields.next() {
            let found = leaves.under(name);
            let may_be_absent = matchers.contains(&Matcher::Exists(false));
            let matching: Vec<_> = found
                .iter()
                .filter(|leaf| matchers.iter().any(|matcher| matcher.matches(&leaf.value)))
                .map(|leaf| leaves.places(leaf))
                .collect();
            if matching.is_empty() && !may_be_absent {
                return false;
            }
            let mut next: Vec<Standing> = Vec::new();
            for standing in standings {
                next.extend(matching.iter().filter_map(|places| join(&standing, places)));
                // The field is nowhere, or only in elements that are out of the question by now.
                let is_there = |leaf: &Leaf<'_>| fits(&standing, leaves.places(leaf));
                if may_be_absent && !found.iter().any(is_there) {
                    next.push(standing);
                }
            }
            if next.is_empty() {
                return false;
            }
            forget(&mut next, leaves, fields.clone().map(|(name, _)| &**name));
            standings = next;
        }
        true
    }
}

/// Whether a value at `places` goes with those found so far.
fn fits(standing: &[Place], places: &[Place]) -> bool {
    places.iter().all(|place| {
        !standing.iter().any(|other| other.array == place.array && other.element != place.element)
    })
}

fn join(standing: &[Place], places: &[Place]) -> Option<Standing> {
    if !fits(standing, places) {
        return None;
    }
    let mut joined = standing.to_vec();
    joined.extend(places);
    joined.sort_unstable();
    joined.dedup();
    Some(joined)
}

/// Forgets the arrays in which no field to come has a value, so that the ways to match do not multiply
/// with every array.
fn forget<'n>(
    standings: &mut Vec<Standing>,
    leaves: &Leaves<'_>,
    to_come: impl Iterator<Item = &'n str> + Clone,
) {
    if standings.iter().all(Vec::is_empty) {
        standings.truncate(1);
        return;
    }
    let mut relevant: Vec<_> = to_come
        .flat_map(|name| leaves.under(name))
        .flat_map(|leaf| leaves.places(leaf))
        .map(|place| place.array)
        .collect();
    relevant.sort_unstable();
    relevant.dedup();
    for standing in &mut *standings {
        standing.retain(|place| relevant.binary_search(&place.array).is_ok());
    }
    standings.sort_unstable();
    standings.dedup();
}

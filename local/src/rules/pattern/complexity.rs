use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{matcher::Matcher, matching::Clause, wildcard::Wildcard};

/// EventBridge refuses a rule when some text could be at more places of its wildcards at once. The
/// number is not documented; it is the one that agrees with recorded answers.
const MAX_PLACES: usize = 10;

/// Whether EventBridge refuses a rule because of its wildcards.
///
/// Its engine keeps a state machine for each field that comes after the same alternatives of the fields
/// before, and counts the states in which one text can leave the machine
/// (<https://github.com/aws/event-ruler/blob/main/README.md>, "complexity").
pub(super) fn is_too_complex(clauses: &[Clause]) -> bool {
    let has_wildcard = |matcher: &Matcher| !wildcards(matcher).is_empty();
    if !clauses.iter().flat_map(|clause| clause.fields.values()).any(|m| m.iter().any(has_wildcard))
    {
        return false;
    }
    machines(clauses).iter().any(|machine| Places::of(machine).are_too_many())
}

/// The alternatives of each field, those of several clauses together where the clauses have had an
/// alternative of every field before in common. As in the engine, what stands behind nothing but absent
/// fields is not looked at.
fn machines(clauses: &[Clause]) -> Vec<Vec<&Matcher>> {
    #[derive(Default)]
    struct State<'a> {
        /// By field: its alternatives, and the state behind each.
        fields: BTreeMap<&'a str, (Vec<&'a Matcher>, HashMap<String, usize>)>,
        is_reached: bool,
    }
    let mut states = vec![State { is_reached: true, ..State::default() }];
    for clause in clauses {
        let mut current = BTreeSet::from([0]);
        for (name, matchers) in &clause.fields {
            let mut behind = BTreeSet::new();
            for state in current {
                let mut last = None;
                for matcher in matchers.iter() {
                    let fresh = states.len();
                    let is_reached = states[state].is_reached && *matcher != Matcher::Exists(false);
                    let (all, next) = states[state].fields.entry(name).or_default();
                    all.push(matcher);
                    let known = next.entry(identity(matcher)).or_insert(last.unwrap_or(fresh));
                    let next = *known;
                    if next == fresh {
                        states.push(State::default());
                    }
                    states[next].is_reached |= is_reached;
                    last = Some(next);
                    behind.insert(next);
                }
            }
            current = behind;
        }
    }
    let reached = states.into_iter().filter(|state| state.is_reached);
    reached.flat_map(|state| state.fields.into_values()).map(|(matchers, _)| matchers).collect()
}

/// The same for alternatives that are the same to the engine.
fn identity(matcher: &Matcher) -> String {
    match matcher {
        Matcher::AnythingBut(others) => {
            let others: BTreeSet<_> = others.iter().map(identity).collect();
            format!("AnythingBut({others:?})")
        }
        other => format!("{other:?}"),
    }
}

fn wildcards(matcher: &Matcher) -> Vec<&Wildcard> {
    match matcher {
        Matcher::Wildcard(wildcard) => vec![wildcard],
        Matcher::AnythingBut(others) => others.iter().flat_map(wildcards).collect(),
        _ => Vec::new(),
    }
}

/// The places of a field's wildcards, between their bytes. The first one is that before all bytes.
#[derive(Default)]
struct Places {
    places: Vec<Position>,
    /// The place behind the last byte, by owner.
    ends: HashMap<String, usize>,
}

#[derive(Default)]
struct Position {
    /// Where a byte leads.
    bytes: BTreeMap<u8, BTreeSet<usize>>,
    /// Where it leads before the first star: wildcards with the same beginning share these places.
    beginning: BTreeMap<u8, usize>,
    /// The star that any byte leads to.
    star: Option<usize>,
    /// The alternatives that have this place.
    owners: BTreeSet<String>,
}

impl Places {
    fn of(matchers: &[&Matcher]) -> Self {
        let mut places = Self { places: vec![Position::default()], ..Self::default() };
        for matcher in matchers {
            for wildcard in wildcards(matcher) {
                places.add(&identity(matcher), wildcard);
            }
        }
        places
    }

    /// Adds a wildcard as the engine does: in quotes, sharing what stands before the first star and that
    /// star with the wildcards before.
    fn add(&mut self, owner: &str, wildcard: &Wildcard) {
        let (mut here, mut before_star, mut is_shared) = (0, None, true);
        for (number, part) in wildcard.parts.iter().enumerate() {
            if number > 0 {
                let star = match self.places[here].star {
                    Some(star) if is_shared => star,
                    _ => self.fresh(),
                };
                self.places[here].star = Some(star);
                self.places[star].star = Some(star);
                self.places[star].owners.insert(owner.to_owned());
                is_shared = false;
                before_star = Some(here);
                here = star;
            }
            let quote = |is_there: bool| is_there.then_some(b'"');
            let is_last = number + 1 == wildcard.parts.len();
            let bytes = quote(number == 0).into_iter().chain(part.bytes()).chain(quote(is_last));
            let mut bytes = bytes.peekable();
            while let Some(byte) = bytes.next() {
                let next = if is_last && bytes.peek().is_none() {
                    self.end(owner)
                } else if is_shared {
                    let fresh = self.places.len();
                    let next = *self.places[here].beginning.entry(byte).or_insert(fresh);
                    if next == fresh { self.fresh() } else { next }
                } else {
                    self.fresh()
                };
                for from in [Some(here), before_star.take()].into_iter().flatten() {
                    self.places[from].bytes.entry(byte).or_default().insert(next);
                }
                self.places[next].owners.insert(owner.to_owned());
                here = next;
            }
        }
    }

    fn fresh(&mut self) -> usize {
        self.places.push(Position::default());
        self.places.len() - 1
    }

    fn end(&mut self, owner: &str) -> usize {
        if let Some(end) = self.ends.get(owner) {
            return *end;
        }
        let end = self.fresh();
        self.ends.insert(owner.to_owned(), end);
        end
    }

    /// Goes through all sets of places in which a text can leave its reader.
    fn are_too_many(&self) -> bool {
        let bytes: BTreeSet<u8> =
            self.places.iter().flat_map(|p| p.bytes.keys().copied()).collect();
        // `None` stands for all bytes that no wildcard names.
        let bytes: Vec<_> = bytes.into_iter().map(Some).chain([None]).collect();
        let mut seen = HashSet::new();
        let mut pending = vec![BTreeSet::from([0])];
        while let Some(set) = pending.pop() {
            for byte in &bytes {
                let next: BTreeSet<usize> = set
                    .iter()
                    .map(|place| &self.places[*place])
                    .flat_map(|place| {
                        let named = byte.and_then(|byte| place.bytes.get(&byte));
                        named.into_iter().flatten().copied().chain(place.star)
                    })
                    .collect();
                if self.size(&next) > MAX_PLACES {
                    return true;
                }
                if !next.is_empty() && seen.insert(next.clone()) {
                    pending.push(next);
                }
            }
        }
        false
    }

    /// The places of a set, and the stars that it can be at without a further byte; a place that several
    /// alternatives share counts for each.
    fn size(&self, set: &BTreeSet<usize>) -> usize {
        let owners = |place: usize| self.places[place].owners.len();
        let star = |place: &usize| self.places[*place].star.filter(|star| !set.contains(star));
        set.iter().map(|place| owners(*place) + star(place).map_or(0, owners)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pattern;

    fn is_refused(pattern: &str) -> bool {
        Pattern::parse(pattern).is_err_and(|error| error.to_string().contains("too complex"))
    }

    /// Recorded from EventBridge: wildcards as alternatives, and the same as one `anything-but`. As branches
    /// of `$or` they are alternatives of one field too.
    #[test]
    fn wildcards_that_are_too_many_are_refused() {
        let numbered = |count: usize, suffix: &str| {
            (0..count).map(|n| format!("{n}{suffix}")).collect::<Vec<_>>().join(" ")
        };
        for (wildcards, refused, refused_in_one) in [
            ("*:*:*:*:*:event-bus/*", true, true),
            ("arn:*:events:*:*:event-bus/*", false, false),
            (&"*a".repeat(5), false, false),
            (&"*a".repeat(10), true, true),
            ("*a* *a* *a* *a* *a*", true, false),
            (&format!("*{}*", "🙂".repeat(5)), false, false),
            (&format!("*{}*", "🙂".repeat(10)), true, true),
            ("*a0* *a1* *a2* *a3* *a4* *a5* *a6* *a7* *a8* *a9*", true, true),
            (&numbered(11, ""), true, false),
            (&numbered(11, "*x"), true, false),
            (&numbered(12, "*x"), true, false),
            (r"*abcabc* a*\\* a*\\* *abcabc* a\\*b* *abcabc*", true, false),
            (r"*a*a*a a*bb a\\*b* *aba*", true, true),
            (r"ab*b* a*\\* abc*d a\\*b* *🙂* *éé*", true, false),
            (r"*abcabc* a*bb *abcabc* a*\\* literal *éé* *🙂*", true, false),
            ("literal *abcabc* *ab*ad", false, false),
            (r"a*\\\\ a*bc a*\\\\ abc*d a\\*b*", false, false),
            (r"*éé* *éé* abc*d a*\\\\ *ab*ad ab*b* *éé*", true, false),
            ("ab*b* *a*a*a a*bc *a*a*a *🙂*", true, false),
            (r"a\\*b* *a*a*a a*bc *🙂* *abcabc* a*\\\\", true, true),
        ] {
            let quoted: Vec<_> = wildcards.split(' ').map(|text| format!("\"{text}\"")).collect();
            let each: Vec<_> =
                quoted.iter().map(|text| format!(r#"{{"wildcard":{text}}}"#)).collect();
            let alternatives = format!(r#"{{"detail":{{"value":[{}]}}}}"#, each.join(","));
            assert_eq!(is_refused(&alternatives), refused, "{alternatives}");
            let list = quoted.join(",");
            let one = format!(r#"{{"value":[{{"anything-but":{{"wildcard":[{list}]}}}}]}}"#);
            assert_eq!(is_refused(&one), refused_in_one, "{one}");
            let clauses: Vec<_> =
                each.iter().map(|each| format!(r#"{{"value":[{each}]}}"#)).collect();
            if clauses.len() > 1 {
                let or = format!(r#"{{"$or":[{}]}}"#, clauses.join(","));
                assert_eq!(is_refused(&or), refused, "{or}");
            }
        }
        let fields: Vec<_> = (0..12).map(|n| format!(r#""{n}":[{{"wildcard":"*a*"}}]"#)).collect();
        assert!(!is_refused(&format!("{{{}}}", fields.join(","))));
    }

    #[test]
    fn the_fields_before_decide_which_wildcards_come_together() {
        let complex = r#""zzz":[{"wildcard":"*a*a*a*a*a*a*a*a"}]"#;
        let digits = |from: usize| {
            let all: Vec<_> =
                (from..from + 6).map(|n| format!(r#"{{"wildcard":"{n}"}}"#)).collect();
            format!(r#""z":[{}]"#, all.join(","))
        };
        let two = |one: &str, other: &str| {
            format!(r#"{{"$or":[{{"a":[{one}],{}}},{{"a":[{other}],{}}}]}}"#, digits(0), digits(6))
        };
        for (pattern, refused) in [
            (format!(r#"{{"aaa":[{{"exists":true}}],{complex}}}"#), true),
            (format!(r#"{{"aaa":["literal"],{complex}}}"#), true),
            (format!(r#"{{"aaa":[{{"exists":false}}],{complex}}}"#), false),
            (
                r#"{"aaa":[{"wildcard":"*a*a*a*a*a*a*a*a"}],"zzz":[{"exists":false}]}"#.to_owned(),
                true,
            ),
            (two(r#"{"cidr":"10.0.0.0/24"}"#, r#"{"cidr":"10.0.0.1/24"}"#), true),
            (two(r#"{"anything-but":["a","b"]}"#, r#"{"anything-but":["b","a"]}"#), true),
            (two(r#"{"anything-but":"a"}"#, r#"{"anything-but":["a"]}"#), true),
            (two("1", r#"{"numeric":["=",1]}"#), true),
            (two("1", "2"), false),
        ] {
            assert_eq!(is_refused(&pattern), refused, "{pattern}");
        }
    }
}

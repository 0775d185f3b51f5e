use std::{borrow::Cow, ops::Range};

use super::json::{Reader, Token};

/// The deepest event: EventBridge takes 1,000 levels of detail, the envelope is one more.
const MAX_DEPTH: usize = 1001;

/// What patterns see of an event: the values at the ends of its tree, each under the names that lead to
/// it, joined with dots. `{"a": {"b": 1}}` and `{"a.b": 1}` are the same to them; an object or an array
/// without values does not exist.
///
/// Made once for an event and matched with every rule.
#[derive(Debug, Default)]
pub(crate) struct Leaves<'a> {
    /// Sorted by name. Of equal names all are there.
    sorted: Vec<Leaf<'a>>,
    names: String,
    places: Vec<Place>,
}

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    pub(super) value: Scalar<'a>,
    name: Range<usize>,
    places: Range<usize>,
}

/// A value without values in it.
#[derive(Debug)]
pub(super) enum Scalar<'a> {
    Text(Cow<'a, str>),
    /// As it is written.
    Number(&'a str),
    Bool(bool),
    Null,
}

/// In which element of which array a value stands. Values that are elements themselves have no place in
/// their array: patterns may match several of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) array: usize,
    pub(super) element: usize,
}

impl<'a> Leaves<'a> {
    /// Reads an event, in the form in which a target receives it; `None` if it is no JSON object.
    pub(crate) fn parse(event: &'a str) -> Option<Self> {
        let mut reader = Reader::new(event, MAX_DEPTH);
        let mut collector = Collector::default();
        while let Some(lexed) = reader.next().ok()? {
            let value = match lexed.token {
                Token::Name(name) => {
                    collector.enter(&name);
                    continue;
                }
                Token::BeginObject => {
                    collector.open(None);
                    continue;
                }
                _ if !collector.is_object => return None,
                Token::BeginArray => {
                    collector.arrays += 1;
                    collector.open(Some(collector.arrays));
                    continue;
                }
                Token::EndObject | Token::EndArray => {
                    collector.close();
                    continue;
                }
                Token::Text(text) => Scalar::Text(text),
                Token::Number(number) => Scalar::Number(number),
                Token::Bool(truth) => Scalar::Bool(truth),
                Token::Null => Scalar::Null,
            };
            collector.add(value);
        }
        let mut found = collector.found;
        let names = std::mem::take(&mut found.names);
        found.sorted.sort_by(|a, b| names[a.name.clone()].cmp(&names[b.name.clone()]));
        Some(Self { names, ..found })
    }

    /// The values under a name.
    pub(super) fn under(&self, name: &str) -> &[Leaf<'a>] {
        let name_of = |leaf: &Leaf<'_>| &self.names[leaf.name.clone()];
        let start = self.sorted.partition_point(|leaf| name_of(leaf) < name);
        let rest = &self.sorted[start..];
        &rest[..rest.partition_point(|leaf| name_of(leaf) == name)]
    }

    /// Where a value stands, by array.
    pub(super) fn places(&self, leaf: &Leaf<'_>) -> &[Place] {
        &self.places[leaf.places.clone()]
    }
}

/// The state of the walk through an event.
#[derive(Default)]
struct Collector<'a> {
    found: Leaves<'a>,
    open: Vec<Level>,
    /// The names that lead to the current value.
    name: String,
    trail: Vec<Place>,
    arrays: usize,
    is_object: bool,
}

/// An object or array that is not closed yet.
struct Level {
    /// The number of the array.
    array: Option<usize>,
    /// How many of its elements are complete.
    elements: usize,
    /// How much of the name leads here, and whether anything does.
    name: usize,
    is_root: bool,
    /// How many places lead here.
    places: usize,
}

impl<'a> Collector<'a> {
    fn enter(&mut self, name: &str) {
        if let Some(level) = self.open.last() {
            self.name.truncate(level.name);
            if !level.is_root {
                self.name.push('.');
            }
        }
        self.name.push_str(name);
    }

    fn open(&mut self, array: Option<usize>) {
        let places = self.trail.len();
        if let Some(Level { array: Some(array), elements, .. }) = self.open.last() {
            self.trail.push(Place { array: *array, element: *elements });
        }
        let is_root = self.open.is_empty();
        self.is_object |= is_root;
        self.open.push(Level { array, elements: 0, name: self.name.len(), is_root, places });
    }

    fn close(&mut self) {
        if let Some(level) = self.open.pop() {
            self.trail.truncate(level.places);
            self.name.truncate(level.name);
        }
        self.complete();
    }

    fn add(&mut self, value: Scalar<'a>) {
        let (name, place) = (self.found.names.len(), self.found.places.len());
        self.found.names.push_str(&self.name);
        self.found.places.extend(&self.trail);
        let name = name..self.found.names.len();
        let places = place..self.found.places.len();
        self.found.sorted.push(Leaf { value, name, places });
        self.complete();
    }

    fn complete(&mut self) {
        if let Some(level) = self.open.last_mut() {
            level.elements += 1;
        }
    }
}

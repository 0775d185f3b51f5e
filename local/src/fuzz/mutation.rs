use proptest::{collection::vec, prelude::*, sample::select};

/// What every parser may stumble over.
const WORDS: &[&str] = &[
    "",
    "\0",
    "\n",
    "\r\n",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    ";",
    "=",
    "&",
    "%",
    "%00",
    "%ff",
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "1e999",
    "1e-999",
    "18446744073709551616",
    "0.1e+26",
    "NaN",
    "é",
    "\u{202e}",
    "\u{1f600}",
    "\x1b[2J",
    "<",
    "*",
    "..",
    "/",
    "$",
    "{}",
    "[]",
    "\"\"",
];

/// One change to an input. Places are taken modulo its length.
#[derive(Clone, Debug)]
enum Mutation {
    Insert(u16, &'static str),
    Remove(u16, u8),
    Replace(u16, u8),
    Repeat(u16, u8, u8),
    /// What follows a place is taken from another file of the corpus.
    Splice(u16, usize, u16),
}

/// Up to eight changes to a file of `corpus`, with `words` that mean something to its reader.
pub(super) fn mutations(
    corpus: Vec<Vec<u8>>,
    words: &'static [&'static str],
) -> impl Strategy<Value = Vec<u8>> {
    let count = corpus.len();
    let words: Vec<_> = WORDS.iter().chain(words).copied().collect();
    let mutation = prop_oneof![
        4 => (any::<u16>(), select(words)).prop_map(|(at, word)| Mutation::Insert(at, word)),
        2 => (any::<u16>(), any::<u8>()).prop_map(|(at, length)| Mutation::Remove(at, length % 32)),
        2 => (any::<u16>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        1 => (any::<u16>(), any::<u8>(), any::<u8>()).prop_map(|(at, length, times)| Mutation::Repeat(at, length % 16, times)),
        1 => (any::<u16>(), 0..count, any::<u16>()).prop_map(|(at, other, from)| Mutation::Splice(at, other, from)),
    ];
    (0..count, vec(mutation, 0..8)).prop_map(move |(number, mutations)| {
        mutations
            .iter()
            .fold(corpus[number].clone(), |input, mutation| apply(input, mutation, &corpus))
    })
}

fn apply(mut input: Vec<u8>, mutation: &Mutation, corpus: &[Vec<u8>]) -> Vec<u8> {
    let place = |at: u16, input: &[u8]| usize::from(at) % (input.len() + 1);
    match *mutation {
        Mutation::Insert(at, word) => {
            let at = place(at, &input);
            input.splice(at..at, word.bytes());
        }
        Mutation::Remove(at, length) => {
            let at = place(at, &input);
            let end = input.len().min(at + usize::from(length));
            input.drain(at..end);
        }
        Mutation::Replace(at, byte) => {
            let at = place(at, &input);
            if let Some(place) = input.get_mut(at) {
                *place = byte;
            }
        }
        Mutation::Repeat(at, length, times) => {
            let at = place(at, &input);
            let end = input.len().min(at + usize::from(length));
            let repeated = input[at..end].repeat(usize::from(times));
            input.splice(at..at, repeated);
        }
        Mutation::Splice(at, other, from) => {
            input.truncate(place(at, &input));
            let other = &corpus[other];
            input.extend_from_slice(&other[place(from, other)..]);
        }
    }
    input
}

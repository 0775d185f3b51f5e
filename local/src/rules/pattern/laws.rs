use std::fmt::Write as _;

use proptest::{prelude::*, sample::select};

use super::{Leaves, Pattern};

/// JSON before it is written: numbers and texts can be written in several ways.
#[derive(Clone, Debug)]
enum Json {
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    Text(String),
    /// Ten thousandths, so that they can be written with and without a fraction and an exponent.
    Number(i64),
    Word(&'static str),
}

/// How to write it: a random number for each choice.
struct Style {
    state: u64,
}

impl Style {
    fn choose(&mut self, of: usize) -> usize {
        // A linear congruential generator is random enough to shuffle with.
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.state >> 33).unwrap() % of
    }

    fn write(&mut self, json: &Json) -> String {
        match json {
            Json::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                for unshuffled in (1..members.len()).rev() {
                    members.swap(unshuffled, self.choose(unshuffled + 1));
                }
                let members: Vec<_> = members
                    .into_iter()
                    .map(|(name, value)| format!("{}: {}", self.text(name), self.write(value)))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
            Json::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.write(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Json::Text(text) => self.text(text),
            Json::Number(number) => self.number(*number),
            Json::Word(word) => (*word).to_owned(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let mut written = String::from('"');
        for character in text.chars() {
            if self.choose(3) == 0 || matches!(character, '"' | '\\') {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(written, "\\u{unit:04x}").unwrap();
                }
            } else {
                written.push(character);
            }
        }
        written + "\""
    }

    fn number(&mut self, number: i64) -> String {
        let sign = if number < 0 { "-" } else { "" };
        let digits = number.unsigned_abs();
        let (whole, rest) = (digits / 10_000, digits % 10_000);
        match self.choose(4) {
            0 if rest == 0 => format!("{sign}{whole}"),
            1 => format!("{sign}{digits}e-4"),
            2 => format!("{sign}{digits}.00E-04"),
            _ => format!("{sign}{whole}.{rest:04}"),
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    let texts = vec![
        "",
        "a",
        "ab",
        "b",
        "A",
        "ß",
        "SS",
        "é",
        "🙂",
        "a*b",
        "10.0.0.1",
        "010.0.0.1",
        "::1",
        "x.y",
    ];
    select(texts).prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = Json> {
    let numbers = vec![0, 10_000, 15_000, -1, 30_000, 17_000_000_000_000_000, 49_999_999_990_001];
    select(numbers).prop_map(Json::Number)
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        text().prop_map(Json::Text),
        number(),
        select(vec!["true", "false", "null"]).prop_map(Json::Word)
    ]
}

fn object(name: impl Into<String>, value: Json) -> Json {
    Json::Object(vec![(name.into(), value)])
}

/// Match expressions, some of which are refused.
fn expression() -> impl Strategy<Value = Json> {
    let operators =
        vec!["prefix", "suffix", "equals-ignore-case", "wildcard", "exactly", "cidr", "regex"];
    let texts = (select(operators), text())
        .prop_map(|(operator, text)| object(operator, Json::Text(text)))
        .boxed();
    let folded = (select(vec!["prefix", "suffix"]), text())
        .prop_map(|(affix, text)| object(affix, object("equals-ignore-case", Json::Text(text))));
    let numeric = (select(vec!["=", "<", "<=", ">", ">="]), number())
        .prop_map(|(o, n)| object("numeric", Json::Array(vec![Json::Text(o.to_owned()), n])));
    let exists = select(vec!["true", "false"]).prop_map(|w| object("exists", Json::Word(w)));
    let but =
        prop::collection::vec(scalar(), 0..3).prop_map(|v| object("anything-but", Json::Array(v)));
    let but_nested = texts.clone().prop_map(|nested| object("anything-but", nested));
    prop_oneof![texts, folded, numeric, exists, but, but_nested]
}

/// Objects whose names occur once in each, and never both inside and outside of a `$or`: there order
/// decides which of the two fields counts.
fn pattern() -> impl Strategy<Value = Json> {
    let field = prop::collection::vec(prop_oneof![scalar(), expression()], 0..4)
        .prop_map(Json::Array)
        .boxed();
    let nested = (some_of(vec!["a", "b", "c"]), prop::collection::vec(field.clone(), 3))
        .prop_map(|(names, values)| members(&names, values));
    let value = prop_oneof![3 => field, 2 => nested].boxed();
    let branch = (some_of(vec!["p", "q", "prefix"]), prop::collection::vec(value.clone(), 3))
        .prop_map(|(names, values)| members(&names, values));
    let or = prop::collection::vec(branch, 1..4).prop_map(Json::Array);
    (some_of(vec!["a", "b", "v", "é"]), prop::collection::vec(value, 4), prop::option::of(or))
        .prop_map(|(names, values, or)| {
            let Json::Object(mut members) = members(&names, values) else { unreachable!() };
            members.extend(or.map(|or| ("$or".to_owned(), or)));
            Json::Object(members)
        })
}

fn some_of(names: Vec<&'static str>) -> impl Strategy<Value = Vec<&'static str>> {
    let count = names.len();
    prop::sample::subsequence(names, 0..=count)
}

fn members(names: &[&str], values: Vec<Json>) -> Json {
    Json::Object(names.iter().map(|name| (*name).to_owned()).zip(values).collect())
}

fn event() -> impl Strategy<Value = Json> {
    let value = scalar().prop_recursive(3, 16, 3, |inner| {
        let object = (some_of(vec!["a", "b", "c"]), prop::collection::vec(inner.clone(), 3));
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Json::Array),
            object.prop_map(|(names, values)| members(&names, values)),
        ]
    });
    (some_of(vec!["a", "b", "v", "é", "p", "q"]), prop::collection::vec(value, 6))
        .prop_map(|(names, values)| members(&names, values))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Acceptance and match do not depend on the order of names, the notation of numbers and `\u`.
    #[test]
    fn how_json_is_written_never_matters(
        pattern in pattern(),
        event in event(),
        styles in prop::array::uniform4(any::<u64>()),
    ) {
        let [mut one, mut other, mut one_event, mut other_event] =
            styles.map(|state| Style { state });
        let (pattern, same) = (one.write(&pattern), other.write(&pattern));
        let (event, same_event) = (one_event.write(&event), other_event.write(&event));
        let answer = |pattern: &str, event: &str| {
            let leaves = Leaves::parse(event).unwrap();
            Pattern::parse(pattern).ok().map(|pattern| pattern.matches_leaves(&leaves))
        };
        let answers =
            [answer(&pattern, &event), answer(&same, &event), answer(&pattern, &same_event)];
        prop_assert!(answers.iter().all(|a| *a == answers[0]), "{pattern}\n{same}\n{event}\n{answers:?}");
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,80}", json in r#"[\[\]{}:,"a*$or0-9.e\\]{0,40}"#) {
        for text in [text, json] {
            let _outcome = Pattern::parse(&text);
            let _outcome = Leaves::parse(&text);
        }
    }
}

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;

/// The whole text as a tree, the last of equal names winning as with `serde_json`.
fn tree(text: &str) -> Result<Value, Malformed> {
    let mut reader = Reader::new(text, 1000);
    let mut built = vec![(String::new(), Value::Array(Vec::new()))];
    let mut names = vec![String::new()];
    while let Some(lexed) = reader.next()? {
        let value = match lexed.token {
            Token::Name(name) => {
                *names.last_mut().unwrap() = name.into_owned();
                continue;
            }
            Token::BeginObject => {
                built.push((names.last().unwrap().clone(), Value::Object(Map::new())));
                names.push(String::new());
                continue;
            }
            Token::BeginArray => {
                built.push((names.last().unwrap().clone(), Value::Array(Vec::new())));
                names.push(String::new());
                continue;
            }
            Token::EndObject | Token::EndArray => {
                names.pop();
                built.pop().unwrap().1
            }
            Token::Text(text) => Value::String(text.into_owned()),
            // serde_json refuses what a double does not hold, `1e310`; EventBridge passes it on as text.
            Token::Number(number) => serde_json::from_str(number).unwrap_or_else(|_| number.into()),
            Token::Bool(truth) => Value::Bool(truth),
            Token::Null => Value::Null,
        };
        match &mut built.last_mut().unwrap().1 {
            Value::Array(items) => items.push(value),
            Value::Object(object) => {
                object.insert(names.last().unwrap().clone(), value);
            }
            _ => unreachable!("only arrays and objects are open"),
        }
    }
    Ok(built.pop().unwrap().1[0].take())
}

#[test]
fn a_text_that_is_too_deep_is_refused_and_a_deep_one_is_not() {
    let deep = |levels| "[".repeat(levels) + &"]".repeat(levels);
    let read = |text: &str| {
        let mut reader = Reader::new(text, 1000);
        while reader.next()?.is_some() {}
        Ok::<_, Malformed>(())
    };
    assert_eq!(read(&deep(1000)), Ok(()));
    assert_eq!(
        read(&deep(1001)).unwrap_err().problem,
        "Document nesting depth (1001) exceeds the maximum allowed (1000)"
    );
    assert!(read(&deep(1_000_000)).is_err());
}

#[test]
fn half_a_surrogate_pair_is_a_replacement_character() {
    assert_eq!(tree(r#""\ud83d\ude42""#).unwrap(), "🙂");
    assert_eq!(tree(r#""\ud83dx\ud83d\u0041\udc00""#).unwrap(), "\u{fffd}x\u{fffd}A\u{fffd}");
}

proptest! {
    #[test]
    fn what_it_reads_is_what_serde_reads(
        text in r#"[\[\]{}:, \n"\\/ua-e01\.\-+E]{0,12}|"[a-z\\"u0-9é]{0,10}"|-?[0-9.eE+\-]{1,8}"#
    ) {
        match (tree(&text), serde_json::from_str::<Value>(&text)) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
            (Err(_), Err(_)) => {}
            // serde_json refuses half a surrogate pair and numbers that a double does not hold.
            (Ok(_), Err(error))
                if text.contains(r"\u") || error.to_string().contains("out of range") => {}
            (ours, theirs) => prop_assert!(false, "{ours:?} {theirs:?}"),
        }
    }
}

/// The escape of U+FFFD, which is as long as that of a surrogate.
const REPLACEMENT: &str = r"\ufffd";

/// The JSON `text` with U+FFFD in place of halves of characters, which JavaScript escapes where it cut a text within an
/// emoji, and which are no Unicode; nothing if there are none.
pub(super) fn replaced(text: &str) -> Option<String> {
    let mut whole = String::new();
    let mut rest = text;
    // An escape begins with the first of any number of backslashes.
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole += before;
        let length = match (surrogate(escape), surrogate(escape.get(6..).unwrap_or_default())) {
            (Some(Half::First), Some(Half::Second)) => 12,
            (Some(_), _) => {
                whole += REPLACEMENT;
                rest = &escape[6..];
                continue;
            }
            (None, _) => 1 + escape[1..].chars().next().map_or(0, char::len_utf8),
        };
        whole += &escape[..length];
        rest = &escape[length..];
    }
    whole += rest;
    (whole != text).then_some(whole)
}

/// Half of a character.
enum Half {
    First,
    Second,
}

/// The half that `text` begins with the escape of.
fn surrogate(text: &str) -> Option<Half> {
    let digits = text.strip_prefix(r"\u")?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..0xdc00 => Some(Half::First),
        0xdc00..0xe000 => Some(Half::Second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_of_characters_are_replaced() {
        for (text, expected) in [
            (r#""a\ud800b""#, Some(r#""a\ufffdb""#)),
            (r#""\uDFFF""#, Some(r#""\ufffd""#)),
            (r#""\ud83d\ude00""#, None),
            (r#""\ud83d\ude00\ud83d""#, Some(r#""\ud83d\ude00\ufffd""#)),
            (r#""\ud83d\ud83d\ude00""#, Some(r#""\ufffd\ud83d\ude00""#)),
            (r#""\ude00\ud83d""#, Some(r#""\ufffd\ufffd""#)),
            (r#""\ud83d\n""#, Some(r#""\ufffd\n""#)),
            (r#""\\ud800""#, None),
            (r#""\\\ud800""#, Some(r#""\\\ufffd""#)),
            (r#""\ud80""#, None),
            (r#""\ud80ü0""#, None),
            (r"\ü\", None),
            ("", None),
        ] {
            assert_eq!(replaced(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_replaced_is_json(text in r"(\\u(d83d|de00|0041)|\\\\|\\n|a|ü){0,12}") {
            let json = format!("\"{text}\"");
            let whole = replaced(&json);
            prop_assert_eq!(whole.is_some(), serde_json::from_str::<String>(&json).is_err());
            let whole = whole.unwrap_or(json);
            prop_assert!(serde_json::from_str::<String>(&whole).is_ok(), "{}", whole);
            prop_assert_eq!(replaced(&whole), None);
        }
    }
}

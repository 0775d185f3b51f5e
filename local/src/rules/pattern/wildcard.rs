/// A text with stars, each of which stands for any number of characters: the literal parts between
/// them, the first and the last of which are anchored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wildcard {
    pub(super) parts: Vec<String>,
}

impl Wildcard {
    /// Reads a wildcard: `\*` is a star, `\\` a backslash. Positions in errors count the bytes of the
    /// quoted text, as EventBridge does.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut part = String::new();
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            match character {
                '*' if characters.peek().is_some_and(|(_, next)| *next == '*') => {
                    return Err(format!("Consecutive wildcard characters at pos {}", at + 1));
                }
                '*' => parts.push(std::mem::take(&mut part)),
                '\\' => match characters.next() {
                    Some((_, escaped @ ('*' | '\\'))) => part.push(escaped),
                    _ => return Err(format!("Invalid escape character at pos {}", at + 1)),
                },
                other => part.push(other),
            }
        }
        parts.push(part);
        Ok(Self { parts })
    }

    /// Finds the parts in their order, each at its earliest place; no backtracking is needed when the
    /// last one is tied to the end.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.parts.split_first() else { return false };
        let Some((last, between)) = rest.split_last() else { return text == first };
        let Some(mut text) = text.strip_prefix(first.as_str()) else { return false };
        for part in between {
            let Some(at) = text.find(part.as_str()) else { return false };
            text = &text[at + part.len()..];
        }
        text.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards_and_what_they_match() {
        for (pattern, text, matches) in [
            ("Im*.P*G", "Image.PNG", true),
            ("*", "", true),
            ("Im*x*G", "Image.PNG", false),
            ("Image.PNG*", "Image.PNG", true),
            ("Image.PNG.*G", "Image.PNG", false),
            ("", "", true),
            ("", "a", false),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
            (r"a\\*", r"a\b", true),
            ("*é*", "café au lait", true),
        ] {
            assert_eq!(
                Wildcard::parse(pattern).unwrap().matches(text),
                matches,
                "{pattern} {text}"
            );
        }
        for (pattern, reason) in [
            ("a**", "Consecutive wildcard characters at pos 2"),
            ("é**", "Consecutive wildcard characters at pos 3"),
            (r"a\b", "Invalid escape character at pos 2"),
            (r"a\", "Invalid escape character at pos 2"),
        ] {
            assert_eq!(Wildcard::parse(pattern), Err(reason.to_owned()), "{pattern}");
        }
    }

    /// A naive reading: try every way to cut the text.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|cut| naive(rest, &text[cut..])),
            Some((first, rest)) => {
                text.split_first().is_some_and(|(head, tail)| head == first && naive(rest, tail))
            }
        }
    }

    proptest! {
        #[test]
        fn wildcards_agree_with_a_naive_reading(pattern in "[ab*]{0,6}", text in "[ab]{0,8}") {
            prop_assume!(!pattern.contains("**"));
            let wildcard = Wildcard::parse(&pattern).unwrap();
            prop_assert_eq!(wildcard.matches(&text), naive(pattern.as_bytes(), text.as_bytes()));
        }
    }
}

use std::fmt::{self, Write};

/// A text as it may be written to a terminal: one line, whose control characters are visible and do nothing. Requests,
/// events and functions choose such texts, and could otherwise move the cursor, rewrite what stands there, or forge a
/// line.
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a>(pub &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_harmful(character) {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// Control characters (C0 but for the tab, DEL, C1), what ends lines in Unicode, and what changes the direction of text.
fn is_harmful(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x08' | '\n'..='\x1f' | '\x7f'..='\u{9f}'
            | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_visible() {
        for (text, shown) in [
            ("plain\tüñí→", "plain\tüñí→"),
            ("a\n12:00:00.000 order ERROR forged", "a\\n12:00:00.000 order ERROR forged"),
            ("\x1b[2J\x07\r\u{9b}1A\x7f\0", "\\u{1b}[2J\\u{7}\\r\\u{9b}1A\\u{7f}\\u{0}"),
            ("a\u{202e}b\u{2066}\u{2028}\u{85}", "a\\u{202e}b\\u{2066}\\u{2028}\\u{85}"),
        ] {
            assert_eq!(Printable(text).to_string(), shown);
        }
    }

    proptest! {
        #[test]
        fn no_text_has_a_control_character(text in any::<String>()) {
            let shown = Printable(&text).to_string();
            prop_assert!(!shown.contains(|character: char| character.is_control() && character != '\t'));
        }
    }
}

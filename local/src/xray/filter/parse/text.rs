use super::{FilterError, Parsed, Parser};

/// What ends a word.
const DELIMITERS: &str = "()[]{}=!<>,:\"'#";

impl<'a> Parser<'a> {
    /// What is still to be parsed, without the space before it.
    pub(super) fn rest(&mut self) -> &'a str {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest
    }

    /// The next word, which is not taken.
    pub(super) fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let ends = |c: char| c.is_whitespace() || DELIMITERS.contains(c);
        &rest[..rest.find(ends).unwrap_or(rest.len())]
    }

    /// Takes a sign, if it is next.
    pub(super) fn take(&mut self, sign: &str) -> bool {
        let taken = self.rest().starts_with(sign);
        self.at += if taken { sign.len() } else { 0 };
        taken
    }

    /// Takes a word in any case, if it is next.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let taken = self.word().eq_ignore_ascii_case(word);
        self.at += if taken { word.len() } else { 0 };
        taken
    }

    /// Takes a sign that has to be next.
    pub(super) fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.take(sign) {
            return Ok(());
        }
        let place = if self.rest().is_empty() { "at end of expression" } else { "here" };
        self.fail(self.at, format!("missing '{sign}' {place}"))
    }

    /// Complains about what comes next.
    pub(super) fn unexpected<T>(&mut self, expected: &str) -> Parsed<T> {
        let found = match (self.word(), self.rest().chars().next()) {
            ("", None) => "end of expression".to_owned(),
            ("", Some(character)) => format!("Invalid input symbol: '{character}'"),
            (word, _) => format!("Invalid input symbol: '{word}'"),
        };
        self.fail(self.at, format!("{found}; hint: expected is {expected}"))
    }

    /// Complains about the place `at`.
    pub(super) fn fail<T>(&self, at: usize, message: impl Into<String>) -> Parsed<T> {
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Err(FilterError {
            line: before.matches('\n').count() + 1,
            position: before[line_start..].chars().count() + 1,
            message: message.into(),
        })
    }

    /// A text in double quotes. `\"` and `\\` are escapes; any other backslash stands for itself.
    pub(super) fn quoted(&mut self) -> Parsed<String> {
        let start = self.at;
        self.expect("\"")?;
        let mut text = String::new();
        let mut characters = self.text[self.at..].char_indices();
        while let Some((offset, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += offset + 1;
                    return Ok(text);
                }
                '\\' => match characters.as_str().chars().next() {
                    Some(escaped @ ('"' | '\\')) => {
                        text.push(escaped);
                        characters.next();
                    }
                    _ => text.push('\\'),
                },
                _ => text.push(character),
            }
        }
        self.fail(start, "missing '\"' at end of expression")
    }
}

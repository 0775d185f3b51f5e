use crate::wire::AwsError;

/// Whether a line matches a pattern of words: all of them are in it, none that has a minus before it, and one at least of
/// those that have a question mark
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// Where it looks at fields or is a regular expression, which nothing here does.
    pub(super) fn parse(text: &str) -> Result<Self, AwsError> {
        let text = text.trim();
        if text.starts_with(['{', '[']) || text.contains('%') {
            let message = format!(
                "`{text}` looks at fields or is a regular expression; here a pattern is words, as in `ERROR -\"timed out\"`"
            );
            return Err(AwsError::bad_request("InvalidParameterException", message));
        }
        let (mut pattern, mut rest) = (Self::default(), text);
        while let Some(first) = rest.chars().next() {
            let (words, after) = match first {
                '-' => (&mut pattern.none, &rest[1..]),
                '?' => (&mut pattern.any, &rest[1..]),
                _ => (&mut pattern.all, rest),
            };
            let (word, after) = word(after)?;
            words.push(word);
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    /// Whether it finds `line`.
    pub(super) fn finds(&self, line: &str) -> bool {
        let is_there = |word: &String| line.contains(word.as_str());
        self.all.iter().all(is_there)
            && !self.none.iter().any(is_there)
            && (self.any.is_empty() || self.any.iter().any(is_there))
    }
}

/// The word at the beginning of `text`, in quotes or up to a space, and what comes after it.
fn word(text: &str) -> Result<(String, &str), AwsError> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(' ').unwrap_or(text.len());
        return Ok((text[..end].to_owned(), &text[end..]));
    };
    let (mut word, mut characters) = (String::new(), quoted.chars());
    while let Some(character) = characters.next() {
        match character {
            '"' => return Ok((word, characters.as_str())),
            '\\' => word.extend(characters.next()),
            other => word.push(other),
        }
    }
    let message = format!("Invalid filter pattern: the quotes of `{text}` do not end");
    Err(AwsError::bad_request("InvalidParameterException", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_patterns_find() {
        for (pattern, line, found) in [
            ("", "anything", true),
            ("ERROR", r#"{"level":"ERROR"}"#, true),
            ("ERROR", "error", false),
            ("ERROR order", "the order: ERROR", true),
            ("ERROR order", "ERROR", false),
            (r#""timed out""#, "the call timed out", true),
            (r#""timed out""#, "out timed", false),
            (r#""\"level\":\"WARN\"""#, r#"{"level":"WARN"}"#, true),
            ("ERROR -stock", "ERROR of stock", false),
            ("ERROR -stock", "ERROR of payment", true),
            ("?ERROR ?WARN", "WARN", true),
            ("?ERROR ?WARN", "INFO", false),
            ("-INFO", "WARN", true),
            ("é", "caf\u{e9}", true),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().finds(line), found, "{pattern}: {line}");
        }
    }

    #[test]
    fn what_is_no_pattern_of_words_is_refused() {
        for pattern in ["{ $.level = \"ERROR\" }", "[ip, user]", "%ERR[A-Z]+%", "\"open"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}

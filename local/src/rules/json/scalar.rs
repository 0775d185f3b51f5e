use std::borrow::Cow;

use super::{LITERALS, Malformed, Reader, Token};

impl<'a> Reader<'a> {
    pub(super) fn literal(&mut self) -> Result<Token<'a>, Malformed> {
        let rest = &self.text[self.at..];
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
        let word = &rest[..word.unwrap_or(rest.len())];
        self.at += word.len();
        match word {
            "true" => Ok(Token::Bool(true)),
            "false" => Ok(Token::Bool(false)),
            "null" => Ok(Token::Null),
            _ => {
                let problem = format!("Unrecognized token '{word}': was expecting {LITERALS}");
                Err(Malformed { problem, at: self.at })
            }
        }
    }

    pub(super) fn number(&mut self) -> Result<&'a str, Malformed> {
        let start = self.at;
        self.skip_if(|byte| byte == b'-');
        let leads_with_zero = self.peek() == Some(b'0');
        let whole = self.digits()?;
        if leads_with_zero && whole > 1 {
            let problem = "Invalid numeric value: Leading zeroes not allowed".to_owned();
            return Err(Malformed { problem, at: self.at });
        }
        if self.skip_if(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.skip_if(|byte| matches!(byte, b'e' | b'E')) {
            self.skip_if(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Result<usize, Malformed> {
        let start = self.at;
        while self.skip_if(|byte| byte.is_ascii_digit()) {}
        match self.at - start {
            0 => Err(self.unexpected("expected digit (0-9) in a numeric value")),
            count => Ok(count),
        }
    }

    /// The characters of a string up to its closing quote.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let start = self.at;
        let mut unescaped = String::new();
        let mut copied = start;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let rest = &self.text[copied..self.at];
                    self.at += 1;
                    return Ok(if copied == start {
                        Cow::Borrowed(rest)
                    } else {
                        Cow::Owned(unescaped + rest)
                    });
                }
                Some(b'\\') => {
                    unescaped.push_str(&self.text[copied..self.at]);
                    self.at += 1;
                    unescaped.push(self.escape()?);
                    copied = self.at;
                }
                Some(byte) if byte >= b' ' => self.at += 1,
                Some(byte) => {
                    let problem = format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {byte})): has to be escaped \
                         using backslash to be included in string value"
                    );
                    return Err(Malformed { problem, at: self.at });
                }
                None => return Err(self.ended("was expecting closing quote for a string value")),
            }
        }
    }

    /// The character behind a backslash. Half a surrogate pair, which no text can hold, becomes U+FFFD.
    fn escape(&mut self) -> Result<char, Malformed> {
        let escaped = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                let first = self.hex()?;
                let mark = self.at;
                if (0xd800..0xdc00).contains(&first) && self.text[mark..].starts_with("\\u") {
                    self.at += 2;
                    let second = self.hex()?;
                    if (0xdc00..0xe000).contains(&second) {
                        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = mark;
                }
                return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            _ => return Err(self.unexpected("Unrecognized character escape")),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn hex(&mut self) -> Result<u32, Malformed> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.unexpected("expected a hex-digit for character escape sequence"));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

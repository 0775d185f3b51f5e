/// Texts, numbers and literals.
mod scalar;

use std::borrow::Cow;

/// Reads a JSON text token by token, without recursion.
///
/// Patterns and events need what a tree of values loses: names that occur twice, numbers as they were
/// written, and the place of each token. EventBridge reads up to 1,000 levels
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>), far beyond what a
/// recursive parser survives on a worker's stack.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Scope>,
    max_depth: usize,
    started: bool,
    /// The value after a name: it is read together with the name.
    ahead: Option<Lexed<'a>>,
}

/// One piece of a JSON text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token<'a> {
    BeginObject,
    EndObject,
    BeginArray,
    EndArray,
    Name(Cow<'a, str>),
    Text(Cow<'a, str>),
    /// A number as it is written.
    Number(&'a str),
    Bool(bool),
    Null,
}

/// A token and its place.
#[derive(Clone, Debug)]
pub(crate) struct Lexed<'a> {
    pub(crate) token: Token<'a>,
    /// Where EventBridge's parser stands before it has read a text's characters: behind the opening
    /// quote. After a name this is the place of the value. Equal to `end` for all other tokens.
    pub(crate) seen: usize,
    /// The byte behind the token.
    pub(crate) end: usize,
}

/// Why a text is not JSON, in the words of EventBridge's parser (Jackson), and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) problem: String,
    pub(crate) at: usize,
}

#[derive(Debug)]
struct Scope {
    is_object: bool,
    is_empty: bool,
}

const LITERALS: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

impl<'a> Reader<'a> {
    /// Reads `text`; deeper than `max_depth` levels is an error.
    pub(crate) fn new(text: &'a str, max_depth: usize) -> Self {
        Self { text, at: 0, open: Vec::new(), max_depth, started: false, ahead: None }
    }

    /// How many objects and arrays are open at the last token.
    pub(crate) fn depth(&self) -> usize {
        let opens =
            |lexed: &Lexed<'_>| matches!(lexed.token, Token::BeginObject | Token::BeginArray);
        self.open.len() - usize::from(self.ahead.as_ref().is_some_and(opens))
    }

    /// The next token; `None` after the end of the one value that a JSON text is.
    pub(crate) fn next(&mut self) -> Result<Option<Lexed<'a>>, Malformed> {
        if let Some(value) = self.ahead.take() {
            return Ok(Some(value));
        }
        self.skip_space();
        let Some(scope) = self.open.last_mut() else {
            if std::mem::replace(&mut self.started, true) {
                return match self.peek() {
                    None => Ok(None),
                    Some(_) => Err(self.unexpected("expected the end of the text")),
                };
            }
            return self.value().map(Some);
        };
        let is_object = scope.is_object;
        let is_first = std::mem::replace(&mut scope.is_empty, false);
        match self.peek() {
            Some(b'}') if is_object => return Ok(Some(self.close(Token::EndObject))),
            Some(b']') if !is_object => return Ok(Some(self.close(Token::EndArray))),
            _ if is_first => {}
            _ => {
                let kind = if is_object { "Object" } else { "Array" };
                self.expect(b',', &format!("was expecting comma to separate {kind} entries"))?;
                self.skip_space();
            }
        }
        if is_object { self.name().map(Some) } else { self.value().map(Some) }
    }

    fn name(&mut self) -> Result<Lexed<'a>, Malformed> {
        self.expect(b'"', "was expecting double-quote to start field name")?;
        let name = self.string()?;
        self.skip_space();
        self.expect(b':', "was expecting a colon to separate field name and value")?;
        self.skip_space();
        let value = self.value()?;
        let seen = value.seen;
        self.ahead = Some(value);
        Ok(Lexed { token: Token::Name(name), seen, end: seen })
    }

    fn value(&mut self) -> Result<Lexed<'a>, Malformed> {
        let start = self.at;
        let token = match self.peek() {
            Some(b'{') => self.open(true)?,
            Some(b'[') => self.open(false)?,
            Some(b'"') => {
                self.at += 1;
                let token = Token::Text(self.string()?);
                return Ok(Lexed { token, seen: start + 1, end: self.at });
            }
            Some(b'-' | b'0'..=b'9') => Token::Number(self.number()?),
            Some(first) if first.is_ascii_alphabetic() => self.literal()?,
            _ => return Err(self.unexpected(&format!("expected a valid value {LITERALS}"))),
        };
        Ok(Lexed { token, seen: self.at, end: self.at })
    }

    fn open(&mut self, is_object: bool) -> Result<Token<'a>, Malformed> {
        self.at += 1;
        self.open.push(Scope { is_object, is_empty: true });
        if self.open.len() > self.max_depth {
            let (depth, most) = (self.open.len(), self.max_depth);
            let problem =
                format!("Document nesting depth ({depth}) exceeds the maximum allowed ({most})");
            return Err(Malformed { problem, at: self.at });
        }
        Ok(if is_object { Token::BeginObject } else { Token::BeginArray })
    }

    fn close(&mut self, token: Token<'a>) -> Lexed<'a> {
        self.at += 1;
        self.open.pop();
        Lexed { token, seen: self.at, end: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_if(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let found = self.peek().is_some_and(wanted);
        self.at += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        while self.skip_if(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {}
    }

    fn expect(&mut self, wanted: u8, otherwise: &str) -> Result<(), Malformed> {
        if self.skip_if(|byte| byte == wanted) { Ok(()) } else { Err(self.unexpected(otherwise)) }
    }

    fn unexpected(&self, expected: &str) -> Malformed {
        match self.text[self.at..].chars().next() {
            Some(found) => {
                let code = u32::from(found);
                let problem = format!("Unexpected character ('{found}' (code {code})): {expected}");
                Malformed { problem, at: self.at }
            }
            None => self.ended(expected),
        }
    }

    fn ended(&self, expected: &str) -> Malformed {
        Malformed { problem: format!("Unexpected end-of-input: {expected}"), at: self.at }
    }
}

#[cfg(test)]
mod tests;

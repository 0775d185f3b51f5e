use std::iter::Peekable;

use super::{Filter, Operand, Operator};

/// Fields of the trace, or of a node inside of `service() { }`.
const FIELDS: [&str; 14] = [
    "ok",
    "error",
    "throttle",
    "fault",
    "partial",
    "responsetime",
    "duration",
    "http.status",
    "http.url",
    "http.method",
    "http.useragent",
    "http.clientip",
    "user",
    "resource.arn",
];
/// Deeper nesting is refused rather than risked.
const MAX_DEPTH: usize = 32;

/// Reads an expression; the empty one matches everything.
pub(super) fn filter(text: &str) -> Result<Filter, String> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: tokens.into_iter().peekable(), depth: 0 };
    if reader.tokens.peek().is_none() {
        return Ok(Filter::All);
    }
    let filter = reader.or()?;
    match reader.tokens.next() {
        None => Ok(filter),
        Some(token) => Err(format!("{token:?} is not expected here")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A keyword, a number or an unquoted text.
    Word(String),
    /// Between double quotes.
    Quoted(String),
    /// An operator, a bracket or a comma.
    Sign(&'static str),
}

const SIGNS: [&str; 15] =
    ["!=", "<=", ">=", "=", "<", ">", "!", "(", ")", "{", "}", "[", "]", ",", ":"];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (inside, after) = quoted.split_once('"').ok_or("a quote is not closed")?;
            tokens.push(Token::Quoted(inside.to_owned()));
            rest = after;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let ends = |c: char| c.is_whitespace() || c == '"' || "!=<>(){}[],:".contains(c);
            let length = rest.find(ends).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..length].to_owned()));
            rest = &rest[length..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

struct Reader {
    tokens: Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Reader {
    fn or(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.and()?];
        while self.take_word("or") {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::Or(parts) })
    }

    /// Terms side by side are joined by AND, said or unsaid.
    fn and(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.unary()?];
        loop {
            let said = self.take_word("and");
            let ends = match self.tokens.peek() {
                None => true,
                Some(Token::Word(word)) => word.eq_ignore_ascii_case("or"),
                Some(token) => matches!(token, Token::Sign(")" | "}")),
            };
            if ends && !said {
                return Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::And(parts) });
            }
            parts.push(self.unary()?);
        }
    }

    fn unary(&mut self) -> Result<Filter, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("the expression nests deeper than {MAX_DEPTH} levels"));
        }
        let filter = if self.take("!") {
            Filter::Not(Box::new(self.unary()?))
        } else if self.take("(") {
            let inside = self.or()?;
            self.expect(")")?;
            inside
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn term(&mut self) -> Result<Filter, String> {
        let Some(Token::Word(word)) = self.tokens.next() else {
            return Err("a keyword is expected".to_owned());
        };
        let keyword = word.to_ascii_lowercase();
        if keyword == "service" {
            return self.service();
        }
        let field = if keyword == "annotation" {
            self.expect("[")?;
            let key = self.text()?;
            self.expect("]")?;
            format!("annotation.{key}")
        } else if keyword.starts_with("annotation.") {
            format!("annotation.{}", &word["annotation.".len()..])
        } else if FIELDS.contains(&keyword.as_str()) {
            keyword
        } else {
            let known = FIELDS.join(", ");
            return Err(format!(
                "`{word}` is not understood here; these are: {known}, annotation, service"
            ));
        };
        let test = match self.operator() {
            Some(operator) => Some((operator, self.operand()?)),
            None => None,
        };
        Ok(Filter::Field(field, test))
    }

    fn service(&mut self) -> Result<Filter, String> {
        let (mut name, mut kind) = (String::new(), String::new());
        if self.take("(") {
            if self.take_word("id") {
                self.expect("(")?;
                while !self.take(")") {
                    let key = self.text()?.to_ascii_lowercase();
                    self.expect(":")?;
                    match key.as_str() {
                        "name" => name = self.text()?,
                        "type" => kind = self.text()?,
                        "account.id" => drop(self.text()?),
                        other => {
                            return Err(format!("`{other}` is none of name, type, account.id"));
                        }
                    }
                    self.take(",");
                }
            } else if self.tokens.peek() != Some(&Token::Sign(")")) {
                name = self.text()?;
            }
            self.expect(")")?;
        }
        let mut inside = Filter::All;
        if self.take("{") {
            inside = self.or()?;
            self.expect("}")?;
        }
        Ok(Filter::Service { name, kind, inside: Box::new(inside) })
    }

    fn operator(&mut self) -> Option<Operator> {
        let operator = match self.tokens.peek()? {
            Token::Sign("=") => Operator::Equal,
            Token::Sign("!=") => Operator::NotEqual,
            Token::Sign("<") => Operator::Less,
            Token::Sign("<=") => Operator::LessOrEqual,
            Token::Sign(">") => Operator::Greater,
            Token::Sign(">=") => Operator::GreaterOrEqual,
            Token::Word(word) if word.eq_ignore_ascii_case("contains") => Operator::Contains,
            Token::Word(word) if word.eq_ignore_ascii_case("beginswith") => Operator::BeginsWith,
            Token::Word(word) if word.eq_ignore_ascii_case("endswith") => Operator::EndsWith,
            _ => return None,
        };
        self.tokens.next();
        Some(operator)
    }

    fn operand(&mut self) -> Result<Operand, String> {
        match self.tokens.next() {
            Some(Token::Quoted(text)) => Ok(Operand::Text(text)),
            Some(Token::Word(word)) => {
                Ok(match (word.to_ascii_lowercase().as_str(), word.parse()) {
                    ("true", _) => Operand::Truth(true),
                    ("false", _) => Operand::Truth(false),
                    (_, Ok(number)) => Operand::Number(number),
                    _ => Operand::Text(word),
                })
            }
            _ => Err("a value is expected".to_owned()),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        match self.tokens.next() {
            Some(Token::Word(text) | Token::Quoted(text)) => Ok(text),
            _ => Err("a name is expected".to_owned()),
        }
    }

    fn take(&mut self, sign: &'static str) -> bool {
        self.tokens.next_if_eq(&Token::Sign(sign)).is_some()
    }

    fn take_word(&mut self, word: &str) -> bool {
        let same = |token: &Token| matches!(token, Token::Word(w) if w.eq_ignore_ascii_case(word));
        self.tokens.next_if(same).is_some()
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(format!("`{sign}` is expected")) }
    }
}

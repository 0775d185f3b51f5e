use std::{iter::Peekable, str::Chars};

use super::service_id::ServiceId;
use crate::identity::ACCOUNT;

/// What an `EntitySelectorExpression` selects: `service("name")`, `service(id(name: "name", type: "type"))`,
/// or `edge(source, destination)` of the same ids. See
/// <https://docs.aws.amazon.com/xray/latest/api/API_GetTimeSeriesServiceStatistics.html>.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selector {
    /// One service.
    Service(Pattern),
    /// The calls from one service to another.
    Edge(Pattern, Pattern),
}

/// What a service is selected by.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    name: Option<String>,
    kind: Option<String>,
    account: Option<String>,
}

impl Selector {
    /// Reads an expression; the error is a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text.chars().peekable(), position: 1 };
        let at = reader.skip_space();
        let keyword = reader.word();
        if !matches!(keyword.to_ascii_lowercase().as_str(), "service" | "edge") {
            return Err(wrong(at, &keyword));
        }
        reader.expect('(')?;
        let first = reader.pattern()?;
        let selector = if keyword.eq_ignore_ascii_case("edge") {
            reader.expect(',')?;
            Self::Edge(first, reader.pattern()?)
        } else {
            Self::Service(first)
        };
        reader.expect(')')?;
        let at = reader.skip_space();
        match reader.rest.next() {
            None => Ok(selector),
            Some(more) => Err(wrong(at, &more.to_string())),
        }
    }
}

impl Pattern {
    /// Whether it selects `service`. A service whose segments name no account is of this one.
    pub(super) fn matches(&self, service: &ServiceId) -> bool {
        let account = service.account.as_deref().unwrap_or(ACCOUNT);
        self.name.as_ref().is_none_or(|name| *name == service.name)
            && self.kind.as_ref().is_none_or(|kind| Some(kind) == service.kind.as_ref())
            && self.account.as_ref().is_none_or(|own| own == account)
    }
}

/// The sentence of X-Ray's own parser.
fn wrong(position: usize, symbol: &str) -> String {
    format!("Error Location: line 1, position {position} : Invalid input symbol: '{symbol}'")
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    /// Of the next character, counted from one.
    position: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        self.position += 1;
        self.rest.next()
    }

    fn skip_space(&mut self) -> usize {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {
            self.position += 1;
        }
        self.position
    }

    /// Letters and dots, or the one character that is none.
    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '.') {
            self.position += 1;
            word.push(c);
        }
        if word.is_empty() {
            word.extend(self.next());
        }
        word
    }

    fn expect(&mut self, sign: char) -> Result<(), String> {
        let at = self.skip_space();
        match self.next() {
            Some(found) if found == sign => Ok(()),
            found => Err(wrong(at, &found.map(String::from).unwrap_or_default())),
        }
    }

    fn quoted(&mut self) -> Result<String, String> {
        self.expect('"')?;
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => text.extend(self.next()),
                Some(c) => text.push(c),
                None => return Err(wrong(self.position, "\"")),
            }
        }
    }

    fn pattern(&mut self) -> Result<Pattern, String> {
        let at = self.skip_space();
        match self.rest.peek() {
            Some('"') => Ok(Pattern { name: Some(self.quoted()?), ..Pattern::default() }),
            Some(')') => Ok(Pattern::default()),
            _ => match self.word() {
                word if word.eq_ignore_ascii_case("id") => self.id(),
                word => Err(wrong(at, &word)),
            },
        }
    }

    /// What follows `id`.
    fn id(&mut self) -> Result<Pattern, String> {
        let mut pattern = Pattern::default();
        self.expect('(')?;
        loop {
            let at = self.skip_space();
            let key = self.word();
            let field = match key.to_ascii_lowercase().as_str() {
                "name" => &mut pattern.name,
                "type" => &mut pattern.kind,
                "account.id" => &mut pattern.account,
                _ => return Err(wrong(at, &key)),
            };
            self.expect(':')?;
            *field = Some(self.quoted()?);
            self.skip_space();
            if self.rest.next_if_eq(&')').is_some() {
                self.position += 1;
                return Ok(pattern);
            }
            self.expect(',')?;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn service(name: &str, kind: &str) -> ServiceId {
        ServiceId { name: name.to_owned(), kind: Some(kind.to_owned()), account: None }
    }

    #[test]
    fn selectors_and_what_they_select() {
        for (text, name, kind, selected) in [
            (r#"service("shop")"#, "shop", "AWS::Lambda", true),
            (r#"service("shop")"#, "Shop", "AWS::Lambda", false),
            ("service()", "shop", "AWS::Lambda", true),
            (
                r#" SERVICE ( id ( name : "shop" , type:"AWS::Lambda" ) ) "#,
                "shop",
                "AWS::Lambda",
                true,
            ),
            (r#"service(id(name: "shop", type: "client"))"#, "shop", "AWS::Lambda", false),
            (r#"service(id(account.id: "000000000000"))"#, "shop", "AWS::Lambda", true),
            (r#"service(id(account.id: "111111111111"))"#, "shop", "AWS::Lambda", false),
            (r#"service("a\"b")"#, "a\"b", "remote", true),
        ] {
            let Selector::Service(pattern) = Selector::parse(text).unwrap() else {
                panic!("{text}")
            };
            assert_eq!(pattern.matches(&service(name, kind)), selected, "{text}");
        }
        let edge = Selector::parse(r#"edge("a", id(type: "remote"))"#).unwrap();
        let Selector::Edge(source, target) = edge else { panic!("an edge") };
        assert!(source.matches(&service("a", "x")) && target.matches(&service("b", "remote")));
    }

    #[test]
    fn selectors_that_are_refused() {
        for (text, position, symbol) in [
            (r#"id(name: "x")"#, 1, "id"),
            ("id(0)", 1, "id"),
            (r#"service("front") { fault }"#, 18, "{"),
            (r#"edge("a")"#, 9, ")"),
            ("service(3)", 9, "3"),
            ("service(id(color: \"x\"))", 12, "color"),
            ("", 1, ""),
            ("service", 8, ""),
            (r#"service("x"#, 12, "\""),
        ] {
            assert_eq!(Selector::parse(text), Err(wrong(position, symbol)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z(){}:,.\" \\\\]{0,40}") {
            let _outcome = Selector::parse(&text);
        }
    }
}

use serde_json::Value;

use super::{
    Category, Comparison, Complex, End, Expression, Filter, FilterError, Groups, Identity, Keyword,
    Level, Test, TextOperator,
};

/// In bytes. Neither this nor the next two limits are X-Ray's.
const MAX_LENGTH: usize = 16 * 1024;
/// How deep parentheses, braces, negations and groups may nest.
const MAX_DEPTH: usize = 32;
/// The most terms, those of groups included.
const MAX_TERMS: usize = 1_000;
/// What ends a word.
const DELIMITERS: &str = "()[]{}=!<>,:\"'#";

/// What a keyword's values are.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Truth,
    Number,
    Text,
    Annotation,
}

const KEYWORDS: [(&str, Kind, Keyword); 26] = [
    ("ok", Kind::Truth, Keyword::Ok),
    ("error", Kind::Truth, Keyword::Error),
    ("throttle", Kind::Truth, Keyword::Throttle),
    ("fault", Kind::Truth, Keyword::Fault),
    ("partial", Kind::Truth, Keyword::Partial),
    ("inferred", Kind::Truth, Keyword::Inferred),
    ("first", Kind::Truth, Keyword::First),
    ("last", Kind::Truth, Keyword::Last),
    ("remote", Kind::Truth, Keyword::Remote),
    ("root", Kind::Truth, Keyword::Root),
    ("responsetime", Kind::Number, Keyword::ResponseTime),
    ("duration", Kind::Number, Keyword::Duration),
    ("http.status", Kind::Number, Keyword::HttpStatus),
    ("index", Kind::Number, Keyword::Index),
    ("coverage", Kind::Number, Keyword::Coverage),
    ("http.url", Kind::Text, Keyword::OwnText("/http/request/url")),
    ("http.method", Kind::Text, Keyword::OwnText("/http/request/method")),
    ("http.useragent", Kind::Text, Keyword::OwnText("/http/request/user_agent")),
    ("http.clientip", Kind::Text, Keyword::OwnText("/http/request/client_ip")),
    ("user", Kind::Text, Keyword::Text("/user")),
    ("availabilityzone", Kind::Text, Keyword::Text("/aws/ec2/availability_zone")),
    ("instance.id", Kind::Text, Keyword::Text("/aws/ec2/instance_id")),
    ("resource.arn", Kind::Text, Keyword::Text("/resource_arn")),
    ("name", Kind::Text, Keyword::Name),
    ("type", Kind::Text, Keyword::Type),
    ("message", Kind::Text, Keyword::Message),
];

enum Operator {
    Compare(Comparison),
    Text(TextOperator),
}

enum Operand {
    Truth(bool),
    Number(f64),
    Text(String),
}

type Parsed<T> = Result<T, FilterError>;

/// Parses an expression: `OR` of `AND`s of terms, which may be negated. Terms side by side are joined by `AND`.
pub(super) fn filter(text: &str, groups: &Groups) -> Parsed<Filter> {
    let mut parser = Parser { text, at: 0, groups, depth: 0, simple: 0, complex: 0 };
    let expression = parser.whole()?;
    Ok(Filter { expression, terms: parser.complex })
}

struct Parser<'a> {
    text: &'a str,
    /// Where the rest begins, in bytes.
    at: usize,
    groups: &'a Groups,
    depth: usize,
    simple: usize,
    complex: usize,
}

impl<'a> Parser<'a> {
    fn whole(&mut self) -> Parsed<Expression> {
        if self.text.len() > MAX_LENGTH {
            return self.fail(0, format!("the expression is longer than {MAX_LENGTH} bytes"));
        }
        if self.rest().is_empty() {
            return Ok(Expression::All);
        }
        let expression = self.or()?;
        if self.rest().is_empty() { Ok(expression) } else { self.unexpected("the end or a term") }
    }

    fn or(&mut self) -> Parsed<Expression> {
        let mut parts = vec![self.and()?];
        while self.take_word("or") {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Or(parts) })
    }

    fn and(&mut self) -> Parsed<Expression> {
        let mut parts = vec![self.unary()?];
        loop {
            let said = self.take_word("and");
            let ends = self.rest().is_empty() || self.rest().starts_with([')', '}']);
            if !said && (ends || self.word().eq_ignore_ascii_case("or")) {
                return Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::And(parts) });
            }
            parts.push(self.unary()?);
        }
    }

    fn unary(&mut self) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail(self.at, format!("it nests deeper than {MAX_DEPTH} levels"));
        }
        let expression = if self.take("!") || self.take_word("not") {
            Expression::Not(Box::new(self.unary()?))
        } else if self.take("(") {
            let inside = self.or()?;
            self.expect(")")?;
            inside
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn term(&mut self) -> Parsed<Expression> {
        let word = self.word();
        let start = self.at;
        self.at += word.len();
        let keyword = word.to_ascii_lowercase();
        if self.simple + self.complex >= MAX_TERMS {
            return self.fail(start, format!("there are more than {MAX_TERMS} terms"));
        }
        match keyword.as_str() {
            "service" => self.service(),
            "edge" => self.edge(),
            "group.name" => self.group(|group| &group.name),
            "group.arn" => self.group(|group| &group.arn),
            "json" | "rootcause.json" => self.cause_json(),
            _ if keyword.starts_with("rootcause.") => self.cause(start, &keyword),
            _ => {
                let Some((kind, keyword)) = self.keyword(start, word, &keyword)? else {
                    self.at = start;
                    return self.unexpected("a keyword");
                };
                self.simple += 1;
                Ok(Expression::Simple(keyword, self.test(kind)?))
            }
        }
    }

    fn keyword(
        &mut self,
        start: usize,
        word: &str,
        lower: &str,
    ) -> Parsed<Option<(Kind, Keyword)>> {
        if let Some((_, kind, keyword)) = KEYWORDS.iter().find(|(name, _, _)| *name == lower) {
            return Ok(Some((*kind, keyword.clone())));
        }
        let (end, rest) = match lower.split_once('.') {
            Some(("source", rest)) => (Some(End::Source), rest),
            Some(("destination", rest)) => (Some(End::Destination), rest),
            _ => (None, lower),
        };
        let key =
            if rest == "annotation" {
                self.key()?
            } else if let Some(key) = rest.strip_prefix("annotation.").filter(|key| !key.is_empty())
            {
                // Keys have cases.
                let key = &word[word.len() - key.len()..];
                if key.contains('.') {
                    return self.fail(start, format!(
                    "Invalid input symbol: '.' in the key '{key}'; hint: use annotation[{key}]"
                ));
                }
                key.to_owned()
            } else {
                return Ok(None);
            };
        Ok(Some((Kind::Annotation, Keyword::Annotation(end, key))))
    }

    /// `[key]` or `["key"]`, with whatever characters.
    fn key(&mut self) -> Parsed<String> {
        self.expect("[")?;
        if self.rest().starts_with('"') {
            let key = self.quoted()?;
            self.expect("]")?;
            return Ok(key);
        }
        let rest = self.rest();
        let Some((key, _)) = rest.split_once(']') else {
            return self.fail(self.text.len(), "missing ']' at end of expression");
        };
        if key.trim().is_empty() {
            return self.unexpected("the key of an annotation");
        }
        self.at += key.len() + 1;
        Ok(key.trim().to_owned())
    }

    fn test(&mut self, kind: Kind) -> Parsed<Test> {
        let start = self.at;
        let Some(operator) = self.operator()? else { return Ok(Test::Is) };
        let operand_start = self.text.len() - self.rest().len();
        let operand = self.operand()?;
        let wrong = |expected: &str| Err((operand_start, expected.to_owned()));
        let test = match (kind, operand, operator) {
            (Kind::Truth, Operand::Text(text), operator) => {
                match (text.as_str(), equality(&operator)) {
                    ("true" | "false", Some(equal)) => Ok(Test::Truth((text == "true") == equal)),
                    _ => wrong("= or != and true or false"),
                }
            }
            (Kind::Truth | Kind::Annotation, Operand::Truth(truth), operator) => {
                match equality(&operator) {
                    Some(equal) => Ok(Test::Truth(truth == equal)),
                    None => wrong("= or != before true or false"),
                }
            }
            (
                Kind::Number | Kind::Annotation,
                Operand::Number(number),
                Operator::Compare(compare),
            ) => Ok(Test::Number(compare, number)),
            (Kind::Number, Operand::Text(_), Operator::Compare(_)) => Ok(Test::Never),
            (Kind::Text | Kind::Annotation, Operand::Text(text), operator) => {
                match (text_operator(operator), kind) {
                    (Some(operator), _) => Ok(Test::Text(operator, text)),
                    _ => wrong("=, !=, CONTAINS, BEGINSWITH or ENDSWITH before a text"),
                }
            }
            (Kind::Truth, ..) => wrong("= or != and true or false"),
            (Kind::Number, ..) => wrong("=, !=, <, <=, > or >= and a number"),
            (Kind::Text, ..) => wrong("a text in double quotes"),
            (Kind::Annotation, ..) => wrong("=, !=, <, <=, > or >= before a number"),
        };
        test.or_else(|(at, expected)| {
            let found = self.text[start..self.at].trim();
            self.fail(
                at,
                format!("'{found}' does not fit the keyword before it; hint: use {expected}"),
            )
        })
    }

    fn operator(&mut self) -> Parsed<Option<Operator>> {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        for (sign, comparison) in [
            ("!=", NotEqual),
            ("<=", LessOrEqual),
            (">=", GreaterOrEqual),
            ("=", Equal),
            ("<", Less),
            (">", Greater),
        ] {
            if self.take(sign) {
                if self.rest().starts_with('=') {
                    return self.fail(self.at, "Invalid input symbol: '='; hint: = compares");
                }
                return Ok(Some(Operator::Compare(comparison)));
            }
        }
        for (word, operator) in [
            ("contains", TextOperator::Contains),
            ("beginswith", TextOperator::BeginsWith),
            ("endswith", TextOperator::EndsWith),
        ] {
            if self.take_word(word) {
                return Ok(Some(Operator::Text(operator)));
            }
        }
        Ok(None)
    }

    fn operand(&mut self) -> Parsed<Operand> {
        if self.rest().starts_with('"') {
            return Ok(Operand::Text(self.quoted()?));
        }
        let word = self.word();
        let operand = match word.to_ascii_lowercase().as_str() {
            "true" => Operand::Truth(true),
            "false" => Operand::Truth(false),
            _ => match word.parse::<f64>() {
                Ok(number) if number.is_finite() && !word.contains(['n', 'N']) => {
                    Operand::Number(number)
                }
                _ if word.is_empty() => return self.unexpected("a value"),
                _ => {
                    return self.fail(self.at, format!(
                        "Invalid input symbol: '{word}'; hint: texts need double quotes: \"{word}\""
                    ));
                }
            },
        };
        self.at += word.len();
        Ok(operand)
    }

    /// `\"` and `\\` are escapes; any other backslash stands for itself.
    fn quoted(&mut self) -> Parsed<String> {
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

    fn service(&mut self) -> Parsed<Expression> {
        let mut service = Identity::default();
        if self.take("(") && !self.take(")") {
            service = self.identity()?;
            self.expect(")")?;
        }
        let inside = self.braces()?;
        Ok(self.complex(Complex::Service(service, inside)))
    }

    fn edge(&mut self) -> Parsed<Expression> {
        let (mut source, mut destination) = (Identity::default(), Identity::default());
        if self.take("(") && !self.take(")") {
            source = self.identity()?;
            self.expect(",")?;
            destination = self.identity()?;
            self.expect(")")?;
        }
        let inside = self.braces()?;
        Ok(self.complex(Complex::Edge(source, destination, inside)))
    }

    /// `"name"` or `id(name: "…", type: "…", account.id: "…")`.
    fn identity(&mut self) -> Parsed<Identity> {
        let mut identity = Identity::default();
        if self.rest().starts_with('"') {
            identity.name = Some(self.quoted()?);
            return Ok(identity);
        }
        if !self.take_word("id") {
            return self.unexpected("a name in double quotes or id(name: \"…\", type: \"…\")");
        }
        self.expect("(")?;
        loop {
            let word = self.word();
            let field = match word.to_ascii_lowercase().as_str() {
                "name" => &mut identity.name,
                "type" => &mut identity.kind,
                "account.id" => &mut identity.account,
                _ => return self.unexpected("name, type or account.id"),
            };
            if field.is_some() {
                return self.fail(self.at, format!("'{word}' is said twice"));
            }
            self.at += word.len();
            self.expect(":")?;
            *field = Some(self.quoted()?);
            if !self.take(",") {
                self.expect(")")?;
                return Ok(identity);
            }
        }
    }

    fn braces(&mut self) -> Parsed<Expression> {
        if !self.take("{") || self.take("}") {
            return Ok(Expression::All);
        }
        let inside = self.or()?;
        self.expect("}")?;
        Ok(inside)
    }

    fn cause(&mut self, start: usize, keyword: &str) -> Parsed<Expression> {
        let parts: Vec<_> = keyword.split('.').collect();
        let (category, level) = match parts.as_slice() {
            [_, category, level] => (*category, *level),
            _ => ("", ""),
        };
        let category = match category {
            "fault" => Some(Category::Fault),
            "error" => Some(Category::Error),
            "responsetime" => Some(Category::ResponseTime),
            _ => None,
        };
        let level = match level {
            "service" => Some(Level::Service),
            "entity" => Some(Level::Entity),
            "exception" if category != Some(Category::ResponseTime) => Some(Level::Exception),
            _ => None,
        };
        let (Some(category), Some(level)) = (category, level) else {
            self.at = start;
            return self.unexpected(
                "rootcause.json, or rootcause.fault, .error or .responsetime with .service, .entity or .exception",
            );
        };
        let inside = self.braces()?;
        Ok(self.complex(Complex::Cause(category, level, inside)))
    }

    fn cause_json(&mut self) -> Parsed<Expression> {
        let negated = self.equality("#[…]")?;
        if !self.take("#") || !self.rest().starts_with('[') {
            return self.unexpected("#[ and root causes as JSON ]");
        }
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<Vec<Value>>();
        let causes = match values.next() {
            Some(Ok(causes)) => causes,
            _ => return self.unexpected("valid JSON after #"),
        };
        self.at += values.byte_offset();
        let expression = self.complex(Complex::CauseJson(causes));
        Ok(if negated { Expression::Not(Box::new(expression)) } else { expression })
    }

    fn group(&mut self, by: fn(&super::GroupFilter) -> &String) -> Parsed<Expression> {
        let negated = self.equality("a text")?;
        self.rest();
        let start = self.at;
        let wanted = self.quoted()?;
        let groups = self.groups;
        let Some(group) = groups.0.iter().find(|group| *by(group) == wanted) else {
            return self.fail(start, format!("Group not found: '{wanted}'"));
        };
        // The group's expression in place of its name: positions inside of it would not help anybody.
        let (text, at) = (self.text, self.at);
        (self.text, self.at) = (&group.expression, 0);
        self.depth += 1;
        let inside = self.whole();
        self.depth -= 1;
        (self.text, self.at) = (text, at);
        let inside = match inside {
            Ok(inside) => inside,
            Err(problem) => {
                return self.fail(start, format!("the filter of group '{wanted}': {problem}"));
            }
        };
        let expression = self.complex(Complex::Group(inside));
        Ok(if negated { Expression::Not(Box::new(expression)) } else { expression })
    }

    /// Takes `=` or `!=`, and tells whether it was the latter.
    fn equality(&mut self, before: &str) -> Parsed<bool> {
        match self.operator()?.as_ref().map(equality) {
            Some(Some(equal)) => Ok(!equal),
            _ => self.unexpected(&format!("= or != and {before}")),
        }
    }

    fn complex(&mut self, complex: Complex) -> Expression {
        self.complex += 1;
        Expression::Complex(self.complex - 1, Box::new(complex))
    }

    /// What is still to be parsed, without the space before it.
    fn rest(&mut self) -> &'a str {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest
    }

    /// The next word, which is not taken.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let ends = |c: char| c.is_whitespace() || DELIMITERS.contains(c);
        &rest[..rest.find(ends).unwrap_or(rest.len())]
    }

    fn take(&mut self, sign: &str) -> bool {
        let taken = self.rest().starts_with(sign);
        self.at += if taken { sign.len() } else { 0 };
        taken
    }

    fn take_word(&mut self, word: &str) -> bool {
        let taken = self.word().eq_ignore_ascii_case(word);
        self.at += if taken { word.len() } else { 0 };
        taken
    }

    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.take(sign) {
            return Ok(());
        }
        let place = if self.rest().is_empty() { "at end of expression" } else { "here" };
        self.fail(self.at, format!("missing '{sign}' {place}"))
    }

    /// Complains about what comes next.
    fn unexpected<T>(&mut self, expected: &str) -> Parsed<T> {
        let found = match (self.word(), self.rest().chars().next()) {
            ("", None) => "end of expression".to_owned(),
            ("", Some(character)) => format!("Invalid input symbol: '{character}'"),
            (word, _) => format!("Invalid input symbol: '{word}'"),
        };
        self.fail(self.at, format!("{found}; hint: expected is {expected}"))
    }

    fn fail<T>(&self, at: usize, message: impl Into<String>) -> Parsed<T> {
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Err(FilterError {
            line: before.matches('\n').count() + 1,
            position: before[line_start..].chars().count() + 1,
            message: message.into(),
        })
    }
}

fn equality(operator: &Operator) -> Option<bool> {
    match operator {
        Operator::Compare(Comparison::Equal) => Some(true),
        Operator::Compare(Comparison::NotEqual) => Some(false),
        _ => None,
    }
}

fn text_operator(operator: Operator) -> Option<TextOperator> {
    match operator {
        Operator::Compare(Comparison::Equal) => Some(TextOperator::Equal),
        Operator::Compare(Comparison::NotEqual) => Some(TextOperator::NotEqual),
        Operator::Text(operator) => Some(operator),
        Operator::Compare(_) => None,
    }
}

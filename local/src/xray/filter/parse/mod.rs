/// Terms with services, calls, root causes and groups.
mod complex;
/// Keywords and what they compare with.
mod condition;
/// Words, signs and quoted texts, and where they are.
mod text;

use super::{Expression, Filter, FilterError, Groups};

/// In bytes. Neither this nor the next two limits are X-Ray's.
const MAX_LENGTH: usize = 16 * 1024;
/// How deep parentheses, braces, negations and groups may nest.
const MAX_DEPTH: usize = 32;
/// The most terms, those of groups included.
const MAX_TERMS: usize = 1_000;

type Parsed<T> = Result<T, FilterError>;

/// Parses an expression: `OR` of `AND`s of terms, which may be negated. Terms side by side are joined by `AND`.
pub(super) fn filter(text: &str, groups: &Groups) -> Parsed<Filter> {
    let mut parser = Parser {
        text,
        at: 0,
        groups,
        depth: 0,
        in_edge: false,
        simple: 0,
        complex: 0,
        open: Vec::new(),
        in_circle: false,
    };
    let expression = parser.whole()?;
    Ok(Filter { expression, terms: parser.complex })
}

struct Parser<'a> {
    text: &'a str,
    /// Where the rest begins, in bytes.
    at: usize,
    groups: &'a Groups,
    depth: usize,
    /// Whether the braces around are those of an edge.
    in_edge: bool,
    simple: usize,
    complex: usize,
    /// The groups whose expressions are being parsed, the outermost first.
    open: Vec<&'a str>,
    /// Whether one of them refers to itself.
    in_circle: bool,
}

impl Parser<'_> {
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
                    return self.unexpected(
                        "ok, fault, error, responsetime, http.url, user, annotation[key], service() or another keyword",
                    );
                };
                self.simple += 1;
                Ok(Expression::Simple(keyword, self.test(kind)?))
            }
        }
    }
}

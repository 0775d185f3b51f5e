use serde_json::Value;

use super::{
    super::{Category, Complex, Expression, GroupFilter, Identity, Level},
    Parsed, Parser,
    condition::equality,
};

impl Parser<'_> {
    pub(super) fn service(&mut self) -> Parsed<Expression> {
        let mut service = Identity::default();
        if self.take("(") && !self.take(")") {
            service = self.identity()?;
            self.expect(")")?;
        }
        let inside = self.braces(false)?;
        Ok(self.complex(Complex::Service(service, inside)))
    }

    pub(super) fn edge(&mut self) -> Parsed<Expression> {
        let (mut source, mut destination) = (Identity::default(), Identity::default());
        if self.take("(") && !self.take(")") {
            source = self.identity()?;
            self.expect(",")?;
            destination = self.identity()?;
            self.expect(")")?;
        }
        let inside = self.braces(true)?;
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

    fn braces(&mut self, of_edge: bool) -> Parsed<Expression> {
        if !self.take("{") || self.take("}") {
            return Ok(Expression::All);
        }
        let around = std::mem::replace(&mut self.in_edge, of_edge);
        let inside = self.or()?;
        self.in_edge = around;
        self.expect("}")?;
        Ok(inside)
    }

    pub(super) fn cause(&mut self, start: usize, keyword: &str) -> Parsed<Expression> {
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
        let inside = self.braces(false)?;
        Ok(self.complex(Complex::Cause(category, level, inside)))
    }

    pub(super) fn cause_json(&mut self) -> Parsed<Expression> {
        let negated = self.equality("#[…]")?;
        if !self.take("#") || !self.rest().starts_with('[') {
            return self.unexpected("#[ and root causes as JSON ]");
        }
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<Vec<Value>>();
        let Some(Ok(causes)) = values.next() else {
            return self.unexpected("valid JSON after #");
        };
        self.at += values.byte_offset();
        let expression = self.complex(Complex::CauseJson(causes));
        Ok(if negated { Expression::Not(Box::new(expression)) } else { expression })
    }

    pub(super) fn group(&mut self, by: fn(&GroupFilter) -> &String) -> Parsed<Expression> {
        let negated = self.equality("a text")?;
        self.rest();
        let start = self.at;
        let wanted = self.quoted()?;
        let groups = self.groups;
        let Some(group) = groups.0.iter().find(|group| *by(group) == wanted) else {
            return self.fail(start, format!("Group not found: '{wanted}'"));
        };
        if self.open.contains(&group.name.as_str()) {
            self.in_circle = true;
            return self.fail(start, format!("group '{wanted}' refers to itself"));
        }
        // The group's expression in place of its name: positions inside of it would not help anybody.
        let (text, at, in_edge) = (self.text, self.at, self.in_edge);
        (self.text, self.at, self.in_edge) = (&group.expression, 0, false);
        self.depth += 1;
        self.open.push(&group.name);
        let inside = self.whole();
        self.open.pop();
        self.depth -= 1;
        (self.text, self.at, self.in_edge) = (text, at, in_edge);
        let inside = match inside {
            Ok(inside) => inside,
            Err(_) if self.in_circle => {
                let message = format!("the filter of group '{wanted}' leads back to itself");
                return self.fail(start, message);
            }
            Err(problem) => {
                return self.fail(start, format!("the filter of group '{wanted}': {problem}"));
            }
        };
        let expression = self.complex(Complex::Group(inside));
        Ok(if negated { Expression::Not(Box::new(expression)) } else { expression })
    }

    /// Takes `=` or `!=`, and returns whether it was the latter.
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
}

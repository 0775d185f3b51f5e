use super::{
    super::{Comparison, End, Keyword, Test, TextOperator},
    Parsed, Parser,
};

/// What a keyword's values are.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
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

pub(super) enum Operator {
    Compare(Comparison),
    Text(TextOperator),
}

enum Operand {
    Truth(bool),
    Number(f64),
    Text(String),
}

impl Parser<'_> {
    /// The keyword that `word` is, with the key if it is an annotation. Only edges have a source and a destination, so
    /// annotations of these are refused elsewhere.
    pub(super) fn keyword(
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
        if end.is_some() && !self.in_edge {
            let message = format!(
                "'{word}' speaks of a call; hint: use it inside of edge(\"…\", \"…\") {{ }}"
            );
            return self.fail(start, message);
        }
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

    /// The operator and the value after a keyword, if it has any.
    pub(super) fn test(&mut self, kind: Kind) -> Parsed<Test> {
        let start = self.at;
        let Some(operator) = self.operator()? else { return Ok(Test::Is) };
        self.rest();
        let operand_start = self.at;
        let operand = self.operand()?;
        test(kind, operator, operand).or_else(|expected| {
            let found = self.text[start..self.at].trim();
            let message = format!("'{found}' does not fit here; hint: use {expected}");
            self.fail(operand_start, message)
        })
    }

    pub(super) fn operator(&mut self) -> Parsed<Option<Operator>> {
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
        if self.rest().starts_with('\'') {
            return self
                .fail(self.at, "Invalid input symbol: \"'\"; hint: texts need double quotes");
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
}

/// What an operator and a value test of a keyword's values, or what would fit.
///
/// A text in place of a number (`http.status = "200"`) is refused: X-Ray's guide says that values of the wrong type are,
/// and a filter that never finds anything would help nobody. That AWS refuses this very one is not confirmed. But `"true"` is
/// taken for `true`, because the guide compares truths with "the string true or false".
fn test(kind: Kind, operator: Operator, operand: Operand) -> Result<Test, &'static str> {
    match (kind, operand) {
        (Kind::Truth, Operand::Text(text)) if matches!(text.as_str(), "true" | "false") => {
            test(kind, operator, Operand::Truth(text == "true"))
        }
        (Kind::Truth | Kind::Annotation, Operand::Truth(truth)) => {
            let equal = equality(&operator).ok_or("= or != before true or false")?;
            Ok(Test::Truth(truth == equal))
        }
        (Kind::Number | Kind::Annotation, Operand::Number(number)) => match operator {
            Operator::Compare(comparison) => Ok(Test::Number(comparison, number)),
            Operator::Text(_) => Err("=, !=, <, <=, > or >= before a number"),
        },
        (Kind::Text | Kind::Annotation, Operand::Text(text)) => {
            let operator = text_operator(&operator)
                .ok_or("=, !=, CONTAINS, BEGINSWITH or ENDSWITH before a text")?;
            Ok(Test::Text(operator, text))
        }
        (Kind::Truth, _) => Err("= or !=, and true or false"),
        (Kind::Number, Operand::Text(text)) if text.parse::<f64>().is_ok() => {
            Err("a number without double quotes")
        }
        (Kind::Number, _) => Err("=, !=, <, <=, > or >=, and a number"),
        (Kind::Text, _) => Err("a text in double quotes"),
    }
}

/// Whether an operator is `=`; nothing if it is neither `=` nor `!=`.
pub(super) fn equality(operator: &Operator) -> Option<bool> {
    match operator {
        Operator::Compare(Comparison::Equal) => Some(true),
        Operator::Compare(Comparison::NotEqual) => Some(false),
        _ => None,
    }
}

fn text_operator(operator: &Operator) -> Option<TextOperator> {
    match operator {
        Operator::Compare(Comparison::Equal) => Some(TextOperator::Equal),
        Operator::Compare(Comparison::NotEqual) => Some(TextOperator::NotEqual),
        Operator::Text(operator) => Some(*operator),
        Operator::Compare(_) => None,
    }
}

use super::{
    cidr::{self, Network},
    json::{Lexed, Reader, Token},
    matcher::{Bound, Matcher},
    number::Number,
    pattern::Refusal,
    wildcard::Wildcard,
};

const ONE_KEY: &str = "Only one key allowed in match expression";
const TOO_MANY: &str = "Too many elements in numeric expression";
const NOT_ONE_KIND: &str =
    "Inside anything but list, either all values are number or string, mixed type is not supported";
const NULL_AFFIX: &str = "Null prefix/suffix not allowed";
const NO_TEXT_OR_NUMBER: &str = "Inside anything but list, start|null|boolean is not supported.";

/// Reads the alternatives of a field, whose opening bracket has been read.
pub(super) fn parse_all(reader: &mut Reader<'_>) -> Result<Vec<Matcher>, Refusal> {
    let mut matchers = Vec::new();
    loop {
        let lexed = next(reader)?;
        matchers.push(match lexed.token {
            Token::BeginObject => expression(reader)?,
            Token::Text(text) => match cidr::parse_address(&text) {
                Some(address) => Matcher::Address(address),
                None => Matcher::Text(text.into_owned()),
            },
            Token::Number(number) => Matcher::Number(Number::parse(number)),
            Token::Bool(truth) => Matcher::Bool(truth),
            Token::Null => Matcher::Null,
            Token::EndArray if matchers.is_empty() => {
                return Err(Refusal::at(lexed.end, "Empty arrays are not allowed"));
            }
            Token::EndArray => return Ok(matchers),
            _ => {
                let reason = "Match value must be String, number, true, false, or null";
                return Err(Refusal::at(lexed.seen, reason));
            }
        });
    }
}

/// The next token; a text that ends too early is not JSON.
pub(super) fn next<'a>(reader: &mut Reader<'a>) -> Result<Lexed<'a>, Refusal> {
    reader.next()?.ok_or_else(|| Refusal::anywhere("Unexpected end-of-input"))
}

fn expression(reader: &mut Reader<'_>) -> Result<Matcher, Refusal> {
    let operator = next(reader)?;
    let Token::Name(name) = operator.token else {
        return Err(Refusal::at(operator.end, "Match expression name not found"));
    };
    let (matcher, otherwise) = match &*name {
        "exactly" => {
            let (text, _) = text(reader, "exact match pattern must be a string")?;
            (Matcher::Text(text), ONE_KEY)
        }
        "prefix" => (affix(reader, "prefix")?, ONE_KEY),
        "suffix" => (affix(reader, "suffix")?, ONE_KEY),
        "equals-ignore-case" => {
            let (text, _) = text(reader, "equals-ignore-case match pattern must be a string")?;
            (Matcher::EqualsIgnoreCase(text), ONE_KEY)
        }
        "wildcard" => {
            let (text, end) = text(reader, "wildcard match pattern must be a string")?;
            (Matcher::Wildcard(wildcard(&text, end)?), ONE_KEY)
        }
        "cidr" => {
            // EventBridge speaks of a prefix here too.
            let (text, _) = text(reader, "prefix match pattern must be a string")?;
            (Matcher::Cidr(Network::parse(&text).map_err(Refusal::anywhere)?), ONE_KEY)
        }
        "exists" => {
            let operand = next(reader)?;
            let Token::Bool(wanted) = operand.token else {
                let reason = "exists match pattern must be either true or false.";
                return Err(Refusal::at(operand.seen, reason));
            };
            (Matcher::Exists(wanted), ONE_KEY)
        }
        "numeric" => (numeric(reader)?, TOO_MANY),
        "anything-but" => (anything_but(reader)?, TOO_MANY),
        other => {
            return Err(Refusal::at(operator.seen, format!("Unrecognized match type {other}")));
        }
    };
    end_object(reader, otherwise)?;
    Ok(matcher)
}

fn end_object(reader: &mut Reader<'_>, otherwise: &str) -> Result<(), Refusal> {
    let lexed = next(reader)?;
    if lexed.token == Token::EndObject { Ok(()) } else { Err(Refusal::at(lexed.seen, otherwise)) }
}

/// A text and where it ends.
fn text(reader: &mut Reader<'_>, otherwise: &str) -> Result<(String, usize), Refusal> {
    let operand = next(reader)?;
    match operand.token {
        Token::Text(text) => Ok((text.into_owned(), operand.end)),
        _ => Err(Refusal::at(operand.seen, otherwise)),
    }
}

fn wildcard(text: &str, end: usize) -> Result<Wildcard, Refusal> {
    Wildcard::parse(text).map_err(|reason| Refusal::at(end, reason))
}

/// A prefix or suffix: a text, or `{"equals-ignore-case": text}`. An empty one matches every text.
fn affix(reader: &mut Reader<'_>, operator: &str) -> Result<Matcher, Refusal> {
    let operand = next(reader)?;
    match operand.token {
        Token::Text(text) if operator == "prefix" => Ok(Matcher::Prefix(text.into_owned())),
        Token::Text(text) => Ok(Matcher::Suffix(text.into_owned())),
        Token::BeginObject => {
            let nested = next(reader)?;
            let Token::Name(name) = nested.token else {
                let (first, rest) = operator.split_at(1);
                let reason = format!("{}{rest} expression name not found", first.to_uppercase());
                return Err(Refusal::at(nested.end, reason));
            };
            if name != "equals-ignore-case" {
                let reason = format!("Unsupported {operator} pattern: {name}");
                return Err(Refusal::at(nested.seen, reason));
            }
            let (text, _) = text(reader, "equals-ignore-case match pattern must be a string")?;
            end_object(reader, ONE_KEY)?;
            Ok(if operator == "prefix" {
                Matcher::PrefixIgnoreCase(text)
            } else {
                Matcher::SuffixIgnoreCase(text)
            })
        }
        _ => {
            let reason = format!("{operator} match pattern must be a string");
            Err(Refusal::at(operand.seen, reason))
        }
    }
}

/// `["=", 1]`, `["<", 1]`, or a range: `[">", 0, "<=", 5]`.
fn numeric(reader: &mut Reader<'_>) -> Result<Matcher, Refusal> {
    let opening = next(reader)?;
    if opening.token != Token::BeginArray {
        return Err(Refusal::at(opening.seen, "Value of numeric must be an array."));
    }
    let operator = next(reader)?;
    let Token::Text(name) = &operator.token else {
        let reason = format!("Invalid member in numeric match: {}", shown(&operator.token));
        return Err(Refusal::at(operator.seen, reason));
    };
    let bound = next(reader)?;
    let called = match &**name {
        "=" => "equals",
        "<" | "<=" | ">" | ">=" => name,
        other => {
            let reason = format!("Unrecognized numeric range operator: {other}");
            return Err(Refusal::at(bound.seen, reason));
        }
    };
    let Token::Number(one) = bound.token else {
        return Err(Refusal::at(bound.seen, format!("Value of {called} must be numeric")));
    };
    let closing = next(reader)?;
    let opens_range = name.starts_with('>');
    if closing.token != Token::EndArray {
        if opens_range {
            return range(reader, name, one, &closing);
        }
        return Err(Refusal::at(closing.seen, TOO_MANY));
    }
    let number =
        Number::parse_comparable(one).map_err(|reason| Refusal::at(closing.end, reason))?;
    Ok(match &**name {
        "=" => Matcher::Number(number),
        name => Matcher::Numeric(bound_of(name, &number), None),
    })
}

/// The second half of a range, whose lower bound and next token have been read.
fn range(
    reader: &mut Reader<'_>,
    lower: &str,
    bottom: &str,
    operator: &Lexed<'_>,
) -> Result<Matcher, Refusal> {
    let Token::Text(upper) = &operator.token else {
        let reason = format!("Bad value in numeric range: {}", shown(&operator.token));
        return Err(Refusal::at(operator.seen, reason));
    };
    if upper != "<" && upper != "<=" {
        let reason = format!("Bad numeric range operator: {upper}");
        return Err(Refusal::at(operator.end, reason));
    }
    let bound = next(reader)?;
    let Token::Number(top) = bound.token else {
        return Err(Refusal::at(bound.seen, format!("Value of {upper} must be numeric")));
    };
    let closing = next(reader)?;
    if closing.token != Token::EndArray {
        return Err(Refusal::at(closing.seen, "Too many terms in numeric range expression"));
    }
    let at_end = |reason: String| Refusal::at(closing.end, reason);
    let bottom = Number::parse_comparable(bottom).map_err(at_end)?;
    let top = Number::parse_comparable(top).map_err(at_end)?;
    if bottom.double >= top.double {
        return Err(at_end("Bottom must be less than top".to_owned()));
    }
    Ok(Matcher::Numeric(bound_of(lower, &bottom), Some(bound_of(upper, &top))))
}

fn bound_of(operator: &str, number: &Number) -> Bound {
    match operator {
        "<" => Bound::Less(number.double),
        "<=" => Bound::LessOrEqual(number.double),
        ">" => Bound::Greater(number.double),
        _ => Bound::GreaterOrEqual(number.double),
    }
}

/// How EventBridge shows a token that it did not expect.
fn shown<'t>(token: &'t Token<'_>) -> &'t str {
    match token {
        Token::BeginObject => "{",
        Token::EndObject => "}",
        Token::BeginArray => "[",
        Token::EndArray => "]",
        Token::Name(text) | Token::Text(text) => text,
        Token::Number(text) => text,
        Token::Bool(true) => "true",
        Token::Bool(false) => "false",
        Token::Null => "null",
    }
}

fn anything_but(reader: &mut Reader<'_>) -> Result<Matcher, Refusal> {
    let operand = next(reader)?;
    let matchers = match operand.token {
        Token::BeginObject => {
            let matchers = anything_but_expression(reader)?;
            end_object(reader, TOO_MANY)?;
            matchers
        }
        Token::BeginArray => anything_but_list(reader)?,
        Token::Text(text) => vec![Matcher::Text(text.into_owned())],
        Token::Number(number) => {
            vec![Matcher::Number(Number::parse_comparable(number).map_err(Refusal::anywhere)?)]
        }
        _ => return Err(no_operand(operand.seen)),
    };
    Ok(Matcher::AnythingBut(matchers))
}

fn no_operand(at: usize) -> Refusal {
    let reason = "Value of anything-but must be an array or single string/number value.";
    Refusal::at(at, reason)
}

/// Texts only or numbers only.
fn anything_but_list(reader: &mut Reader<'_>) -> Result<Vec<Matcher>, Refusal> {
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    let end = loop {
        let item = next(reader)?;
        match item.token {
            Token::Text(text) => texts.push(Matcher::Text(text.into_owned())),
            Token::Number(number) => numbers.push(Matcher::Number(
                Number::parse_comparable(number).map_err(|reason| Refusal::at(item.end, reason))?,
            )),
            Token::EndArray => break item.end,
            _ => return Err(Refusal::twice_at(item.seen, NO_TEXT_OR_NUMBER)),
        }
    };
    match (texts.is_empty(), numbers.is_empty()) {
        (false, true) => Ok(texts),
        (true, false) => Ok(numbers),
        _ => Err(Refusal::at(end, NOT_ONE_KIND)),
    }
}

/// `{"prefix": "a"}` or `{"prefix": ["a", "b"]}`, whose opening brace has been read.
fn anything_but_expression(reader: &mut Reader<'_>) -> Result<Vec<Matcher>, Refusal> {
    let operator = next(reader)?;
    let Token::Name(name) = operator.token else {
        return Err(Refusal::at(operator.end, "Anything-But expression name not found"));
    };
    let no_text = match &*name {
        "prefix" | "suffix" => "prefix/suffix match pattern must be a string",
        "wildcard" => "wildcard match pattern must be a string",
        "equals-ignore-case" => {
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
        }
        other => {
            let reason = format!("Unsupported anything-but pattern: {other}");
            return Err(Refusal::at(operator.seen, reason));
        }
    };
    let excluded = |text: String, at: usize| match &*name {
        "prefix" => Ok(Matcher::Prefix(text)),
        "suffix" => Ok(Matcher::Suffix(text)),
        "wildcard" => wildcard(&text, at).map(Matcher::Wildcard),
        _ => Ok(Matcher::EqualsIgnoreCase(text)),
    };
    let is_null = |text: &str| text.is_empty() && matches!(&*name, "prefix" | "suffix");
    let operand = next(reader)?;
    match operand.token {
        Token::Text(text) if is_null(&text) => Err(Refusal::at(operand.end, NULL_AFFIX)),
        Token::Text(text) => Ok(vec![excluded(text.into_owned(), operand.end)?]),
        Token::Number(_) => Err(Refusal::at(operand.seen, no_text)),
        Token::BeginArray => {
            let mut texts = Vec::new();
            loop {
                let item = next(reader)?;
                match item.token {
                    Token::Text(text) if is_null(&text) => {
                        return Err(Refusal::twice_at(item.end, NULL_AFFIX));
                    }
                    Token::Text(text) => texts.push(text.into_owned()),
                    // EventBridge answers with a failure of its own where nothing is excluded.
                    Token::EndArray if texts.is_empty() => {
                        return Err(Refusal::at(item.end, "Empty arrays are not allowed"));
                    }
                    Token::EndArray => {
                        texts.sort_unstable();
                        texts.dedup();
                        return texts.into_iter().map(|text| excluded(text, item.end)).collect();
                    }
                    _ => return Err(Refusal::twice_at(item.seen, no_text)),
                }
            }
        }
        _ => Err(no_operand(operand.seen)),
    }
}

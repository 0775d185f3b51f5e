use super::{
    cidr::{self, Network},
    json::{Lexed, Reader, Token},
    matcher::Matcher,
    number::Number,
    numeric::numeric,
    refusal::Refusal,
    wildcard::Wildcard,
};

const ONE_KEY: &str = "Only one key allowed in match expression";
pub(super) const TOO_MANY: &str = "Too many elements in numeric expression";
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
            Token::Number(number) => Matcher::Number(
                Number::parse_exact(number).map_err(|reason| Refusal::at(lexed.end, reason))?,
            ),
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

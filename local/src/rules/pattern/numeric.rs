use super::{
    expression::{TOO_MANY, next},
    json::{Lexed, Reader, Token},
    matcher::{Bound, Matcher},
    number::Number,
    refusal::Refusal,
};

/// `["=", 1]`, `["<", 1]`, or a range: `[">", 0, "<=", 5]`.
pub(super) fn numeric(reader: &mut Reader<'_>) -> Result<Matcher, Refusal> {
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

use serde_json::{Map, Value};

use super::AwsError;

/// A parameter of an operation: its name, what it holds, whether it has to be there.
pub(crate) type Parameter = (&'static str, Form, bool);

/// What a parameter holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// A text with at least and at most so many characters.
    Text(usize, usize),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Truth,
    /// A whole number from the first to the second.
    Whole(i64, i64),
    /// A number from the first to the second.
    Number(f64, f64),
    /// Seconds since the epoch.
    Time,
    /// At most so many texts of that form.
    Texts(usize, usize),
    /// At most so many structures.
    Structures(usize, &'static [Parameter]),
    /// A structure.
    Structure(&'static [Parameter]),
    /// Texts by text, at most so many, each with at most so many characters.
    Map(usize, usize),
}

/// No limit that a request could reach.
pub(crate) const ANY: usize = usize::MAX;

/// The latest time that AWS's clients can read: the end of the year 9999.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// Checks a request against the parameters that its operation has. An unknown one is refused, because a
/// misspelt filter that is ignored answers another question than the one that was asked.
pub(crate) fn check(request: &Value, parameters: &[Parameter]) -> Result<(), AwsError> {
    let Some(members) = request.as_object() else {
        return Err(invalid("the request is not a JSON object"));
    };
    structure(members, parameters, "")
}

fn structure(
    members: &Map<String, Value>,
    parameters: &[Parameter],
    within: &str,
) -> Result<(), AwsError> {
    let known = |name: &str| parameters.iter().any(|(known, ..)| *known == name);
    if let Some(unknown) = members.keys().find(|name| !known(name)) {
        let names: Vec<_> = parameters.iter().map(|(name, ..)| *name).collect();
        let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(invalid(format!(
            "there is no parameter `{unknown}`{}; there are: {has}",
            if within.is_empty() { String::new() } else { format!(" in `{within}`") },
        )));
    }
    for (name, form, required) in parameters {
        let path = if within.is_empty() { (*name).to_owned() } else { format!("{within}.{name}") };
        match members.get(*name).filter(|value| !value.is_null()) {
            Some(value) => form.check(value, &path)?,
            None if *required => return Err(violation("null", &path, "must not be null")),
            None => {}
        }
    }
    Ok(())
}

impl Form {
    fn check(self, value: &Value, path: &str) -> Result<(), AwsError> {
        match self {
            Self::Text(..) | Self::OneOf(_) => self.check_text(value, path),
            Self::Truth if value.is_boolean() => Ok(()),
            Self::Whole(least, most) => match value.as_i64() {
                None => Err(self.mistyped(value, path)),
                Some(number) if number < least => Err(bound(value, path, "greater", least)),
                Some(number) if number > most => Err(bound(value, path, "less", most)),
                Some(_) => Ok(()),
            },
            Self::Number(least, most) => match value.as_f64() {
                None => Err(self.mistyped(value, path)),
                Some(number) if number < least => Err(bound(value, path, "greater", least)),
                Some(number) if number > most => Err(bound(value, path, "less", most)),
                Some(_) => Ok(()),
            },
            Self::Time => match value.as_f64() {
                Some(time) if (0.0..=LAST_SECOND).contains(&time) => Ok(()),
                _ => Err(self.mistyped(value, path)),
            },
            Self::Texts(most, longest) => {
                let items = value.as_array().ok_or_else(|| self.mistyped(value, path))?;
                check_count(items.len(), most, path)?;
                items.iter().try_for_each(|item| Self::Text(1, longest).check(item, path))
            }
            Self::Structures(most, parameters) => {
                let items = value.as_array().ok_or_else(|| self.mistyped(value, path))?;
                check_count(items.len(), most, path)?;
                items.iter().try_for_each(|item| Self::Structure(parameters).check(item, path))
            }
            Self::Structure(parameters) => {
                let members = value.as_object().ok_or_else(|| self.mistyped(value, path))?;
                structure(members, parameters, path)
            }
            Self::Map(most, longest) => {
                let entries = value.as_object().ok_or_else(|| self.mistyped(value, path))?;
                check_count(entries.len(), most, path)?;
                entries.iter().try_for_each(|(key, value)| {
                    Self::Text(1, longest).check(&Value::String(key.clone()), path)?;
                    Self::Text(1, longest).check(value, path)
                })
            }
            Self::Truth => Err(self.mistyped(value, path)),
        }
    }

    fn check_text(self, value: &Value, path: &str) -> Result<(), AwsError> {
        let text = value.as_str().ok_or_else(|| self.mistyped(value, path))?;
        let length = text.chars().count();
        match self {
            Self::Text(least, _) if length < least => {
                let must = format!("must have length greater than or equal to {least}");
                Err(violation(text, path, &must))
            }
            Self::Text(_, most) if length > most => Err(violation(
                text,
                path,
                &format!("must have length less than or equal to {most}"),
            )),
            Self::OneOf(known) if !known.contains(&text) => {
                let must = format!("must satisfy enum value set: [{}]", known.join(", "));
                Err(violation(text, path, &must))
            }
            _ => Ok(()),
        }
    }

    fn mistyped(self, value: &Value, path: &str) -> AwsError {
        let form = match self {
            Self::Text(..) | Self::OneOf(_) => "a text",
            Self::Truth => "true or false",
            Self::Whole(..) => "a whole number",
            Self::Number(..) => "a number",
            Self::Time => "a number of seconds since 1970",
            Self::Texts(..) => "a list of texts",
            Self::Structures(..) => "a list of objects",
            Self::Structure(_) => "an object",
            Self::Map(..) => "an object with texts",
        };
        invalid(format!("`{path}` is {form}, not {value}"))
    }
}

/// The error for what an operation does not understand, by the name that most APIs have for it.
fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("InvalidRequestException", message)
}

fn check_count(count: usize, limit: usize, path: &str) -> Result<(), AwsError> {
    if count <= limit {
        return Ok(());
    }
    let must = format!("must have length less than or equal to {limit}");
    Err(violation(&format!("{count} items"), path, &must))
}

fn bound(value: &Value, path: &str, than: &str, bound: impl std::fmt::Display) -> AwsError {
    let must = format!("must have value {than} than or equal to {bound}");
    violation(&value.to_string(), path, &must)
}

/// The sentence of AWS's own validation.
fn violation(value: &str, path: &str, must: &str) -> AwsError {
    let lower: Vec<_> = path.split('.').map(lower_first).collect();
    let quoted = if value == "null" { value.to_owned() } else { format!("'{value}'") };
    let message = format!(
        "1 validation error detected: Value {quoted} at '{}' failed to satisfy constraint: Member {must}",
        lower.join(".")
    );
    AwsError::bad_request("ValidationException", message)
}

fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_and_what_is_wrong_with_them() {
        const TAG: &[Parameter] = &[("Key", Form::Text(1, 3), true)];
        const PARAMETERS: &[Parameter] = &[
            ("Name", Form::Text(1, 5), true),
            ("Kind", Form::OneOf(&["A", "B"]), false),
            ("Count", Form::Whole(1, 9), false),
            ("Rate", Form::Number(0.0, 1.0), false),
            ("Start", Form::Time, false),
            ("On", Form::Truth, false),
            ("Ids", Form::Texts(2, 3), false),
            ("Tags", Form::Structures(2, TAG), false),
            ("Map", Form::Map(1, 2), false),
        ];
        for (more, wrong) in [
            (json!({}), None),
            (json!({ "Name": null }), Some("Value null at 'name' failed to satisfy constraint")),
            (json!({ "Name": 3 }), Some("`Name` is a text, not 3")),
            (json!({ "Name": "" }), Some("length greater than or equal to 1")),
            (json!({ "Name": "abcdef" }), Some("Value 'abcdef' at 'name'")),
            (json!({ "name": "x" }), Some("no parameter `name`; there are: Name, Kind")),
            (json!({ "Kind": "C" }), Some("enum value set: [A, B]")),
            (json!({ "Kind": null, "Count": 9, "Rate": 0.5, "Start": 1.5, "On": false }), None),
            (json!({ "Count": 0 }), Some("value greater than or equal to 1")),
            (json!({ "Count": 10 }), Some("value less than or equal to 9")),
            (json!({ "Count": 1.5 }), Some("`Count` is a whole number, not 1.5")),
            (json!({ "Rate": 1.5 }), Some("value less than or equal to 1")),
            (json!({ "Start": "now" }), Some("`Start` is a number of seconds")),
            (json!({ "Start": 1e308 }), Some("`Start` is a number of seconds")),
            (json!({ "On": "true" }), Some("`On` is true or false")),
            (json!({ "Ids": ["a", "b"] }), None),
            (json!({ "Ids": ["a", "b", "c"] }), Some("Value '3 items' at 'ids'")),
            (json!({ "Ids": [1] }), Some("`Ids` is a text, not 1")),
            (json!({ "Tags": [{ "Key": "a" }], "Map": { "a": "b" } }), None),
            (json!({ "Tags": [{}] }), Some("Value null at 'tags.key'")),
            (json!({ "Tags": [{ "Key": "a", "X": 1 }] }), Some("no parameter `X` in `Tags`")),
            (json!({ "Map": { "a": 1 } }), Some("`Map` is a text, not 1")),
        ] {
            let mut request = json!({ "Name": "n" });
            for (name, value) in more.as_object().unwrap() {
                request[name] = value.clone();
            }
            let message = check(&request, PARAMETERS).err().map(|error| error.message);
            let as_expected = match (&message, wrong) {
                (Some(message), Some(wrong)) => message.contains(wrong),
                (message, wrong) => message.is_none() && wrong.is_none(),
            };
            assert!(as_expected, "{request}: {message:?}, not {wrong:?}");
        }
        assert!(check(&json!([]), PARAMETERS).is_err());
    }
}

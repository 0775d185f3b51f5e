use std::{env, fmt::Display, str::FromStr};

/// An environment variable that is missing or makes no sense. The function's init fails with it.
#[derive(Debug, thiserror::Error)]
pub enum BadVariable {
    /// The variable is not set.
    #[error(
        "the environment variable `{0}` is not set; infra/template.yaml sets it for each function"
    )]
    Missing(&'static str),
    /// The variable is set to something that cannot be used.
    #[error("the environment variable `{name}` is `{value}`: {reason}")]
    Unusable {
        /// The variable.
        name: &'static str,
        /// What it is set to.
        value: String,
        /// What is wrong with that.
        reason: String,
    },
}

/// The value of the variable `name`.
pub fn required<T: FromStr<Err: Display>>(name: &'static str) -> Result<T, BadVariable> {
    let value = env::var(name).map_err(|_| BadVariable::Missing(name))?;
    parse(name, value)
}

/// The value of the variable `name`, or `default` when it is not set.
pub fn optional<T: FromStr<Err: Display>>(
    name: &'static str,
    default: T,
) -> Result<T, BadVariable> {
    env::var(name).map_or(Ok(default), |value| parse(name, value))
}

fn parse<T: FromStr<Err: Display>>(name: &'static str, value: String) -> Result<T, BadVariable> {
    value.parse().map_err(|error: T::Err| BadVariable::Unusable {
        name,
        reason: error.to_string(),
        value,
    })
}

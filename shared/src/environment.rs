use std::{env, error::Error, str::FromStr};

/// An environment variable that is missing or invalid. The function's init fails with it.
#[derive(Debug, thiserror::Error)]
pub enum InvalidVariable {
    /// The variable is not set.
    #[error(
        "the environment variable `{0}` is not set; infra/template.yaml sets it for each function"
    )]
    Missing(&'static str),
    /// The variable's value is invalid.
    #[error("the environment variable `{name}` is `{value}`")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with that.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// The value of the variable `name`.
pub fn required<T: FromStr<Err: Error + Send + Sync + 'static>>(
    name: &'static str,
) -> Result<T, InvalidVariable> {
    let value = env::var(name).map_err(|_| InvalidVariable::Missing(name))?;
    parse(name, value)
}

/// The value of the variable `name`, or `default` when it is not set.
pub fn optional<T: FromStr<Err: Error + Send + Sync + 'static>>(
    name: &'static str,
    default: T,
) -> Result<T, InvalidVariable> {
    env::var(name).map_or(Ok(default), |value| parse(name, value))
}

fn parse<T: FromStr<Err: Error + Send + Sync + 'static>>(
    name: &'static str,
    value: String,
) -> Result<T, InvalidVariable> {
    value.parse().map_err(|error: T::Err| InvalidVariable::Invalid {
        name,
        value,
        source: Box::new(error),
    })
}

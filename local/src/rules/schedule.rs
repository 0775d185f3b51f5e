/// `cron(...)`.
mod cron;

use std::{fmt, str::FromStr, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use self::cron::Cron;

/// When a schedule is due, in UTC.
/// See <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// `rate(5 minutes)`: that long after the start, and again and again.
    Rate(TimeDelta),
    Cron(Box<Cron>),
}

/// Why EventBridge refuses an expression.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the schedule expression `{text}` is not valid: {reason}")]
pub struct ExpressionError {
    text: String,
    reason: String,
}

impl Expression {
    /// The next time after `after`, `None` if there is none any more. A rate counts from there.
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match &self.kind {
            Kind::Rate(period) => after.checked_add_signed(*period),
            Kind::Cron(cron) => cron.next(after),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        let inside = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        let kind = if let Some(rate) = inside("rate") {
            rate_period(rate).map(Kind::Rate)
        } else if let Some(fields) = inside("cron") {
            fields.parse().map(Box::new).map(Kind::Cron)
        } else {
            Err("it has to be rate(...) or cron(...)".to_owned())
        };
        match kind {
            Ok(kind) => Ok(Self { text: text.to_owned(), kind }),
            Err(reason) => Err(ExpressionError { text: text.to_owned(), reason }),
        }
    }
}

/// `1 minute`, `5 minutes`: the unit is singular for one alone.
fn rate_period(text: &str) -> Result<TimeDelta, String> {
    let (number, unit) =
        text.split_once(' ').ok_or("a rate is a number and a unit, such as `5 minutes`")?;
    let number: u32 = number
        .parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("`{number}` is no positive number"))?;
    let minutes = match unit.trim().strip_suffix('s').unwrap_or(unit.trim()) {
        "minute" => 1,
        "hour" => 60,
        "day" => 24 * 60,
        other => return Err(format!("`{other}` is none of minute, hour, day")),
    };
    if unit.trim().ends_with('s') != (number > 1) {
        return Err(format!("one {unit} is singular, several are plural"));
    }
    TimeDelta::from_std(Duration::from_secs(u64::from(number) * minutes * 60))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr, time::Duration};

/// The services whose calls can meet a fault.
const SERVICES: [&str; 7] = ["dynamodb", "events", "sns", "sqs", "lambda", "xray", "apigateway"];
/// The kinds as they are written.
const KINDS: &str = "throttle, error, reset, lost, hang(ms), delay(ms), partial, duplicate, \
                     kill-before, kill-after";
/// The longest pause, in milliseconds.
const MAX_PAUSE: u64 = 900_000;

/// A fault, written `SERVICE[:OPERATION][/FUNCTION]=KIND[(MS)]` and then how often: `@5%` of the calls, `@2`
/// for the next two, `#3` for the third one.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub(super) service: String,
    /// Only calls of this operation.
    pub(super) operation: Option<String>,
    /// Only calls by this function; of `lambda`, only invocations of it.
    pub(super) function: Option<String>,
    pub(super) kind: Kind,
    pub(super) frequency: Frequency,
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The service's own throttling error; nothing is done.
    Throttle,
    /// Status 500 or 503; nothing is done.
    Error,
    /// The connection is closed; nothing is done.
    Reset,
    /// The work is done; then the connection is closed, or status 500 is answered.
    Lost,
    /// A pause, then the work is done, even if the caller gave up meanwhile.
    Hang(Duration),
    /// The work is done; the answer comes after a pause.
    Delay(Duration),
    /// `PutEvents`: some entries fail, the others are published.
    Partial,
    /// `PutEvents`: the entries are published twice. Asynchronous invocations: the event is delivered twice.
    Duplicate,
    /// The calling function's process is killed; nothing is done.
    KillBefore,
    /// The work is done; then the calling function's process is killed.
    KillAfter,
}

/// How many of the calls meet a fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Frequency {
    /// This many of a hundred.
    Percent(f64),
    /// The first ones from now on.
    Next(u64),
    /// Only this one, counted from 1.
    Nth(u64),
}

/// Why a text is no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no fault: {problem}\n\nhint: write SERVICE[:OPERATION][/FUNCTION]=KIND, then @PERCENT%, @COUNT or #NUMBER: events:PutEvents=throttle@5%"
)]
pub struct FaultError {
    text: String,
    problem: String,
}

impl Kind {
    /// Its name, without the pause.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::Error => "error",
            Self::Reset => "reset",
            Self::Lost => "lost",
            Self::Hang(_) => "hang",
            Self::Delay(_) => "delay",
            Self::Partial => "partial",
            Self::Duplicate => "duplicate",
            Self::KillBefore => "kill-before",
            Self::KillAfter => "kill-after",
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (name, pause) = match text.split_once('(') {
            None => (text, None),
            Some((name, rest)) => {
                let digits = rest.strip_suffix(')').unwrap_or_default();
                let pause = digits.parse().ok().filter(|pause| *pause <= MAX_PAUSE);
                let pause = pause.ok_or_else(|| {
                    format!("`{text}` needs milliseconds from 0 to {MAX_PAUSE} in parentheses")
                })?;
                (name, Some(Duration::from_millis(pause)))
            }
        };
        match (name, pause) {
            ("throttle", None) => Ok(Self::Throttle),
            ("error", None) => Ok(Self::Error),
            ("reset", None) => Ok(Self::Reset),
            ("lost", None) => Ok(Self::Lost),
            ("hang", Some(pause)) => Ok(Self::Hang(pause)),
            ("delay", Some(pause)) => Ok(Self::Delay(pause)),
            ("partial", None) => Ok(Self::Partial),
            ("duplicate", None) => Ok(Self::Duplicate),
            ("kill-before", None) => Ok(Self::KillBefore),
            ("kill-after", None) => Ok(Self::KillAfter),
            _ => Err(format!("there is no kind `{text}`; there are {KINDS}")),
        }
    }

    /// Whether calls of `service` can meet it at all.
    fn check(self, service: &str, operation: Option<&str>) -> Result<(), String> {
        let possible = match self {
            Self::Partial => {
                service == "events" && operation.is_none_or(|name| name == "PutEvents")
            }
            Self::Duplicate => match service {
                "events" => operation.is_none_or(|name| name == "PutEvents"),
                "lambda" => operation.is_none_or(|name| name == "Invoke"),
                _ => false,
            },
            // Functions call neither of the two.
            Self::KillBefore | Self::KillAfter => !["lambda", "apigateway"].contains(&service),
            _ => true,
        };
        let call = operation.map_or(service.to_owned(), |name| format!("{service}:{name}"));
        if possible { Ok(()) } else { Err(format!("`{}` does not apply to {call}", self.name())) }
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        parse(text).map_err(|problem| FaultError { text: text.to_owned(), problem })
    }
}

fn parse(text: &str) -> Result<Fault, String> {
    let (calls, rest) = text.split_once('=').ok_or("there is no `=`")?;
    let (calls, function) = optional(calls, '/')?;
    let (service, operation) = optional(calls, ':')?;
    if !SERVICES.contains(&service) {
        return Err(format!("there is no service `{service}`; there are {}", SERVICES.join(", ")));
    }
    if service == "apigateway" && function.is_some() {
        return Err("no function calls API Gateway".to_owned());
    }
    let at = rest.find(['@', '#']).ok_or("it does not say how often")?;
    let (kind, frequency) = rest.split_at(at);
    let kind = Kind::parse(kind)?;
    kind.check(service, operation)?;
    Ok(Fault {
        service: service.to_owned(),
        operation: operation.map(str::to_owned),
        function: function.map(str::to_owned),
        kind,
        frequency: Frequency::parse(frequency)?,
    })
}

/// What stands before `separator`, and what stands after it, which is not empty.
fn optional(text: &str, separator: char) -> Result<(&str, Option<&str>), String> {
    match text.split_once(separator) {
        None => Ok((text, None)),
        Some((_, "")) => Err(format!("nothing stands after `{separator}`")),
        Some((before, after)) => Ok((before, Some(after))),
    }
}

impl Frequency {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is none of @PERCENT%, @COUNT and #NUMBER");
        let count = |digits: &str| digits.parse().ok().filter(|count| *count > 0).ok_or_else(wrong);
        if let Some(number) = text.strip_prefix('#') {
            return count(number).map(Self::Nth);
        }
        let often = text.strip_prefix('@').unwrap_or(text);
        match often.strip_suffix('%') {
            None => count(often).map(Self::Next),
            Some(percent) => {
                let percent: Option<f64> = percent.parse().ok();
                let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
                percent.map(Self::Percent).ok_or_else(wrong)
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.service)?;
        if let Some(operation) = &self.operation {
            write!(f, ":{operation}")?;
        }
        if let Some(function) = &self.function {
            write!(f, "/{function}")?;
        }
        write!(f, "={}", self.kind.name())?;
        if let Kind::Hang(pause) | Kind::Delay(pause) = self.kind {
            write!(f, "({})", pause.as_millis())?;
        }
        match self.frequency {
            Frequency::Percent(percent) => write!(f, "@{percent}%"),
            Frequency::Next(count) => write!(f, "@{count}"),
            Frequency::Nth(number) => write!(f, "#{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_written_as_they_are_read() {
        for text in [
            "events:PutEvents=throttle@5%",
            "dynamodb=error@0.5%",
            "dynamodb:PutItem/payment-service=lost#3",
            "sns/NotificationService=kill-after@1",
            "sqs=reset@2",
            "xray=hang(1500)@100%",
            "apigateway:POST=delay(0)@10%",
            "events=partial@50%",
            "events:PutEvents/a=duplicate@50%",
            "lambda:Invoke/a=duplicate@50%",
            "dynamodb=kill-before@0%",
        ] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_fault_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "no `=`"),
            ("events", "no `=`"),
            ("s3=error@1", "no service `s3`"),
            ("=error@1", "no service ``"),
            ("events:=error@1", "after `:`"),
            ("events/=error@1", "after `/`"),
            ("events=error", "how often"),
            ("events=boom@1", "no kind `boom`"),
            ("events=hang@1", "no kind `hang`"),
            ("events=error(5)@1", "no kind `error(5)`"),
            ("events=hang(-1)@1", "milliseconds"),
            ("events=hang(5@1", "milliseconds"),
            ("events=hang(900001)@1", "milliseconds"),
            ("events=error@0", "`@0`"),
            ("events=error#0", "`#0`"),
            ("events=error@101%", "`@101%`"),
            ("events=error@-1%", "`@-1%`"),
            ("events=error@NaN%", "`@NaN%`"),
            ("events=error@", "`@`"),
            ("dynamodb=partial@1", "does not apply to dynamodb"),
            ("events:ListRules=partial@1", "does not apply to events:ListRules"),
            ("sns=duplicate@1", "does not apply to sns"),
            ("lambda=kill-before@1", "does not apply to lambda"),
            ("apigateway/a=error@1", "no function calls"),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
            assert!(error.starts_with(&format!("`{text}` is no fault: ")), "{error}");
        }
    }
}

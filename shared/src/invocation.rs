use chrono::{DateTime, Utc};
use lambda_runtime::Context;

/// One attempt to handle one invocation of a function.
#[derive(Clone, Debug)]
pub struct Invocation {
    id: String,
    request_id: String,
    deadline: DateTime<Utc>,
}

impl Invocation {
    /// The attempt that Lambda describes in `context`. Call it once an attempt.
    ///
    /// Lambda's request id alone does not identify it: when Lambda retries an asynchronous
    /// invocation, the retry has the request id of the first attempt. So a random number is added.
    pub fn new(context: &Context) -> Self {
        Self {
            id: format!("{}/{:016x}", context.request_id, fastrand::u64(..)),
            request_id: context.request_id.clone(),
            deadline: deadline(context).unwrap_or_default(),
        }
    }

    /// The attempt's id: Lambda's request id, which finds the log lines, and a random number.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Lambda's request id, which an asynchronous invocation keeps when Lambda retries it. By then its
    /// earlier attempt is over
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>).
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// When Lambda ends the attempt.
    pub fn deadline(&self) -> DateTime<Utc> {
        self.deadline
    }
}

/// When Lambda ends the attempt that `context` describes.
pub(crate) fn deadline(context: &Context) -> Option<DateTime<Utc>> {
    i64::try_from(context.deadline).ok().and_then(DateTime::from_timestamp_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_attempts_of_one_invocation_have_different_ids() {
        let mut context = Context::default();
        context.request_id = "request-1".to_owned();
        context.deadline = 1_000;
        let (first, second) = (Invocation::new(&context), Invocation::new(&context));
        assert_ne!(first.id(), second.id());
        assert!(first.id().starts_with("request-1/"), "{}", first.id());
        assert_eq!(first.deadline().timestamp_millis(), 1_000);
    }
}

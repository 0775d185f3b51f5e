use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use uuid::Uuid;

use super::request::Call;
use crate::{
    identity::sts_arn,
    ring_buffer::RingBuffer,
    rules::{Role, Verdict},
    template::Function,
};

/// How many denials are kept; the oldest go first.
const MOST: usize = 500;

/// Knows who signs with which key and lets each do what its role allows. Whoever signs with another key is the
/// account's owner, who may do everything.
#[derive(Debug)]
pub struct Guard {
    principals: HashMap<String, Principal>,
    used: Mutex<BTreeSet<Use>>,
    denied: RingBuffer<Denied>,
}

#[derive(Debug)]
struct Principal {
    function: String,
    role: Role,
}

/// Something that a function did with what its role allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// The function's name.
    pub function: String,
    /// `dynamodb:PutItem`.
    pub action: String,
    /// The ARN that it was done to.
    pub resource: String,
}

/// Something that a function wanted to do and may not.
#[derive(Clone, Debug)]
pub struct Denied {
    /// What it wanted.
    pub wanted: Use,
    /// What AWS says to that.
    pub message: String,
}

/// The access key that `function` signs its requests with: one identity a function, so that it can be told who
/// calls what.
pub fn access_key(function: &str) -> String {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, function.as_bytes()).simple().to_string();
    format!("LOCAL{}", id[..15].to_uppercase())
}

impl Guard {
    /// Guards what `functions` do.
    pub fn new(functions: &[Function]) -> Self {
        let principals = functions.iter().map(|function| {
            let principal =
                Principal { function: function.name.clone(), role: function.role.clone() };
            (access_key(&function.name), principal)
        });
        Self {
            principals: principals.collect(),
            used: Mutex::default(),
            denied: RingBuffer::new(MOST),
        }
    }

    /// Whether who signs with `key` may do all of `calls`, which are only made out for a function; otherwise what
    /// it may not.
    pub fn check(
        &self,
        key: Option<&str>,
        calls: impl FnOnce() -> Vec<Call>,
    ) -> Result<(), Denied> {
        let Some(principal) = key.and_then(|key| self.principals.get(key)) else { return Ok(()) };
        for Call { action, resource } in calls() {
            let verdict = principal.role.verdict(&action, &resource);
            let wanted = Use { function: principal.function.clone(), action, resource };
            if verdict != Verdict::Allowed {
                let denied = Denied { message: principal.refusal(&wanted, verdict), wanted };
                self.denied.push(denied.clone());
                return Err(denied);
            }
            self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(wanted);
        }
        Ok(())
    }

    /// The role with that ARN.
    pub fn role(&self, arn: &str) -> Option<&Role> {
        self.principals.values().map(|principal| &principal.role).find(|role| role.arn() == arn)
    }

    /// Everything that was allowed so far, each thing once.
    pub fn used(&self) -> Vec<Use> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// What was denied, oldest first.
    pub fn denied(&self) -> Vec<Denied> {
        self.denied.matching(|_| true)
    }
}

impl Principal {
    /// AWS's own sentence
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>).
    fn refusal(&self, Use { function, action, resource }: &Use, verdict: Verdict) -> String {
        let who = sts_arn(&format!("assumed-role/{}/{function}", self.role.name));
        let why = match verdict {
            Verdict::ExplicitDeny => "with an explicit deny in an identity-based policy".to_owned(),
            _ => format!("because no identity-based policy allows the {action} action"),
        };
        format!("User: {who} is not authorized to perform: {action} on resource: {resource} {why}")
    }
}

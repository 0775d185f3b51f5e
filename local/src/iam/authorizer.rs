use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    identity::{access_key, sts_arn},
    ring_buffer::RingBuffer,
    rules::{Role, Verdict},
    template::Function,
    wire::Permission,
};

/// How many denials are kept; the oldest are dropped first.
const CAPACITY: usize = 500;

/// Knows who signs with which key and allows what that function's role allows. Whoever signs with another
/// key is the account's owner, who may do everything.
#[derive(Debug)]
pub(crate) struct Authorizer {
    principals: HashMap<String, Principal>,
    denied: RingBuffer<Denied>,
}

#[derive(Debug)]
struct Principal {
    function: String,
    role: Role,
    /// What the role was found to allow. It does not change, so this is not evaluated again.
    allowed: Mutex<BTreeSet<Permission>>,
}

/// Something that a function did and its role allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AllowedCall {
    /// The function's name.
    pub function: String,
    /// `dynamodb:PutItem`.
    pub action: String,
    /// The ARN of what it was done to.
    pub resource: String,
}

/// Something that a function tried and its role does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Denied {
    /// AWS's message for it.
    pub message: String,
}

impl Authorizer {
    /// Authorizes what `functions` do.
    pub(crate) fn new(functions: &[Function]) -> Self {
        let principals = functions.iter().map(|function| {
            let principal = Principal {
                function: function.name.clone(),
                role: function.role.clone(),
                allowed: Mutex::default(),
            };
            (access_key(&function.name), principal)
        });
        Self { principals: principals.collect(), denied: RingBuffer::new(CAPACITY) }
    }

    /// Checks that whoever signs with `key` has all of `permissions`, which are determined for functions
    /// only.
    pub(crate) fn authorize(
        &self,
        key: Option<&str>,
        permissions: impl FnOnce() -> Vec<Permission>,
    ) -> Result<(), Denied> {
        let Some(principal) = key.and_then(|key| self.principals.get(key)) else { return Ok(()) };
        let permissions: BTreeSet<_> = permissions().into_iter().collect();
        for permission in permissions {
            if principal.allowed().contains(&permission) {
                continue;
            }
            let verdict = principal.role.verdict(&permission.action, &permission.resource);
            if verdict != Verdict::Allowed {
                let denied = Denied { message: principal.refusal(&permission, verdict) };
                self.denied.push(denied.clone());
                return Err(denied);
            }
            principal.allowed().insert(permission);
        }
        Ok(())
    }

    /// The ARN under which the function that signs with `key` acts, if it is a function's.
    pub(crate) fn session(&self, key: &str) -> Option<String> {
        self.principals.get(key).map(Principal::session)
    }

    /// The role with that ARN.
    pub(crate) fn role(&self, arn: &str) -> Option<&Role> {
        self.principals.values().map(|principal| &principal.role).find(|role| role.arn() == arn)
    }

    /// Everything that was allowed so far, each call once.
    pub(crate) fn allowed(&self) -> Vec<AllowedCall> {
        let mut all: Vec<_> = self.principals.values().flat_map(Principal::allowed_calls).collect();
        all.sort();
        all
    }

    /// What was denied, oldest first.
    pub(crate) fn denied(&self) -> Vec<Denied> {
        self.denied.matching(|_| true)
    }
}

impl Principal {
    fn allowed(&self) -> MutexGuard<'_, BTreeSet<Permission>> {
        self.allowed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn allowed_calls(&self) -> Vec<AllowedCall> {
        let call = |Permission { action, resource }: &Permission| AllowedCall {
            function: self.function.clone(),
            action: action.clone(),
            resource: resource.clone(),
        };
        self.allowed().iter().map(call).collect()
    }

    fn session(&self) -> String {
        sts_arn(&format!("assumed-role/{}/{}", self.role.name, self.function))
    }

    /// AWS's own sentence
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>).
    fn refusal(&self, Permission { action, resource }: &Permission, verdict: Verdict) -> String {
        let who = self.session();
        let why = match verdict {
            Verdict::ExplicitDeny => "with an explicit deny in an identity-based policy".to_owned(),
            _ => format!("because no identity-based policy allows the {action} action"),
        };
        format!("User: {who} is not authorized to perform: {action} on resource: {resource} {why}")
    }
}

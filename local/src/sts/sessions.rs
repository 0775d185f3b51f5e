use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use uuid::Uuid;

use crate::{
    clock,
    identity::{iam_arn, sts_arn},
};

/// The sessions of roles that were assumed, by their access keys.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    all: Mutex<HashMap<String, Session>>,
}

/// Who acts in a role, or as the account's owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// `arn:aws:sts::000000000000:assumed-role/ROLE/NAME`.
    pub(crate) arn: String,
    /// What IAM calls its user: the role's id and the session's name.
    pub(crate) user: String,
    /// When it ends, in seconds since the epoch.
    pub(crate) expires: i64,
}

impl Session {
    /// Whether its time is over.
    pub(crate) fn is_over(&self) -> bool {
        clock::date_time().timestamp() >= self.expires
    }

    /// Who signs with a key that belongs to no session.
    fn owner() -> Self {
        Self { arn: iam_arn("root"), user: crate::identity::ACCOUNT.to_owned(), expires: i64::MAX }
    }
}

impl Sessions {
    /// Begins a session called `name` of the role with that ARN, for `seconds`. Returns its access key.
    pub(crate) fn begin(&self, role: &str, name: &str, seconds: i64) -> (String, Session) {
        let role = role.rsplit('/').next().unwrap_or(role);
        let random = Uuid::new_v4().simple().to_string().to_uppercase();
        let session = Session {
            arn: sts_arn(&format!("assumed-role/{role}/{name}")),
            user: format!("AROALOCAL{}:{name}", role_id(role)),
            expires: clock::date_time().timestamp() + seconds,
        };
        let key = format!("ASIA{}", &random[..16]);
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(key.clone(), session.clone());
        (key, session)
    }

    /// Who signs with `key`.
    pub(crate) fn of(&self, key: &str) -> Session {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(key).cloned().unwrap_or_else(Session::owner)
    }
}

/// What the id of a role ends with, the same at every start.
fn role_id(role: &str) -> String {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, role.as_bytes()).simple().to_string();
    id[..12].to_uppercase()
}

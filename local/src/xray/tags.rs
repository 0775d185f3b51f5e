use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use crate::wire::AwsError;

/// The most tags of a resource.
const MAX_TAGS: usize = 50;

/// The tags of groups and sampling rules, by ARN. Whether a resource exists is checked before.
#[derive(Debug, Default)]
pub(super) struct Tags(Mutex<BTreeMap<String, BTreeMap<String, String>>>);

impl Tags {
    /// `TagResource`.
    pub(super) fn put(&self, arn: &str, tags: &Value) -> Result<(), AwsError> {
        let mut all = self.lock();
        let mut own = all.get(arn).cloned().unwrap_or_default();
        for tag in tags.as_array().into_iter().flatten() {
            let text = |member: &str| tag[member].as_str().unwrap_or_default().to_owned();
            own.insert(text("Key"), text("Value"));
        }
        if own.len() > MAX_TAGS {
            let message = format!("A resource can have at most {MAX_TAGS} tags");
            return Err(AwsError::bad_request("TooManyTagsException", message));
        }
        all.insert(arn.to_owned(), own);
        Ok(())
    }

    /// `UntagResource`.
    pub(super) fn remove(&self, arn: &str, keys: &Value) {
        if let Some(own) = self.lock().get_mut(arn) {
            for key in keys.as_array().into_iter().flatten().filter_map(Value::as_str) {
                own.remove(key);
            }
        }
    }

    /// `ListTagsForResource`.
    pub(super) fn list(&self, arn: &str) -> Value {
        let all = self.lock();
        let own = all.get(arn).into_iter().flatten();
        json!({ "Tags": own.map(|(key, value)| json!({ "Key": key, "Value": value })).collect::<Vec<_>>() })
    }

    /// Forgets the tags of a resource that is deleted.
    pub(super) fn forget(&self, arn: &str) {
        self.lock().remove(arn);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, BTreeMap<String, String>>> {
        // A panic elsewhere does not make the tags wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

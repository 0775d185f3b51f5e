use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use super::invalid;
use crate::wire::AwsError;

/// The most tags of a resource.
const MAX_TAGS: usize = 50;

/// The tags of groups and sampling rules, by ARN. Whether a resource exists is checked before.
#[derive(Debug, Default)]
pub(super) struct Tags(Mutex<BTreeMap<String, BTreeMap<String, String>>>);

/// Refuses tags that no resource may have.
pub(super) fn check(tags: &Value) -> Result<(), AwsError> {
    let mut keys = BTreeSet::new();
    for key in tags.as_array().into_iter().flatten().filter_map(|tag| tag["Key"].as_str()) {
        if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return Err(invalid(format!("Tag keys that begin with aws: are reserved: {key}")));
        }
        keys.insert(key);
    }
    check_count(keys.len())
}

fn check_count(count: usize) -> Result<(), AwsError> {
    if count > MAX_TAGS {
        let message = format!("A resource can have at most {MAX_TAGS} tags");
        return Err(AwsError::bad_request("TooManyTagsException", message));
    }
    Ok(())
}

impl Tags {
    /// `TagResource`.
    pub(super) fn put(&self, arn: &str, tags: &Value) -> Result<(), AwsError> {
        check(tags)?;
        let mut all = self.lock();
        let mut own = all.get(arn).cloned().unwrap_or_default();
        for tag in tags.as_array().into_iter().flatten() {
            let text = |member: &str| tag[member].as_str().unwrap_or_default().to_owned();
            own.insert(text("Key"), text("Value"));
        }
        check_count(own.len())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_why_they_are_refused() {
        let tags = Tags::default();
        let put = |keys: &[&str]| {
            let given: Vec<_> =
                keys.iter().map(|key| json!({ "Key": key, "Value": "v" })).collect();
            tags.put("arn", &given.into())
        };
        for (keys, refused) in [
            (&["a", "b", "a"][..], None),
            (&["awsome", "aw", "äws:"], None),
            (&["c", "aws:a"], Some("InvalidRequestException")),
            (&["AWS:a"], Some("InvalidRequestException")),
        ] {
            assert_eq!(put(keys).err().map(|error| error.code), refused, "{keys:?}");
        }
        let listed = tags.list("arn");
        let keys: Vec<_> =
            listed["Tags"].as_array().unwrap().iter().map(|tag| &tag["Key"]).collect();
        assert_eq!(keys, ["a", "aw", "awsome", "b", "äws:"]);
        let many: Vec<_> = (0..46).map(|number| format!("k{number}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert_eq!(put(&many).unwrap_err().code, "TooManyTagsException");
        assert_eq!(tags.list("arn"), listed);
    }
}

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::wire::AwsError;

/// The most entries of one request.
const MAX_ENTRIES: usize = 10;

/// Does `work` for each entry of a request: what succeeded and what failed, each with its entry's id.
pub(super) fn each(
    request: &Value,
    mut work: impl FnMut(&Value) -> Result<Map<String, Value>, AwsError>,
) -> Result<Value, AwsError> {
    let entries = request["Entries"].as_array().map_or(&[][..], Vec::as_slice);
    check(entries)?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        match work(entry) {
            Ok(mut answer) => {
                answer.insert("Id".to_owned(), entry["Id"].clone());
                successful.push(Value::from(answer));
            }
            Err(AwsError { code, message, .. }) => failed.push(json!({
                "Id": entry["Id"], "SenderFault": true, "Code": code, "Message": message,
            })),
        }
    }
    let mut answer = json!({ "Successful": successful });
    if !failed.is_empty() {
        answer["Failed"] = failed.into();
    }
    Ok(answer)
}

fn check(entries: &[Value]) -> Result<(), AwsError> {
    let refuse = |code, message: String| Err(AwsError::bad_request(code, message));
    if entries.is_empty() {
        let message = "There should be at least one entry in the request.";
        return refuse("EmptyBatchRequest", message.to_owned());
    }
    if entries.len() > MAX_ENTRIES {
        let message = format!(
            "Maximum number of entries per request are {MAX_ENTRIES}. You have sent {}.",
            entries.len()
        );
        return refuse("TooManyEntriesInBatchRequest", message);
    }
    let is_id = |id: &str| {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=80).contains(&id.len()) && id.bytes().all(is_word)
    };
    let mut ids = HashSet::new();
    for entry in entries {
        let Some(id) = entry["Id"].as_str().filter(|id| is_id(id)) else {
            let message = "A batch entry id can only contain alphanumeric characters, hyphens and \
                           underscores. It can be at most 80 letters long.";
            return refuse("InvalidBatchEntryId", message.to_owned());
        };
        if !ids.insert(id) {
            return refuse("BatchEntryIdsNotDistinct", format!("Id {id} repeated."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_answers_entry_by_entry() {
        let answer = |ids: &[&str]| {
            let entries: Vec<_> = ids.iter().map(|id| json!({ "Id": id })).collect();
            each(&json!({ "Entries": entries }), |entry| match entry["Id"].as_str() {
                Some("bad") => Err(AwsError::bad_request("X", "y")),
                _ => Ok(Map::new()),
            })
        };
        assert_eq!(
            answer(&["a", "bad"]).unwrap(),
            json!({
                "Successful": [{ "Id": "a" }],
                "Failed": [{ "Id": "bad", "SenderFault": true, "Code": "X", "Message": "y" }],
            })
        );
        for (ids, code) in [
            (&[][..], "EmptyBatchRequest"),
            (&["a"; 11], "TooManyEntriesInBatchRequest"),
            (&["a", "a"], "BatchEntryIdsNotDistinct"),
            (&["a b"], "InvalidBatchEntryId"),
        ] {
            assert_eq!(answer(ids).unwrap_err().code, code);
        }
    }
}

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use sha2::{Digest, Sha256};

use crate::hex::hex;

/// How many seconds SQS and SNS remember a deduplication id
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html>).
const WINDOW: f64 = 5.0 * 60.0;

/// The deduplication ids of the last minutes and what was answered to the first message with each.
#[derive(Debug)]
pub(crate) struct Deduplication<T> {
    /// How many seconds an id is remembered.
    window: f64,
    first: HashMap<Arc<str>, T>,
    /// When each was first seen, the oldest first, so that forgetting takes no longer the more there are.
    seen: VecDeque<(f64, Arc<str>)>,
}

/// Of messages: five minutes.
impl<T> Default for Deduplication<T> {
    fn default() -> Self {
        Self::within(WINDOW)
    }
}

impl<T> Deduplication<T> {
    /// Remembers each id for `window` seconds.
    pub(crate) fn within(window: f64) -> Self {
        Self { window, first: HashMap::new(), seen: VecDeque::new() }
    }

    /// What was answered to a message with that id in the window before `now`. A repeated message does
    /// not make the window longer.
    pub(crate) fn earlier(&mut self, id: &str, now: f64) -> Option<&T> {
        while let Some((_, id)) = self.seen.pop_front_if(|(time, _)| now - *time >= self.window) {
            self.first.remove(&id);
        }
        self.first.get(id)
    }

    /// Remembers what is answered to the first message with that id, of which there is none earlier.
    pub(crate) fn remember(&mut self, id: &str, now: f64, answer: T) {
        let id = Arc::<str>::from(id);
        self.seen.push_back((now, Arc::clone(&id)));
        self.first.insert(id, answer);
    }
}

/// The id that content-based deduplication gives a message: the SHA-256 of its body, its attributes not
/// included.
pub(crate) fn content_id(body: &str) -> String {
    hex(&Sha256::digest(body))
}

/// The sequence number of a FIFO message, which AWS writes with 20 digits.
pub(crate) fn sequence_number(count: u64) -> String {
    format!("{:020}", 18_850_000_000_000_000_000 + u128::from(count) * 256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_remembered_for_five_minutes_after_its_first_message() {
        let mut deduplication = Deduplication::default();
        assert_eq!(deduplication.earlier("a", 0.0), None);
        deduplication.remember("a", 0.0, 1);
        for (now, earlier) in [(0.0, Some(&1)), (200.0, Some(&1)), (299.9, Some(&1)), (300.0, None)]
        {
            assert_eq!(deduplication.earlier("a", now), earlier, "{now}");
            assert_eq!(deduplication.earlier("b", now), None);
        }
    }

    #[test]
    fn content_and_order() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(content_id(""), empty);
        assert!(sequence_number(1) < sequence_number(2) && sequence_number(1).len() == 20);
    }
}

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::{Message, NewMessage};
use crate::{
    clock,
    deduplication::{Deduplication, content_id, sequence_number},
    payload::Payload,
    random_id::new_id,
    template::Queue as Settings,
    trace_header::TraceHeader,
    wire::AwsError,
};

/// How many bytes a queue keeps. SQS has no limit, this process has one: what is beyond it is dropped, the
/// oldest first, and the log says so.
const MAX_BYTES: usize = 256 * 1024 * 1024;
/// What a message takes beside its body.
const OVERHEAD: usize = 1024;

/// One queue and its messages. Time is an argument everywhere, in seconds since the epoch.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) settings: Settings,
    pub(super) created: f64,
    /// In the order in which they were sent.
    messages: VecDeque<Stored>,
    bytes: usize,
    deduplication: Deduplication<Sent>,
    sent: u64,
}

/// A message, and who may see it when.
#[derive(Debug)]
struct Stored {
    message: Message,
    sent: f64,
    /// From when on it is visible.
    visible: f64,
    received: u32,
    first_received: Option<f64>,
}

/// The answer to a sender.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) id: String,
    pub(super) sequence_number: Option<String>,
}

/// What a receiver gets.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) message: Message,
    pub(super) receipt: String,
    /// The system attributes.
    pub(super) system: BTreeMap<&'static str, String>,
}

/// How many messages there are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) visible: usize,
    /// Received and not deleted.
    pub(super) in_flight: usize,
    pub(super) delayed: usize,
}

impl Queue {
    pub(super) fn new(settings: Settings, created: f64) -> Self {
        let (messages, deduplication) = (VecDeque::new(), Deduplication::default());
        Self { settings, created, messages, bytes: 0, deduplication, sent: 0 }
    }

    /// Adds a message, unless it repeats one of the last five minutes. Returns what had to be dropped for it.
    pub(super) fn send(
        &mut self,
        message: NewMessage,
        now: f64,
    ) -> Result<(Sent, Vec<Message>), AwsError> {
        let deduplication_id = self.deduplication_id(&message)?;
        let scoped = deduplication_id.as_ref().map(|id| match &message.group_id {
            Some(group) if self.settings.deduplicates_per_group => format!("{group}\n{id}"),
            _ => id.clone(),
        });
        if let Some(id) = &scoped
            && let Some(earlier) = self.deduplication.earlier(id, now)
        {
            return Ok((earlier.clone(), Vec::new()));
        }
        self.sent += 1;
        let sent = Sent {
            id: new_id().to_string(),
            sequence_number: self.settings.fifo.then(|| sequence_number(self.sent)),
        };
        if let Some(id) = scoped {
            self.deduplication.remember(&id, now, sent.clone());
        }
        let trace = message.trace_header.as_deref().and_then(TraceHeader::parse);
        let delay = message.delay.unwrap_or(self.settings.delay);
        self.bytes += message.body.len() + OVERHEAD;
        self.messages.push_back(Stored {
            sent: now,
            visible: now + f64::from(delay),
            received: 0,
            first_received: None,
            message: Message {
                id: sent.id.clone(),
                queue: self.settings.name.clone(),
                time: clock::at(now).to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
                reason: message.reason,
                trace_id: trace.map(|header| header.root),
                attributes: message.attributes,
                body: Payload::from(message.body),
                group_id: message.group_id,
                deduplication_id,
                sequence_number: sent.sequence_number.clone(),
                trace_header: message.trace_header,
            },
        });
        Ok((sent, self.dropped()))
    }

    /// Up to `limit` visible messages, the oldest first, which are then hidden for `seconds`. Of a FIFO
    /// queue's message group none is received while an earlier one is hidden.
    pub(super) fn receive(&mut self, limit: usize, seconds: u32, now: f64) -> Vec<Received> {
        let mut blocked = HashSet::new();
        if self.settings.fifo {
            let hidden = self.messages.iter().filter(|stored| stored.visible > now);
            blocked.extend(hidden.filter_map(|stored| stored.message.group_id.clone()));
        }
        let is_free = |stored: &Stored| {
            let group = stored.message.group_id.as_ref();
            stored.visible <= now && !group.is_some_and(|group| blocked.contains(group))
        };
        let free = self.messages.iter_mut().filter(|stored| is_free(stored));
        free.take(limit)
            .map(|stored| {
                stored.received += 1;
                stored.visible = now + f64::from(seconds);
                stored.first_received.get_or_insert(now);
                let receipt = format!("{}:{}", stored.message.id, stored.received);
                Received { message: stored.message.clone(), receipt, system: stored.system() }
            })
            .collect()
    }

    /// When the next hidden message becomes visible.
    pub(super) fn next_visible(&self, now: f64) -> Option<f64> {
        let hidden = self.messages.iter().map(|stored| stored.visible).filter(|at| *at > now);
        hidden.min_by(f64::total_cmp)
    }

    /// Deletes the message of a receipt. One that is not there any more is deleted already.
    pub(super) fn delete(&mut self, receipt: &str, now: f64) -> Result<(), AwsError> {
        let Some(number) = self.find(receipt)? else { return Ok(()) };
        if self.settings.fifo && self.messages[number].visible <= now {
            let reason = "The receipt handle has expired";
            return Err(invalid_receipt("InvalidParameterValue", receipt, reason));
        }
        if let Some(stored) = self.messages.remove(number) {
            self.bytes -= stored.size();
        }
        Ok(())
    }

    /// Hides a received message for `seconds` from now on.
    pub(super) fn change_visibility(
        &mut self,
        receipt: &str,
        seconds: u32,
        now: f64,
    ) -> Result<(), AwsError> {
        let number = self.find(receipt)?;
        let stored = number.map(|number| &mut self.messages[number]);
        let reason = "Message does not exist or is not available for visibility timeout change.";
        match stored {
            Some(stored) if stored.received > 0 && stored.visible > now => {
                stored.visible = now + f64::from(seconds);
                Ok(())
            }
            Some(_) => Err(invalid_receipt("MessageNotInflight", receipt, reason)),
            None => Err(invalid_receipt("InvalidParameterValue", receipt, reason)),
        }
    }

    /// Deletes every message.
    pub(super) fn purge(&mut self) {
        self.messages.clear();
        self.bytes = 0;
    }

    pub(super) fn counts(&self, now: f64) -> Counts {
        let mut counts = Counts::default();
        for stored in &self.messages {
            match (stored.visible > now, stored.received) {
                (false, _) => counts.visible += 1,
                (true, 0) => counts.delayed += 1,
                (true, _) => counts.in_flight += 1,
            }
        }
        counts
    }

    pub(super) fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.iter().map(|stored| &stored.message)
    }

    /// Checks what only one kind of queue takes or needs.
    fn deduplication_id(&self, message: &NewMessage) -> Result<Option<String>, AwsError> {
        let refuse = |text: &str| Err(AwsError::bad_request("InvalidParameterValue", text));
        if !self.settings.fifo {
            return match &message.deduplication_id {
                None => Ok(None),
                Some(id) => refuse(&format!(
                    "Value {id} for parameter MessageDeduplicationId is invalid. Reason: The request \
                     includes a parameter that is not valid for this queue type."
                )),
            };
        }
        if message.group_id.is_none() {
            let text = "The request must contain the parameter MessageGroupId.";
            return Err(AwsError::bad_request("MissingParameter", text));
        }
        if let Some(delay) = message.delay.filter(|delay| *delay > 0) {
            return refuse(&format!(
                "Value {delay} for parameter DelaySeconds is invalid. Reason: The request include \
                 parameter that is not valid for this queue type."
            ));
        }
        match &message.deduplication_id {
            Some(id) => Ok(Some(id.clone())),
            None if self.settings.content_based_deduplication => {
                Ok(Some(content_id(&message.body)))
            }
            None => refuse(
                "The queue should either have ContentBasedDeduplication enabled or \
                 MessageDeduplicationId provided explicitly",
            ),
        }
    }

    /// The place of a receipt's message. A receipt is the message's id and how often it had been received.
    fn find(&self, receipt: &str) -> Result<Option<usize>, AwsError> {
        let parts = receipt.split_once(':');
        let Some((id, _)) = parts.filter(|(_, count)| count.parse::<u32>().is_ok()) else {
            let text =
                format!("The input receipt handle \"{receipt}\" is not a valid receipt handle.");
            return Err(AwsError::bad_request("ReceiptHandleIsInvalid", text));
        };
        Ok(self.messages.iter().position(|stored| stored.message.id == id))
    }

    /// Drops the oldest messages while there is too much.
    fn dropped(&mut self) -> Vec<Message> {
        let mut dropped = Vec::new();
        while self.bytes > MAX_BYTES
            && let Some(stored) = self.messages.pop_front()
        {
            self.bytes -= stored.size();
            dropped.push(stored.message);
        }
        dropped
    }
}

impl Stored {
    fn size(&self) -> usize {
        self.message.body.text().len() + OVERHEAD
    }

    /// See <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>.
    fn system(&self) -> BTreeMap<&'static str, String> {
        let Message { group_id, deduplication_id, sequence_number, trace_header, .. } =
            &self.message;
        let millis = |seconds: f64| format!("{:.0}", seconds * 1000.0);
        let mut system = BTreeMap::from([
            ("ApproximateReceiveCount", self.received.to_string()),
            ("SenderId", crate::identity::ACCOUNT.to_owned()),
            ("SentTimestamp", millis(self.sent)),
        ]);
        let some = [
            ("ApproximateFirstReceiveTimestamp", self.first_received.map(millis)),
            ("AWSTraceHeader", trace_header.clone()),
            ("MessageDeduplicationId", deduplication_id.clone()),
            ("MessageGroupId", group_id.clone()),
            ("SequenceNumber", sequence_number.clone()),
        ];
        system.extend(some.into_iter().filter_map(|(name, value)| Some((name, value?))));
        system
    }
}

fn invalid_receipt(code: &'static str, receipt: &str, reason: &str) -> AwsError {
    let text = format!("Value {receipt} for parameter ReceiptHandle is invalid. Reason: {reason}");
    AwsError::bad_request(code, text)
}

#[cfg(test)]
mod tests;

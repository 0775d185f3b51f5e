use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;

use super::{delivery::to_queue, publication::Publication};
use crate::{
    clock,
    deduplication::{Deduplication, sequence_number},
    random_id::new_id,
    ring_buffer::{Cut, Page, RingBuffer},
    sqs::{Attributes, Queues},
    template::{Subscription, Topic},
    trace_header::TraceHeader,
    wire::{AwsError, AwsRequest},
};

/// How many notifications are kept; the oldest are dropped first.
const CAPACITY: usize = 10_000;

/// SNS: the topics of a template, what was published to them, and who gets it.
#[derive(Debug)]
pub(crate) struct Sns {
    pub(super) topics: Vec<Topic>,
    pub(super) subscriptions: Vec<Subscription>,
    queues: Arc<Queues>,
    /// Of the FIFO topics, by ARN.
    fifo: Mutex<HashMap<String, Fifo>>,
    published: RingBuffer<Notification>,
}

#[derive(Debug, Default)]
struct Fifo {
    count: u64,
    deduplication: Deduplication<Accepted>,
}

/// The answer to a publisher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    pub(super) id: String,
    pub(super) sequence_number: Option<String>,
}

/// What was published and delivered.
#[derive(Clone, Debug, Serialize)]
pub struct Notification {
    /// SNS's id for it.
    pub id: String,
    /// The topic's ARN.
    pub topic: String,
    /// When, RFC 3339.
    pub time: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub message: String,
    /// Its message attributes.
    pub attributes: Attributes,
    /// The trace that it belongs to.
    pub trace_id: Option<String>,
    /// Its message group.
    pub group_id: Option<String>,
    /// Its deduplication id, in a FIFO topic.
    pub deduplication_id: Option<String>,
    /// Its sequence number, in a FIFO topic.
    pub sequence_number: Option<String>,
    /// How often it was published again within five minutes, which was accepted and not delivered.
    pub repeated: u32,
}

impl Sns {
    /// The topics of a template and the queues that subscribe to them.
    pub(crate) fn new(
        topics: Vec<Topic>,
        subscriptions: Vec<Subscription>,
        queues: Arc<Queues>,
    ) -> Self {
        let (fifo, published) = (Mutex::default(), RingBuffer::new(CAPACITY));
        Self { topics, subscriptions, queues, fifo, published }
    }

    /// Up to `limit` notifications, newest first.
    pub(crate) fn published(&self, limit: usize) -> Vec<Notification> {
        self.published.latest(limit)
    }

    /// A page of the notifications.
    pub(crate) fn page(&self, cut: &Cut<'_>) -> Page<Notification> {
        self.published.page(cut, |_| true, |sent| clock::parse_millis(&sent.time))
    }

    /// Counts the changes of what is published.
    pub(crate) fn revision(&self) -> u64 {
        self.published.revision()
    }

    /// How many notifications are kept.
    pub(crate) fn count(&self) -> usize {
        self.published.len()
    }

    /// The topic with that ARN.
    pub(super) fn topic(&self, arn: &str) -> Result<&Topic, AwsError> {
        self.topics
            .iter()
            .find(|known| known.arn == arn)
            .ok_or_else(|| AwsError::not_found("NotFound", format!("Topic does not exist: {arn}")))
    }

    /// Publishes a message, unless it repeats one of the last five minutes: then it is accepted and nothing
    /// else happens.
    pub(super) fn publish(&self, request: &AwsRequest) -> Result<Accepted, AwsError> {
        let topic = self.topic(request.field("TopicArn"))?;
        let publication = Publication::parse(topic, request)?;
        // Held until the message is delivered, so that a FIFO topic's subscribers see its order.
        let mut fifo = self.fifo.lock().unwrap_or_else(PoisonError::into_inner);
        let accepted = match fifo.entry(topic.arn.clone()).or_default().accept(
            topic,
            &publication,
            clock::seconds(),
        ) {
            Ok(accepted) => accepted,
            Err(earlier) => {
                self.published.change(
                    |notification| notification.id == earlier.id,
                    |notification| notification.repeated += 1,
                );
                return Ok(earlier);
            }
        };
        self.deliver(topic, &publication, &accepted, request.trace.as_ref());
        Ok(accepted)
    }

    fn deliver(
        &self,
        topic: &Topic,
        publication: &Publication,
        accepted: &Accepted,
        trace: Option<&TraceHeader>,
    ) {
        let notification = Notification {
            id: accepted.id.clone(),
            topic: topic.arn.clone(),
            time: clock::rfc3339(),
            subject: publication.subject.clone(),
            message: publication.message.clone(),
            attributes: publication.attributes.clone(),
            trace_id: trace.map(|trace| trace.root.clone()),
            group_id: publication.group_id.clone(),
            deduplication_id: publication.deduplication_id.clone(),
            sequence_number: accepted.sequence_number.clone(),
            repeated: 0,
        };
        let header = trace.map(ToString::to_string);
        for subscription in self.subscriptions.iter().filter(|one| one.topic == topic.arn) {
            let message = to_queue(
                subscription,
                publication,
                &notification,
                header.as_deref(),
                self.queues.is_fifo(&subscription.queue),
            );
            self.queues.deliver(&subscription.queue, message);
        }
        self.published.push(notification);
    }
}

impl Fifo {
    /// Accepts a message as a new one, or says what was answered to the one that it repeats.
    fn accept(
        &mut self,
        topic: &Topic,
        publication: &Publication,
        now: f64,
    ) -> Result<Accepted, Accepted> {
        let scoped = publication.deduplication_id.as_ref().map(|id| match &publication.group_id {
            Some(group) if topic.deduplicates_per_group => format!("{group}\n{id}"),
            _ => id.clone(),
        });
        if let Some(id) = &scoped
            && let Some(earlier) = self.deduplication.earlier(id, now)
        {
            return Err(earlier.clone());
        }
        self.count += 1;
        let accepted = Accepted {
            id: new_id().to_string(),
            sequence_number: topic.fifo.then(|| sequence_number(self.count)),
        };
        if let Some(id) = scoped {
            self.deduplication.remember(&id, now, accepted.clone());
        }
        Ok(accepted)
    }
}

use shared::{
    EventError, EventHandler, InboundEvent, Invocation, NotificationSent, OutboundEvent,
    PublishError, Publisher, Recorded, annotation, clock,
};

use crate::{
    message::compose,
    store::{Claim, NotificationTable, NotificationTableError},
    story::{Fact, Outcome, Story},
    topic::{Topic, TopicError},
};

/// What notifying customers needs.
#[derive(Debug)]
pub(crate) struct Notifications {
    pub(crate) table: NotificationTable,
    pub(crate) topic: Topic,
    pub(crate) bus: Publisher,
}

/// Why an event was not handled. Lambda retries, then sends the event to the on-failure
/// destination.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotificationError {
    #[error("the event is not understood")]
    Event(#[from] EventError),
    #[error("what is known of the order was not stored")]
    Table(#[from] NotificationTableError),
    #[error("the customer was not notified")]
    Topic(#[from] TopicError),
    #[error("the customer was notified, but that could not be published")]
    Bus(#[from] PublishError),
}

impl EventHandler for Notifications {
    type Error = NotificationError;

    async fn handle(
        &self,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> Result<(), NotificationError> {
        let fact = Fact::of(&inbound.event).ok_or_else(|| inbound.not_handled())?;
        let (occurred_at, now) = (inbound.metadata.occurred_at, clock::now());
        if self.table.may_have_forgotten(occurred_at, now) {
            // The item that would say that the customer was notified may be deleted by now.
            annotation::ignored("older than the memory of notifications");
            tracing::warn!(%occurred_at, "the event is too old to notify anybody");
            return Ok(());
        }
        let story = self.table.add(&inbound.event, fact, now).await?;
        let Some(outcome) = story.ending() else {
            tracing::info!("the order has not ended yet");
            return Ok(());
        };
        annotation::notification_type(outcome.as_str());
        let sent = if story.sent_at.is_some() {
            Some(Recorded::Existing(story))
        } else {
            self.send_once(&story, outcome, invocation).await?
        };
        let Some(sent) = sent else {
            // Lambda retries that one until the customer is notified.
            tracing::info!("another invocation is notifying the customer");
            return Ok(());
        };
        self.publish(sent, inbound).await
    }
}

impl Notifications {
    /// Sends the message unless it is sent already. `None` if another invocation is sending it.
    async fn send_once(
        &self,
        story: &Story,
        outcome: Outcome,
        invocation: &Invocation,
    ) -> Result<Option<Recorded<Story>>, NotificationError> {
        let now = clock::now();
        if story.is_claimed_by_another(invocation.request_id(), now) {
            return Ok(None);
        }
        match self.table.claim(&story.order_id, outcome, now, invocation).await? {
            Claim::Ours(story) => self.send(&story, outcome, invocation).await.map(Some),
            Claim::AlreadySent(story) => Ok(Some(Recorded::Existing(story))),
            Claim::Theirs => Ok(None),
        }
    }

    /// Sends the message, and records that it is sent. `story` is claimed by this invocation.
    ///
    /// A process that dies between the two sends it again under the same deduplication id.
    async fn send(
        &self,
        story: &Story,
        outcome: Outcome,
        invocation: &Invocation,
    ) -> Result<Recorded<Story>, NotificationError> {
        let outcome = story.outcome.unwrap_or(outcome);
        self.topic.send(&story.order_id, outcome, compose(story, outcome)).await?;
        tracing::info!(outcome = outcome.as_str(), "customer notified");
        Ok(self.table.record_sent(&story.order_id, clock::now(), invocation).await?)
    }

    async fn publish(
        &self,
        story: Recorded<Story>,
        inbound: &InboundEvent,
    ) -> Result<(), NotificationError> {
        let Story { order_id, customer_id, sent_at, outcome, .. } = story.get().clone();
        let (Some(sent_at), Some(outcome)) = (sent_at, outcome) else { return Ok(()) };
        let sent = NotificationSent {
            notification_id: order_id.notification_id(),
            order_id,
            customer_id,
            channel: Topic::CHANNEL.to_owned(),
            outcome: outcome.to_string(),
        };
        let sent = story.map(|_| sent.into());
        Ok(self.bus.publish(&OutboundEvent::new(sent, sent_at, inbound.cause())).await?)
    }
}

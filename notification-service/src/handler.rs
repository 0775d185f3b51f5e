use shared::{
    EventError, EventHandler, InboundEvent, Invocation, NotificationSent, OrderId, OutboundEvent,
    PublishError, Publisher, Recorded, annotation, chain, clock,
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
    #[error(
        "another delivery of the same event is notifying the customer of order `{0}`; \
         retry in case it fails"
    )]
    InProgress(OrderId),
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
        let story = self.table.add(&inbound.event, fact, clock::now()).await?;
        let Some(outcome) = story.ending() else {
            tracing::info!("the order has not ended yet");
            return Ok(());
        };
        annotation::notification_type(outcome.as_str());
        let sent = if story.sent_at.is_some() {
            Some(Recorded::Existing(story))
        } else {
            self.send_once(&story, outcome, inbound, invocation).await?
        };
        let Some(sent) = sent else {
            tracing::info!("the delivery of another event is notifying the customer");
            return Ok(());
        };
        self.publish(sent, inbound).await
    }
}

impl Notifications {
    /// Sends the message unless it is sent already. `None` if the delivery of another event is
    /// sending it.
    ///
    /// SNS does not deduplicate messages, so a claim prevents sending twice. A process that dies
    /// between sending and recording that still sends twice, which only a channel that deduplicates
    /// can prevent.
    async fn send_once(
        &self,
        story: &Story,
        outcome: Outcome,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> Result<Option<Recorded<Story>>, NotificationError> {
        let (order_id, event_id) = (&story.order_id, &inbound.metadata.event_id);
        let now = clock::now();
        if story.is_claimed_by_another(event_id, now) {
            return Ok(None);
        }
        match self.table.claim(order_id, event_id, outcome, now, invocation).await? {
            Claim::Ours(story) => self.send(&story, outcome, invocation).await.map(Some),
            Claim::AlreadySent(story) => Ok(Some(Recorded::Existing(story))),
            Claim::InProgress { same_event: false } => Ok(None),
            Claim::InProgress { same_event: true } => {
                Err(NotificationError::InProgress(order_id.clone()))
            }
        }
    }

    /// Sends the message, and records that it is sent. `story` is claimed by this invocation.
    async fn send(
        &self,
        story: &Story,
        outcome: Outcome,
        invocation: &Invocation,
    ) -> Result<Recorded<Story>, NotificationError> {
        let order_id = &story.order_id;
        let outcome = story.outcome.unwrap_or(outcome);
        let attributes = [
            ("orderId", order_id.as_str()),
            ("notificationId", &order_id.notification_id()),
            ("outcome", outcome.as_str()),
        ];
        if let Err(error) = self.topic.send(compose(story, outcome), attributes).await {
            if let Err(error) = self.table.give_back(order_id).await {
                tracing::warn!(error = chain(&error), "the claim stays until it expires");
            }
            return Err(error.into());
        }
        tracing::info!(outcome = outcome.as_str(), "customer notified");
        Ok(self.table.record_sent(order_id, clock::now(), invocation).await?)
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

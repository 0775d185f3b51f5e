use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use shared::{
    Heard, NotUnderstood, NotificationSent, Told, clock, derived_id,
    lambda::{annotate, chain},
    publisher::{PublishError, Publisher},
};
use tracing::Span;

use crate::{
    message::compose,
    store::{Claim, NotificationTable, NotificationTableError},
    story::{Fact, Outcome, Story},
    topic::{Topic, TopicError},
};

/// What telling customers needs.
#[derive(Debug)]
pub(crate) struct Notifications {
    pub(crate) table: NotificationTable,
    pub(crate) topic: Topic,
    pub(crate) bus: Publisher,
}

/// Why an event was not answered. Lambda tries it again, then hands it to the on-failure destination.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotificationError {
    #[error("the event is not understood")]
    NotUnderstood(#[from] NotUnderstood),
    #[error("what is known of the order was not kept")]
    Table(#[from] NotificationTableError),
    #[error("the customer was not told")]
    Topic(#[from] TopicError),
    #[error(
        "another delivery of the same event is telling the customer of order `{0}`; should it die, this one has to come back"
    )]
    InProgress(String),
    #[error("the customer was told, but nobody else could be")]
    Bus(#[from] PublishError),
}

impl Notifications {
    /// Hears one event, perhaps not for the first time, and perhaps out of order. `deadline` is when
    /// Lambda ends this invocation, in epoch milliseconds.
    pub(crate) async fn hear(
        &self,
        payload: &RawValue,
        deadline: u64,
    ) -> Result<(), NotificationError> {
        let heard = Heard::read(payload)?;
        annotate(&heard);
        let fact =
            Fact::of(&heard.event).ok_or(NotUnderstood::NotForUs(heard.event.detail_type()))?;
        let story = self.table.add(&heard.event, fact, clock::now()).await?;
        let Some(outcome) = story.ending() else {
            tracing::info!("the order has not ended yet");
            return Ok(());
        };
        Span::current().record("annotation.notification_type", outcome.to_string());
        let (sent, now) = if story.sent_at.is_some() {
            (story, clock::now())
        } else if let Some(sent) = self.send_once(&story, outcome, &heard, deadline).await? {
            sent
        } else {
            tracing::info!("another event's delivery is telling the customer");
            return Ok(());
        };
        self.tell(&sent, now, &heard).await
    }

    /// Sends the message unless somebody did, and says when; `None` when another event's delivery is doing so right
    /// now.
    /// SNS cannot say "I have this already", so the claim does.
    /// A process that dies between sending and keeping sends twice; nothing short of a channel that
    /// remembers ids can prevent that.
    async fn send_once(
        &self,
        story: &Story,
        outcome: Outcome,
        heard: &Heard,
        deadline: u64,
    ) -> Result<Option<(Story, DateTime<Utc>)>, NotificationError> {
        let (order_id, event_id) = (&story.order_id, &heard.metadata.event_id);
        let now = clock::now();
        if story.is_in_other_hands(event_id, now) {
            return Ok(None);
        }
        let story = match self.table.claim(order_id, event_id, outcome, now, deadline).await? {
            Claim::AlreadySent(story) => return Ok(Some((story, now))),
            Claim::InProgress { same_event: false } => return Ok(None),
            Claim::InProgress { same_event: true } => {
                return Err(NotificationError::InProgress(order_id.clone()));
            }
            Claim::Ours(story) => story,
        };
        let outcome = story.outcome.unwrap_or(outcome);
        let attributes = [
            ("orderId", order_id.as_str()),
            ("notificationId", &derived_id("ntf", order_id)),
            ("outcome", &outcome.to_string()),
        ];
        if let Err(error) = self.topic.send(compose(&story, outcome), attributes).await {
            if let Err(error) = self.table.give_back(order_id).await {
                tracing::warn!(error = chain(&error), "the claim stays until it expires");
            }
            return Err(error.into());
        }
        tracing::info!(outcome = %outcome, "customer told");
        let now = clock::now();
        Ok(Some((self.table.keep_sent(order_id, now).await?, now)))
    }

    /// `now` is when this invocation sent the message, if it did.
    async fn tell(
        &self,
        story: &Story,
        now: DateTime<Utc>,
        heard: &Heard,
    ) -> Result<(), NotificationError> {
        let (Some(sent_at), Some(outcome)) = (story.sent_at, story.outcome) else { return Ok(()) };
        let sent = NotificationSent {
            order_id: story.order_id.clone(),
            customer_id: story.customer_id.clone(),
            notification_id: derived_id("ntf", &story.order_id),
            channel: Topic::CHANNEL.to_owned(),
            outcome: outcome.to_string(),
        };
        Ok(self.bus.tell(&Told::new(sent, sent_at, heard.cause()).news_of(now)).await?)
    }
}

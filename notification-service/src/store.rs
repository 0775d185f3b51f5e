use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    error::SdkError,
    operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    Event,
    aws::{SdkConfig, traced},
    item::{BadItem, Item, number, read, read_optional, text, time},
};

use crate::story::{Claimed, Fact, Outcome, Story};

/// What is known of each order, and whether its customer was told.
#[derive(Clone, Debug)]
pub(crate) struct NotificationTable {
    client: Client,
    table: String,
    /// How long an order is remembered after its first event.
    memory: TimeDelta,
}

/// Whether this invocation is the one that tells the customer.
#[derive(Debug)]
pub(crate) enum Claim {
    /// It is: nobody else will until the claim expires. The story has the outcome that counts.
    Ours(Story),
    /// The customer was told already, as this story says.
    AlreadySent(Story),
    /// Another delivery is at it. `same_event` says whether it is one of the event at hand.
    InProgress { same_event: bool },
}

/// Why nothing was kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotificationTableError {
    #[error("could not keep what is known of order `{order_id}`")]
    Update { order_id: String, source: Box<SdkError<UpdateItemError>> },
    #[error("could not read what is known of order `{order_id}`")]
    Read { order_id: String, source: BadItem },
}

impl NotificationTable {
    /// `ttl_days` is how long an order is remembered after its first event.
    pub(crate) fn new(config: &SdkConfig, table: String, ttl_days: u32) -> Self {
        let client = Client::from_conf(Builder::from(config).interceptor(traced(config)).build());
        Self { client, table, memory: TimeDelta::days(ttl_days.into()) }
    }

    /// Adds what `event` says, unless the same was said before, and returns all that is known. DynamoDB forgets
    /// it when `expiresAt` (epoch seconds) is over.
    pub(crate) async fn add(
        &self,
        event: &Event,
        fact: Fact,
        now: DateTime<Utc>,
    ) -> Result<Story, NotificationTableError> {
        let order_id = event.order_id();
        let (attribute, value) = match fact {
            Fact::Payment(payment) => ("payment", payment.to_string()),
            Fact::Stock(stock) => ("stock", stock.to_string()),
        };
        let update = self
            .update(order_id)
            .update_expression(
                "SET #fact = if_not_exists(#fact, :value), customerId = if_not_exists(customerId, :customer), \
                 expiresAt = if_not_exists(expiresAt, :expires)",
            )
            .expression_attribute_names("#fact", attribute)
            .expression_attribute_values(":value", text(value))
            .expression_attribute_values(":customer", text(event.customer_id()))
            .expression_attribute_values(":expires", number((now + self.memory).timestamp()))
            .return_values(ReturnValue::AllNew);
        let updated = update.send().await.map_err(|error| failed(order_id, error))?;
        as_story(order_id, updated.attributes().unwrap_or(&Item::new()))
    }

    /// Claims for the event `event_id` the right to tell the customer, until `deadline` (epoch
    /// milliseconds), by which this invocation is over, one way or another.
    pub(crate) async fn claim(
        &self,
        order_id: &str,
        event_id: &str,
        outcome: Outcome,
        now: DateTime<Utc>,
        deadline: u64,
    ) -> Result<Claim, NotificationTableError> {
        // Absent, or expired: the two states in which a claim is free. A sent message has neither.
        let update = self
            .update(order_id)
            .update_expression(
                "SET claimedUntil = :deadline, claimedBy = :event, outcome = if_not_exists(outcome, :outcome)",
            )
            .condition_expression(
                "attribute_not_exists(sentAt) AND (attribute_not_exists(claimedUntil) OR claimedUntil < :now)",
            )
            .expression_attribute_values(":deadline", number(deadline))
            .expression_attribute_values(":event", text(event_id))
            .expression_attribute_values(":now", number(now.timestamp_millis()))
            .expression_attribute_values(":outcome", text(outcome.to_string()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(updated) => {
                let story = as_story(order_id, updated.attributes().unwrap_or(&Item::new()))?;
                return Ok(Claim::Ours(story));
            }
            Err(error) => error,
        };
        if let Some(UpdateItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
        {
            let story = as_story(order_id, refused.item().unwrap_or(&Item::new()))?;
            return Ok(match &story.claim {
                Some(claim) if story.sent_at.is_none() => {
                    Claim::InProgress { same_event: claim.event_id == event_id }
                }
                _ => Claim::AlreadySent(story),
            });
        }
        Err(failed(order_id, error))
    }

    /// Gives a claim back, so that a retry need not wait for it to expire.
    pub(crate) async fn give_back(&self, order_id: &str) -> Result<(), NotificationTableError> {
        let update = self
            .update(order_id)
            .update_expression("REMOVE claimedUntil, claimedBy")
            .condition_expression("attribute_not_exists(sentAt)");
        update.send().await.map(drop).map_err(|error| failed(order_id, error))
    }

    /// Keeps that the customer was told, and when: the first time counts.
    pub(crate) async fn keep_sent(
        &self,
        order_id: &str,
        now: DateTime<Utc>,
    ) -> Result<Story, NotificationTableError> {
        let update = self
            .update(order_id)
            .update_expression("SET sentAt = if_not_exists(sentAt, :now)")
            .expression_attribute_values(":now", time(now))
            .return_values(ReturnValue::AllNew);
        let updated = update.send().await.map_err(|error| failed(order_id, error))?;
        as_story(order_id, updated.attributes().unwrap_or(&Item::new()))
    }

    fn update(&self, order_id: &str) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key("orderId", text(order_id))
    }
}

fn failed(order_id: &str, error: SdkError<UpdateItemError>) -> NotificationTableError {
    NotificationTableError::Update { order_id: order_id.to_owned(), source: Box::new(error) }
}

fn as_story(order_id: &str, item: &Item) -> Result<Story, NotificationTableError> {
    let read_all = || -> Result<Story, BadItem> {
        Ok(Story {
            order_id: read(item, "orderId")?,
            customer_id: read(item, "customerId")?,
            payment: read_optional(item, "payment")?,
            stock: read_optional(item, "stock")?,
            outcome: read_optional(item, "outcome")?,
            sent_at: read_optional(item, "sentAt")?,
            claim: match (read_optional(item, "claimedBy")?, read_optional(item, "claimedUntil")?) {
                (Some(event_id), Some(until)) => Some(Claimed { event_id, until }),
                _ => None,
            },
        })
    };
    read_all()
        .map_err(|source| NotificationTableError::Read { order_id: order_id.to_owned(), source })
}

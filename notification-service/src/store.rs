use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    error::SdkError,
    operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    Event, Invocation, OrderId, Recorded,
    aws::{SdkConfig, traced},
    item::{InvalidItem, Item, number, parse, parse_optional, text, time},
};

use crate::story::{Claimed, Fact, Outcome, Story};

/// The attribute with the id of the invocation that claimed the notification.
const CLAIM_RECORDED_BY: &str = "claimRecordedBy";
/// The attribute with the id of the invocation that stored that the notification was sent.
const SENT_RECORDED_BY: &str = "sentRecordedBy";

/// What is known of each order, and whether its customer was notified.
#[derive(Clone, Debug)]
pub(crate) struct NotificationTable {
    client: Client,
    table: String,
    /// How long an order is stored after its first event.
    time_to_live: TimeDelta,
}

/// Which invocation notifies the customer.
#[derive(Debug)]
pub(crate) enum Claim {
    /// This one does, and no other until the claim expires. The story has the final outcome.
    Ours(Story),
    /// The customer is notified already, as the story says.
    AlreadySent(Story),
    /// Another delivery does. `same_event` says whether it is a delivery of the event at hand.
    InProgress { same_event: bool },
}

/// Why nothing was stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotificationTableError {
    #[error("could not store what is known of order `{order_id}`")]
    Update { order_id: OrderId, source: Box<SdkError<UpdateItemError>> },
    #[error("could not parse what is known of order `{order_id}`")]
    Parse { order_id: OrderId, source: InvalidItem },
}

impl NotificationTable {
    /// `ttl_days` is how long an order is stored after its first event.
    pub(crate) fn new(config: &SdkConfig, table: String, ttl_days: u32) -> Self {
        let traced = traced(config).table(&table);
        let client = Client::from_conf(Builder::from(config).interceptor(traced).build());
        Self { client, table, time_to_live: TimeDelta::days(ttl_days.into()) }
    }

    /// Adds `fact`, unless a fact of its kind is stored already, and returns all that is known of
    /// the order of `event`. DynamoDB deletes it after `expiresAt` (epoch seconds).
    pub(crate) async fn add(
        &self,
        event: &Event,
        fact: Fact,
        now: DateTime<Utc>,
    ) -> Result<Story, NotificationTableError> {
        let order_id = event.order_id();
        let (attribute, value) = match fact {
            Fact::Payment(payment) => ("payment", payment.as_str()),
            Fact::Stock(stock) => ("stock", stock.as_str()),
        };
        let update = self
            .update(order_id)
            .update_expression(
                "SET #fact = if_not_exists(#fact, :value), \
                 customerId = if_not_exists(customerId, :customer), \
                 expiresAt = if_not_exists(expiresAt, :expires)",
            )
            .expression_attribute_names("#fact", attribute)
            .expression_attribute_values(":value", text(value))
            .expression_attribute_values(":customer", text(event.customer_id()))
            .expression_attribute_values(":expires", number((now + self.time_to_live).timestamp()))
            .return_values(ReturnValue::AllNew);
        let updated = update.send().await.map_err(|error| failed(order_id, error))?;
        story(order_id, &updated.attributes.unwrap_or_default())
    }

    /// Claims the right to notify the customer for the event `event_id`, until the deadline of this
    /// invocation.
    pub(crate) async fn claim(
        &self,
        order_id: &OrderId,
        event_id: &str,
        outcome: Outcome,
        now: DateTime<Utc>,
        invocation: &Invocation,
    ) -> Result<Claim, NotificationTableError> {
        let deadline = invocation.deadline().timestamp_millis();
        // A claim is free if it is absent or expired. A message that was sent is not claimed again.
        let update = self
            .update(order_id)
            .update_expression(
                "SET claimedUntil = :deadline, claimedBy = :event, claimRecordedBy = :invocation, \
                 outcome = if_not_exists(outcome, :outcome)",
            )
            .condition_expression(
                "attribute_not_exists(sentAt) \
                 AND (attribute_not_exists(claimedUntil) OR claimedUntil < :now)",
            )
            .expression_attribute_values(":deadline", number(deadline))
            .expression_attribute_values(":invocation", text(invocation.id()))
            .expression_attribute_values(":event", text(event_id))
            .expression_attribute_values(":now", number(now.timestamp_millis()))
            .expression_attribute_values(":outcome", text(outcome))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(updated) => {
                let story = story(order_id, &updated.attributes.unwrap_or_default())?;
                return Ok(Claim::Ours(story));
            }
            Err(error) => error,
        };
        if let Some(UpdateItemError::ConditionalCheckFailedException(refused)) =
            error.as_service_error()
        {
            let item = refused.item.clone().unwrap_or_default();
            let story = story(order_id, &item)?;
            let claimed = story.claim.clone().filter(|_| story.sent_at.is_none());
            let Some(claimed) = claimed else { return Ok(Claim::AlreadySent(story)) };
            return Ok(match Recorded::of(&item, CLAIM_RECORDED_BY, invocation, story) {
                // The response to the first attempt was lost, and this is the SDK's second.
                Recorded::New(story) => Claim::Ours(story),
                Recorded::Existing(_) => {
                    Claim::InProgress { same_event: claimed.event_id == event_id }
                }
            });
        }
        Err(failed(order_id, error))
    }

    /// Gives the claim back, so that a retry need not wait until it expires.
    pub(crate) async fn give_back(&self, order_id: &OrderId) -> Result<(), NotificationTableError> {
        let update = self
            .update(order_id)
            .update_expression("REMOVE claimedUntil, claimedBy, claimRecordedBy")
            .condition_expression("attribute_not_exists(sentAt)");
        update.send().await.map(drop).map_err(|error| failed(order_id, error))
    }

    /// Stores that the customer was notified, and when, unless that is stored already.
    pub(crate) async fn record_sent(
        &self,
        order_id: &OrderId,
        now: DateTime<Utc>,
        invocation: &Invocation,
    ) -> Result<Recorded<Story>, NotificationTableError> {
        let update = self
            .update(order_id)
            .update_expression(
                "SET sentAt = if_not_exists(sentAt, :now), \
                 sentRecordedBy = if_not_exists(sentRecordedBy, :invocation)",
            )
            .expression_attribute_values(":invocation", text(invocation.id()))
            .expression_attribute_values(":now", time(now))
            .return_values(ReturnValue::AllNew);
        let updated = update.send().await.map_err(|error| failed(order_id, error))?;
        let item = updated.attributes.unwrap_or_default();
        let sent = story(order_id, &item)?;
        Ok(Recorded::of(&item, SENT_RECORDED_BY, invocation, sent))
    }

    fn update(&self, order_id: &OrderId) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key("orderId", text(order_id))
    }
}

fn failed(order_id: &OrderId, error: SdkError<UpdateItemError>) -> NotificationTableError {
    NotificationTableError::Update { order_id: order_id.clone(), source: Box::new(error) }
}

fn story(order_id: &OrderId, item: &Item) -> Result<Story, NotificationTableError> {
    let order_id = order_id.clone();
    from_item(item).map_err(|source| NotificationTableError::Parse { order_id, source })
}

fn from_item(item: &Item) -> Result<Story, InvalidItem> {
    Ok(Story {
        order_id: parse(item, "orderId")?,
        customer_id: parse(item, "customerId")?,
        payment: parse_optional(item, "payment")?,
        stock: parse_optional(item, "stock")?,
        outcome: parse_optional(item, "outcome")?,
        sent_at: parse_optional(item, "sentAt")?,
        claim: match (parse_optional(item, "claimedBy")?, parse_optional(item, "claimedUntil")?) {
            (Some(event_id), Some(until)) => Some(Claimed { event_id, until }),
            _ => None,
        },
    })
}

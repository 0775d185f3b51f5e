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

/// The attribute with the id of the invocation that stored that the notification was sent.
const RECORDED_BY: &str = "recordedBy";

/// What is known of each order, and whether its customer was notified.
#[derive(Clone, Debug)]
pub(crate) struct NotificationTable {
    client: Client,
    table: String,
    /// How long an order is stored after the last write.
    time_to_live: TimeDelta,
}

/// Which invocation notifies the customer.
#[derive(Debug)]
pub(crate) enum Claim {
    /// This one does, and no other until the claim expires. The story has the final outcome.
    Ours(Story),
    /// The customer is notified already, as the story says.
    AlreadySent(Story),
    /// Another one does.
    Theirs,
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
    /// `ttl_days` is how long an order is stored after the last write.
    pub(crate) fn new(config: &SdkConfig, table: String, ttl_days: u32) -> Self {
        let traced = traced(config).table(&table);
        let client = Client::from_conf(Builder::from(config).interceptor(traced).build());
        Self { client, table, time_to_live: TimeDelta::days(ttl_days.into()) }
    }

    /// Whether what was stored at `time` may have been deleted by `now`, so that nobody knows what
    /// became of it.
    pub(crate) fn may_have_forgotten(&self, time: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        now - time >= self.time_to_live
    }

    /// Adds `fact`, unless a fact of its kind is stored already, and returns all that is known of
    /// the order of `event`. DynamoDB deletes it after `expiresAt` (epoch seconds), which every write
    /// puts off.
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
            .update(order_id, now)
            .update_expression(
                "SET #fact = if_not_exists(#fact, :value), \
                 customerId = if_not_exists(customerId, :customer), expiresAt = :expires",
            )
            .expression_attribute_names("#fact", attribute)
            .expression_attribute_values(":value", text(value))
            .expression_attribute_values(":customer", text(event.customer_id()));
        match send(order_id, update).await? {
            Written::Updated(item) | Written::Refused(item) => story(order_id, &item),
        }
    }

    /// Claims the right to notify the customer until the deadline of this invocation.
    ///
    /// The owner is Lambda's request id: a retry keeps it, and the attempt before it is over by then,
    /// so an owner takes its own claim over at once. Everybody else has to wait until it expires.
    pub(crate) async fn claim(
        &self,
        order_id: &OrderId,
        outcome: Outcome,
        now: DateTime<Utc>,
        invocation: &Invocation,
    ) -> Result<Claim, NotificationTableError> {
        let deadline = invocation.deadline().timestamp_millis();
        let update = self
            .update(order_id, now)
            .update_expression(
                "SET claimedBy = :owner, claimedUntil = :deadline, \
                 outcome = if_not_exists(outcome, :outcome), expiresAt = :expires",
            )
            .condition_expression(
                "attribute_not_exists(sentAt) AND (attribute_not_exists(claimedUntil) \
                 OR claimedBy = :owner OR claimedUntil < :now)",
            )
            .expression_attribute_values(":owner", text(invocation.request_id()))
            .expression_attribute_values(":deadline", number(deadline))
            .expression_attribute_values(":now", number(now.timestamp_millis()))
            .expression_attribute_values(":outcome", text(outcome));
        match send(order_id, update).await? {
            Written::Updated(item) => Ok(Claim::Ours(story(order_id, &item)?)),
            Written::Refused(item) => {
                let story = story(order_id, &item)?;
                Ok(if story.sent_at.is_some() { Claim::AlreadySent(story) } else { Claim::Theirs })
            }
        }
    }

    /// Stores that the customer was notified, and when, unless that is stored already.
    pub(crate) async fn record_sent(
        &self,
        order_id: &OrderId,
        now: DateTime<Utc>,
        invocation: &Invocation,
    ) -> Result<Recorded<Story>, NotificationTableError> {
        let update = self
            .update(order_id, now)
            .update_expression("SET sentAt = :now, recordedBy = :invocation, expiresAt = :expires")
            .condition_expression("attribute_not_exists(sentAt)")
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":invocation", text(invocation.id()));
        match send(order_id, update).await? {
            // Refused is also the second attempt of the SDK after the response to the first was lost.
            Written::Updated(item) | Written::Refused(item) => {
                Ok(Recorded::of(&item, RECORDED_BY, invocation, story(order_id, &item)?))
            }
        }
    }

    /// An update of the order's item, whose expression has to set `expiresAt`.
    fn update(&self, order_id: &OrderId, now: DateTime<Utc>) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("orderId", text(order_id))
            .expression_attribute_values(":expires", number((now + self.time_to_live).timestamp()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

/// The item after an update, or the one that its condition did not like.
enum Written {
    Updated(Item),
    Refused(Item),
}

async fn send(
    order_id: &OrderId,
    update: UpdateItemFluentBuilder,
) -> Result<Written, NotificationTableError> {
    let error = match update.send().await {
        Ok(updated) => return Ok(Written::Updated(updated.attributes.unwrap_or_default())),
        Err(error) => error,
    };
    if let Some(UpdateItemError::ConditionalCheckFailedException(refused)) =
        error.as_service_error()
    {
        return Ok(Written::Refused(refused.item.clone().unwrap_or_default()));
    }
    let order_id = order_id.clone();
    Err(NotificationTableError::Update { order_id, source: Box::new(error) })
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
            (Some(owner), Some(until)) => Some(Claimed { owner, until }),
            _ => None,
        },
    })
}

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    types::ReturnValue,
};
use chrono::{DateTime, Utc};
use shared::{
    CustomerId, OrderId,
    item::{InvalidItem, Item, number, parse, text},
};

use super::{OrderTable, OrderTableError, failed, item, parse as parse_order};
use crate::{
    order::{Open, Order},
    progress::{Fact, Happened},
};

/// The index of the orders that have not ended, by the time at which they are to be looked at.
const INDEX: &str = "open-orders";

/// The facts of a confirmed order, besides its notification, and those that it does not have.
const CONFIRMED: [Fact; 2] = [Fact::PaymentProcessed, Fact::InventoryUpdated];
const REFUSED: [Fact; 2] = [Fact::PaymentFailed, Fact::InventoryInsufficient];

/// An order that is open for long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) customer_id: CustomerId,
    pub(crate) order_id: OrderId,
    pub(crate) open: Open,
}

impl OrderTable {
    /// Adds `fact` to the order unless a fact of its kind is stored already, and returns the order.
    /// An order that is not stored is not made.
    pub(crate) async fn add_fact(
        &self,
        customer_id: &CustomerId,
        order_id: &OrderId,
        fact: Fact,
        happened: &Happened,
    ) -> Result<Option<Order>, OrderTableError> {
        let update = self
            .update(customer_id, order_id)
            .update_expression("SET #fact = if_not_exists(#fact, :happened)")
            // What was withdrawn was never created.
            .condition_expression("attribute_exists(createdAt)")
            .expression_attribute_names("#fact", fact.attribute())
            .expression_attribute_values(":happened", item::fact_attribute(happened));
        updated("update", order_id, update).await
    }

    /// Adds that the customer of a confirmed order was notified, and takes the order out of the index with the same
    /// write, if nothing else is missing: as a rule, that is what happens last. `None` if something is.
    pub(crate) async fn add_last_fact(
        &self,
        customer_id: &CustomerId,
        order_id: &OrderId,
        notified: &Happened,
    ) -> Result<Option<Order>, OrderTableError> {
        let update = self
            .update(customer_id, order_id)
            .update_expression(
                "SET #fact = if_not_exists(#fact, :happened) REMOVE #open, dueAt, attempts",
            )
            .condition_expression(only_notification_is_missing())
            .expression_attribute_names("#fact", Fact::NotificationSent.attribute())
            .expression_attribute_names("#open", item::OPEN)
            .expression_attribute_values(":happened", item::fact_attribute(notified));
        updated("close", order_id, update).await
    }

    /// Takes the order out of the index: it has ended.
    pub(crate) async fn close(&self, order: &Order) -> Result<(), OrderTableError> {
        let created = &order.created;
        let update = self
            .update(&created.customer_id, &created.order_id)
            .update_expression("REMOVE #open, dueAt, attempts")
            .condition_expression("attribute_exists(createdAt)")
            .expression_attribute_names("#open", item::OPEN);
        let closed = update.send().await;
        closed.map(drop).map_err(|error| failed("close", &created.order_id, error))
    }

    /// The orders that are due at `now`, the longest due first, `limit` at most.
    pub(crate) async fn due(
        &self,
        now: DateTime<Utc>,
        limit: i32,
    ) -> Result<Vec<Due>, OrderTableError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(INDEX)
            .key_condition_expression("#open = :open AND dueAt <= :now")
            .expression_attribute_names("#open", item::OPEN)
            .expression_attribute_values(":open", text(item::OPEN))
            .expression_attribute_values(":now", number(now.timestamp_millis()))
            .limit(limit);
        let found = query.send().await.map_err(|error| OrderTableError::Query(Box::new(error)))?;
        Ok(found.items().iter().map(parse_due).collect::<Result<_, _>>()?)
    }

    /// Sets when a due order is to be looked at again, and returns it; `None` if it has ended, or
    /// another invocation was faster.
    pub(crate) async fn postpone(
        &self,
        due: &Due,
        next: Open,
    ) -> Result<Option<Order>, OrderTableError> {
        let update = self
            .update(&due.customer_id, &due.order_id)
            .update_expression("SET dueAt = :next, attempts = :attempts")
            .condition_expression("attribute_exists(#open) AND dueAt = :due")
            .expression_attribute_names("#open", item::OPEN)
            .expression_attribute_values(":next", number(next.due_at.timestamp_millis()))
            .expression_attribute_values(":attempts", number(next.attempts))
            .expression_attribute_values(":due", number(due.open.due_at.timestamp_millis()));
        updated("postpone", &due.order_id, update).await
    }
}

/// Sends an update. The order as it is then; `None` if the condition does not hold.
async fn updated(
    step: &'static str,
    order_id: &OrderId,
    update: UpdateItemFluentBuilder,
) -> Result<Option<Order>, OrderTableError> {
    match update.return_values(ReturnValue::AllNew).send().await {
        Ok(updated) => parse_order(order_id, &updated.attributes.unwrap_or_default()).map(Some),
        Err(error) if is_refused(&error) => Ok(None),
        Err(error) => Err(failed(step, order_id, error)),
    }
}

fn is_refused(error: &SdkError<UpdateItemError>) -> bool {
    let error = error.as_service_error();
    error.is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}

/// Of a confirmed order. The end of any other one has more facts than the customer's notification, and comes with the
/// refund or the release rather than with that.
fn only_notification_is_missing() -> String {
    let stored = CONFIRMED.map(|fact| format!("attribute_exists({})", fact.attribute()));
    let others = REFUSED.map(|fact| format!("attribute_not_exists({})", fact.attribute()));
    [stored, others].concat().join(" AND ")
}

fn parse_due(item: &Item) -> Result<Due, InvalidItem> {
    Ok(Due {
        customer_id: parse(item, "customerId")?,
        order_id: parse(item, "orderId")?,
        open: Open {
            due_at: item::milliseconds(item, "dueAt")?,
            attempts: parse(item, "attempts")?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Progress;

    #[test]
    fn an_order_that_misses_nothing_but_its_notification_has_ended_with_it() {
        let happened = |fact: Fact| {
            let at = DateTime::UNIX_EPOCH;
            (fact, Happened { at, event_id: "any".to_owned(), trace: None, detail: None })
        };
        let subsets = 0..1_u32 << Fact::ALL.len();
        let mut found = 0;
        for subset in subsets {
            let has = |fact: &Fact| subset & 1 << *fact as u32 != 0;
            if CONFIRMED.iter().all(has) && !REFUSED.iter().any(has) {
                let facts = Fact::ALL.iter().copied().filter(has).chain([Fact::NotificationSent]);
                assert!(facts.map(happened).collect::<Progress>().is_ended(), "{subset:b}");
                found += 1;
            }
        }
        assert_ne!(found, 0);
        assert_eq!(
            only_notification_is_missing(),
            "attribute_exists(paymentProcessed) AND attribute_exists(inventoryUpdated) AND \
             attribute_not_exists(paymentFailed) AND attribute_not_exists(inventoryInsufficient)"
        );
    }
}

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    Cause, OutboundEvent, PublishError, Recorded, TraceHeader, budget, clock, count_republished,
};
use tracing::{Instrument, Span, field::Empty};

use crate::{
    handler::Orders,
    order::{Open, Order},
    store::{Due, OrderTableError},
};

/// How many orders are looked for at once.
const BATCH: i32 = 25;
/// What an invocation leaves undone for the next one: enough for an order with all its retries in
/// the ordinary course.
const RESERVE: Duration = Duration::from_secs(2);
/// The longest time until an order is published again.
const MAX_PAUSE: TimeDelta = TimeDelta::hours(1);

/// Why the sweep ended early. The orders that are left are found by the next one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SweepError {
    #[error("the table of orders is unavailable")]
    Table(#[from] OrderTableError),
    #[error("an open order could not be published again")]
    Bus(#[from] PublishError),
}

impl Orders {
    /// Publishes the orders again that are open for long. Every consumer publishes its decision
    /// again, so this heals whatever event was lost on the way.
    pub(crate) async fn sweep(&self) -> Result<(), SweepError> {
        while budget::remaining() > RESERVE {
            let due = self.table.due(clock::now(), BATCH).await?;
            if due.is_empty() {
                return Ok(());
            }
            for due in due {
                if budget::remaining() <= RESERVE {
                    break;
                }
                self.publish_again(&due).await?;
            }
        }
        tracing::warn!("orders are left for the next sweep");
        Ok(())
    }

    async fn publish_again(&self, due: &Due) -> Result<(), SweepError> {
        let next = next(due.open, self.open_after, clock::now());
        let Some(order) = self.table.postpone(due, next).await? else { return Ok(()) };
        if order.progress.is_ended() {
            // Whoever recorded its last fact died before it closed the order.
            return Ok(self.table.close(&order).await?);
        }
        let span = span(&order, next.attempts);
        let publish = async {
            count_republished(next.attempts);
            tracing::warn!(attempts = next.attempts, "order is open for long; publishing it again");
            let event = Recorded::Existing(order.created.clone().into());
            let event = OutboundEvent::new(event, order.created_at, Cause::request());
            self.bus.publish(&event).await
        };
        Ok(publish.instrument(span).await?)
    }
}

/// A subsegment in the order's own trace.
fn span(order: &Order, attempts: u32) -> Span {
    let header = order.trace.as_deref().and_then(|header| header.parse::<TraceHeader>().ok());
    let span = tracing::info_span!(
        "republish_order",
        xray_trace_id = Empty,
        annotation.order_id = order.created.order_id.as_str(),
        annotation.customer_id = order.created.customer_id.as_str(),
        annotation.event_source = "schedule",
        annotation.republish_attempts = attempts,
    );
    if let Some(header) = header {
        span.record("xray_trace_id", header.root());
        header.continue_in(&span);
    }
    span
}

/// When an order is looked at again: after a time that doubles.
fn next(open: Open, first: TimeDelta, now: DateTime<Utc>) -> Open {
    let attempts = open.attempts.saturating_add(1);
    let doubled = 2_i32.checked_pow(attempts).and_then(|factor| first.checked_mul(factor));
    let pause = doubled.unwrap_or(MAX_PAUSE).min(MAX_PAUSE.max(first));
    Open { due_at: now + pause, attempts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let now = DateTime::UNIX_EPOCH;
        let pause = |attempts, first| {
            let open = next(Open { due_at: now, attempts }, TimeDelta::seconds(first), now);
            assert_eq!(open.attempts, attempts + 1);
            (open.due_at - now).num_seconds()
        };
        assert_eq!([pause(0, 120), pause(1, 120), pause(3, 120)], [240, 480, 1_920]);
        assert_eq!([pause(4, 120), pause(31, 120), pause(200, 120)], [3_600; 3]);
        assert_eq!(pause(0, 7_200), 7_200, "never earlier than the first time");
    }
}

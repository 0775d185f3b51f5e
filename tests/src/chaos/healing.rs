use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    books::text,
    world::{World, table},
};

/// How long healing may take: longer than a claim of a process that died, which lasts until the deadline of
/// its invocation.
const LIMIT: Duration = Duration::from_secs(45);
/// How often it is looked at.
const INTERVAL: Duration = Duration::from_millis(250);

/// What had to be mended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Healed {
    /// Orders that no consumer knew when the last fault was over.
    pub(super) never_published: usize,
    /// Orders that had not ended by then.
    pub(super) open: usize,
    /// Dead letters that were redriven.
    pub(super) redriven: usize,
    /// Dead letters that are left.
    pub(super) dead_letters: usize,
}

/// Ends the faults; then redrives dead letters and has the schedule publish open orders again, until there
/// are neither, or it takes too long.
pub(super) async fn heal(world: &World) -> Healed {
    world.stack().set_faults(Vec::new(), 0).expect("no fault names a function");
    let end = Instant::now() + LIMIT;
    settle(world, end).await;
    let books = world.books().await;
    let is_unknown = |order: &&String| {
        !books.payments.contains_key(*order) && !books.reservations.contains_key(*order)
    };
    let mut healed = Healed {
        never_published: books.orders.keys().filter(is_unknown).count(),
        open: books.orders.values().filter(|order| order.is_open).count(),
        ..Healed::default()
    };
    while Instant::now() < end {
        healed.redriven += world.redrive().await;
        settle(world, end).await;
        if !world.stack().dead_letters().is_empty() {
            continue;
        }
        if make_due(world).await == 0 {
            break;
        }
        let sweep = world.stack().schedules().remove(0).name;
        world.stack().fire_schedule(&sweep).expect("the template has a schedule");
        settle(world, end).await;
        tokio::time::sleep(INTERVAL).await;
    }
    healed.dead_letters = world.stack().dead_letters().len();
    healed
}

/// Waits until nothing is being handled.
async fn settle(world: &World, end: Instant) {
    while !world.stack().is_idle() && Instant::now() < end {
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Lets the time pass after which open orders are published again, and returns how many there are.
async fn make_due(world: &World) -> usize {
    let mut count = 0;
    for item in world.scan("orders").await {
        if !item.contains_key("open") {
            continue;
        }
        count += 1;
        let key = |name| AttributeValue::S(text(&item, name).unwrap_or_default());
        let update = world
            .dynamodb
            .update_item()
            .table_name(table("orders"))
            .key("customerId", key("customerId"))
            .key("orderId", key("orderId"))
            .update_expression("SET dueAt = :now")
            .condition_expression("attribute_exists(#open)")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":now", AttributeValue::N("1".to_owned()));
        // It may end between the two calls.
        let _ended = update.send().await;
    }
    count
}

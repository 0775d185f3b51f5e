//! Handles the outcomes of payment and stock: notifies the customer once (SNS), publishes
//! `Notification Sent`.

/// The steps from an event to its outcome.
mod handler;
/// What the customer reads.
mod message;
/// The table of notifications.
mod store;
/// How an order ends.
mod story;
/// The topic that notifies customers.
mod topic;

use shared::{Error, Service, optional, required};

use crate::{handler::Notifications, store::NotificationTable, topic::Topic};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let service = Service::start(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))?;
    let notifications = Notifications {
        table: NotificationTable::new(
            service.config(),
            required("NOTIFICATIONS_TABLE")?,
            optional("NOTIFICATION_TTL_DAYS", 90)?,
        ),
        topic: Topic::new(service.config(), required("TOPIC_ARN")?),
        bus: service.publisher()?,
    };
    service.run("send_notification", notifications).await
}

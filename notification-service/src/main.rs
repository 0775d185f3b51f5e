//! Hears the outcomes of payment and stock, tells the customer once (SNS), tells `Notification Sent`.

/// The steps from an event to an answer.
mod handler;
/// What the customer reads.
mod message;
/// The table of notifications.
mod store;
/// How an order ends.
mod story;
/// The topic that reaches the customer.
mod topic;

use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use shared::{
    Metrics, Producer, aws, lambda::TraceLayer, optional, publisher::Publisher, required, telemetry,
};
use tower::Layer;

use crate::{handler::Notifications, store::NotificationTable, topic::Topic};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init(env!("CARGO_CRATE_NAME"))?;
    let config = aws::config().await;
    let producer = Producer::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let notifications = Arc::new(Notifications {
        table: NotificationTable::new(
            &config,
            required("NOTIFICATIONS_TABLE")?,
            optional("NOTIFICATION_TTL_DAYS", 90)?,
        ),
        topic: Topic::new(&config, required("TOPIC_ARN")?),
        bus: Publisher::new(&config, required("EVENT_BUS_NAME")?, producer),
    });
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let notifications = Arc::clone(&notifications);
        async move { notifications.hear(&event.payload, event.context.deadline).await }
    });
    let metrics = Metrics::new(optional("METRICS_NAMESPACE", "distributed-tracing".to_owned())?);
    let layer = TraceLayer::new("send_notification", env!("CARGO_PKG_NAME"), metrics);
    lambda_runtime::run(layer.layer(handler)).await
}

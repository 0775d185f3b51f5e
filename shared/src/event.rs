use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer};

use crate::{Amount, clock::rfc3339};

/// Declares [`Event`] from one table, so that a name is written once and read everywhere.
macro_rules! events {
    ($($(#[$doc:meta])* $kind:ident: $source:literal, $detail_type:literal, $fact:literal, $status:literal;)*) => {
        /// Everything that is told on the bus. `source` and `detail-type` are the recipe's, because
        /// rules and other people's consumers match on them.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Event {
            $($(#[$doc])* $kind($kind),)*
        }

        impl Event {
            /// `source` and `detail-type` of every event that can be told.
            pub const KINDS: &[(&str, &str)] = &[$(($source, $detail_type),)*];

            /// The event's `Source`.
            pub fn source(&self) -> &'static str {
                match self { $(Self::$kind(_) => $source,)* }
            }

            /// The event's `DetailType`: one detail-type is one outcome.
            pub fn detail_type(&self) -> &'static str {
                match self { $(Self::$kind(_) => $detail_type,)* }
            }

            /// The payload's `status`.
            pub fn status(&self) -> &'static str {
                match self { $(Self::$kind(_) => $status,)* }
            }

            /// The order that the event is about.
            pub fn order_id(&self) -> &str {
                match self { $(Self::$kind(event) => &event.order_id,)* }
            }

            /// The customer whose order it is.
            pub fn customer_id(&self) -> &str {
                match self { $(Self::$kind(event) => &event.customer_id,)* }
            }

            /// The identity of the told fact: the same fact has the same id however often it is told.
            pub fn event_id(&self) -> String {
                let fact = match self { $(Self::$kind(_) => $fact,)* };
                format!("{}:{fact}", self.order_id())
            }

            /// Reads the payload of the event that `source` and `detail_type` name, or `None` when
            /// there is no such event.
            pub(crate) fn read(
                source: &str,
                detail_type: &str,
                detail: &str,
            ) -> Option<Result<Self, serde_json::Error>> {
                match (source, detail_type) {
                    $(($source, $detail_type) => Some(serde_json::from_str(detail).map(Self::$kind)),)*
                    _ => None,
                }
            }
        }

        $(impl From<$kind> for Event {
            fn from(event: $kind) -> Self {
                Self::$kind(event)
            }
        })*
    };
}

events! {
    /// An order was accepted and kept.
    OrderCreated: "order.service", "Order Created", "order-created", "created";
    /// The customer was charged.
    PaymentProcessed: "payment.service", "Payment Processed", "payment-processed", "processed";
    /// The customer was not charged, and will not be.
    PaymentFailed: "payment.service", "Payment Failed", "payment-failed", "failed";
    /// A charge was given back, because the order cannot be delivered.
    PaymentRefunded: "payment.service", "Payment Refunded", "payment-refunded", "refunded";
    /// Stock was set aside for the order.
    InventoryUpdated: "inventory.service", "Inventory Updated", "inventory-updated", "reserved";
    /// No warehouse has enough.
    InventoryInsufficient:
        "inventory.service", "Inventory Insufficient", "inventory-insufficient", "insufficient_stock";
    /// Reserved stock was put back, because the order was not paid.
    InventoryReleased: "inventory.service", "Inventory Released", "inventory-released", "released";
    /// The customer was told how the order ended.
    NotificationSent: "notification.service", "Notification Sent", "notification-sent", "sent";
}

/// Payload of `Order Created`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCreated {
    /// `ord_` and a UUID.
    pub order_id: String,
    /// Who ordered.
    pub customer_id: String,
    /// What was ordered.
    pub product_id: String,
    /// How many pieces, at least one.
    pub quantity: u32,
    /// What it costs in all, in major units of `currency`.
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
    /// How the customer wants to pay; the processor's default where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
}

/// Payload of `Payment Processed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentProcessed {
    /// The order that was paid.
    pub order_id: String,
    /// Who paid.
    pub customer_id: String,
    /// `pay_` and the order's UUID.
    pub payment_id: String,
    /// What was charged, in major units of `currency`.
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
    /// Who moved the money.
    pub processor: String,
}

/// Payload of `Payment Failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentFailed {
    /// The order that is not paid.
    pub order_id: String,
    /// Who was to pay.
    pub customer_id: String,
    /// `pay_` and the order's UUID.
    pub payment_id: String,
    /// What was to be charged, in major units of `currency`.
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
    /// Who refused to move the money.
    pub processor: String,
    /// Why.
    pub reason: PaymentFailure,
}

/// Why a payment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentFailure {
    /// The processor declined the payment method.
    Declined,
    /// The amount is above the configured limit.
    LimitExceeded,
}

/// Payload of `Payment Refunded`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRefunded {
    /// The order whose charge was given back.
    pub order_id: String,
    /// Who got it back.
    pub customer_id: String,
    /// The payment that was undone.
    pub payment_id: String,
    /// What was given back, in major units of `currency`.
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
    /// Who moved the money.
    pub processor: String,
}

/// Payload of `Inventory Updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryUpdated {
    /// The order that the stock is set aside for.
    pub order_id: String,
    /// Who ordered.
    pub customer_id: String,
    /// What is set aside.
    pub product_id: String,
    /// `res_` and the order's UUID.
    pub reservation_id: String,
    /// How many pieces.
    pub quantity: u32,
    /// Where they lie.
    pub warehouse: String,
    /// What that warehouse still has of the product.
    pub remaining_stock: u32,
}

/// Payload of `Inventory Insufficient`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryInsufficient {
    /// The order that cannot be delivered.
    pub order_id: String,
    /// Who ordered.
    pub customer_id: String,
    /// What is missing.
    pub product_id: String,
    /// `res_` and the order's UUID.
    pub reservation_id: String,
    /// How many pieces were wanted.
    pub quantity: u32,
    /// The most that any one warehouse could have sent.
    pub available_quantity: u32,
}

/// Payload of `Inventory Released`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryReleased {
    /// The order whose reservation was undone.
    pub order_id: String,
    /// Who ordered.
    pub customer_id: String,
    /// What was put back.
    pub product_id: String,
    /// The reservation that was undone.
    pub reservation_id: String,
    /// How many pieces.
    pub quantity: u32,
    /// Where they were put back.
    pub warehouse: String,
}

/// Payload of `Notification Sent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationSent {
    /// The order that ended.
    pub order_id: String,
    /// Who was told.
    pub customer_id: String,
    /// `ntf_` and the order's UUID.
    pub notification_id: String,
    /// By which way, `sns`.
    pub channel: String,
    /// How the order ended: `confirmed`, `payment_failed` or `out_of_stock`.
    pub outcome: String,
}

/// What every event carries besides its payload, in `detail.metadata`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// See [`Event::event_id`].
    pub event_id: String,
    /// The major version of the payload's shape, `1`.
    pub event_version: String,
    /// When the fact became true, not when it was told; always with milliseconds.
    #[serde(serialize_with = "milliseconds")]
    pub occurred_at: DateTime<Utc>,
    /// The order: what all events of one story share.
    pub correlation_id: String,
    /// The `eventId` of the event that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<String>,
    /// Who tells.
    pub producer: crate::Producer,
    /// The `X-Amzn-Trace-Id` header of the story. It is kept here too because an archive's replay drops
    /// the header itself
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html>).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

fn milliseconds<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*time))
}

/// The id of something of which an order has one: `pay_…` for `ord_…`.
///
/// ```
/// assert_eq!(shared::derived_id("pay", "ord_0198"), "pay_0198");
/// ```
pub fn derived_id(prefix: &str, order_id: &str) -> String {
    format!("{prefix}_{}", order_id.strip_prefix("ord_").unwrap_or(order_id))
}

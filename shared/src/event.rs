use serde::{Deserialize, Serialize};

use crate::{
    id::{CustomerId, OrderId, PaymentMethod, ProductId},
    money::Amount,
};

/// Declares [`Event`] from one table, so that each name is written once.
macro_rules! events {
    ($($(#[$doc:meta])* $kind:ident: $source:literal, $detail_type:literal, $fact:literal, $status:literal;)*) => {
        /// Every event that the services publish. Other systems match on `source` and
        /// `detail-type`, so these never change.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Event {
            $($(#[$doc])* $kind($kind),)*
        }

        impl Event {
            /// `source` and `detail-type` of every event.
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
            pub fn order_id(&self) -> &OrderId {
                match self { $(Self::$kind(event) => &event.order_id,)* }
            }

            /// The customer whose order it is.
            pub fn customer_id(&self) -> &CustomerId {
                match self { $(Self::$kind(event) => &event.customer_id,)* }
            }

            /// The event's id. It is deterministic, so that redelivery can be deduplicated.
            pub fn event_id(&self) -> String {
                let fact = match self { $(Self::$kind(_) => $fact,)* };
                self.order_id().event_id(fact)
            }

            /// Parses the payload of the event that `source` and `detail_type` name, or `None` when
            /// there is no such event.
            pub(crate) fn parse(
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
    /// An order was accepted and stored.
    OrderCreated: "order.service", "Order Created", "order-created", "created";
    /// The customer was charged.
    PaymentProcessed: "payment.service", "Payment Processed", "payment-processed", "processed";
    /// The customer was not charged, and will not be.
    PaymentFailed: "payment.service", "Payment Failed", "payment-failed", "failed";
    /// A charge was refunded, because the order cannot be delivered.
    PaymentRefunded: "payment.service", "Payment Refunded", "payment-refunded", "refunded";
    /// Nothing was charged, and nothing will be, because the order cannot be delivered.
    PaymentCancelled: "payment.service", "Payment Cancelled", "payment-cancelled", "cancelled";
    /// Stock was reserved for the order.
    InventoryUpdated: "inventory.service", "Inventory Updated", "inventory-updated", "reserved";
    /// No warehouse has enough stock.
    InventoryInsufficient:
        "inventory.service", "Inventory Insufficient", "inventory-insufficient", "insufficient_stock";
    /// Reserved stock was released, because the order was not paid.
    InventoryReleased: "inventory.service", "Inventory Released", "inventory-released", "released";
    /// Nothing was reserved, and nothing will be, because the order was not paid.
    InventoryCancelled:
        "inventory.service", "Inventory Cancelled", "inventory-cancelled", "cancelled";
    /// The customer was notified of how the order ended.
    NotificationSent: "notification.service", "Notification Sent", "notification-sent", "sent";
}

/// Payload of `Order Created`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCreated {
    /// The order.
    pub order_id: OrderId,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// What was ordered.
    pub product_id: ProductId,
    /// How many pieces, at least one.
    pub quantity: u32,
    /// What it costs in all, in major units of `currency`.
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
    /// How the customer wants to pay; the processor's default where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<PaymentMethod>,
}

/// Payload of `Payment Processed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentProcessed {
    /// The order that was paid.
    pub order_id: OrderId,
    /// Who paid.
    pub customer_id: CustomerId,
    /// `pay_` and the order's UUID.
    pub payment_id: String,
    /// What was charged, in major units of `currency`.
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
    /// The payment processor.
    pub processor: String,
}

/// Payload of `Payment Failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentFailed {
    /// The order that is not paid.
    pub order_id: OrderId,
    /// Who was to pay.
    pub customer_id: CustomerId,
    /// `pay_` and the order's UUID.
    pub payment_id: String,
    /// What was to be charged, in major units of `currency`.
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
    /// The payment processor.
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
    /// The order whose charge was refunded.
    pub order_id: OrderId,
    /// Who was refunded.
    pub customer_id: CustomerId,
    /// The payment that was refunded.
    pub payment_id: String,
    /// What was refunded, in major units of `currency`.
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
    /// The payment processor.
    pub processor: String,
}

/// Payload of `Payment Cancelled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentCancelled {
    /// The order that is not to be paid.
    pub order_id: OrderId,
    /// Who was to pay.
    pub customer_id: CustomerId,
    /// `pay_` and the order's UUID.
    pub payment_id: String,
}

/// Payload of `Inventory Updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryUpdated {
    /// The order that the stock is reserved for.
    pub order_id: OrderId,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// What is reserved.
    pub product_id: ProductId,
    /// `res_` and the order's UUID.
    pub reservation_id: String,
    /// How many pieces.
    pub quantity: u32,
    /// The warehouse that has them.
    pub warehouse: String,
    /// What that warehouse has left of the product, as far as was known when the stock was decided:
    /// concurrent orders may have taken more.
    pub remaining_stock: u32,
}

/// Payload of `Inventory Insufficient`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryInsufficient {
    /// The order that cannot be delivered.
    pub order_id: OrderId,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// What is missing.
    pub product_id: ProductId,
    /// `res_` and the order's UUID.
    pub reservation_id: String,
    /// How many pieces were ordered.
    pub quantity: u32,
    /// The most that any one warehouse has.
    pub available_quantity: u32,
}

/// Payload of `Inventory Released`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryReleased {
    /// The order whose reservation was released.
    pub order_id: OrderId,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// What was returned to stock.
    pub product_id: ProductId,
    /// The reservation that was released.
    pub reservation_id: String,
    /// How many pieces.
    pub quantity: u32,
    /// The warehouse that they were returned to.
    pub warehouse: String,
}

/// Payload of `Inventory Cancelled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryCancelled {
    /// The order that nothing is to be reserved for.
    pub order_id: OrderId,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// `res_` and the order's UUID.
    pub reservation_id: String,
}

/// Payload of `Notification Sent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationSent {
    /// The order that ended.
    pub order_id: OrderId,
    /// Who was notified.
    pub customer_id: CustomerId,
    /// `ntf_` and the order's UUID.
    pub notification_id: String,
    /// Through which channel, `sns`.
    pub channel: String,
    /// How the order ended: `confirmed`, `payment_failed` or `out_of_stock`.
    pub outcome: String,
}

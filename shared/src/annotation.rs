//! Every call annotates the current span, which has to be the invocation's own. X-Ray indexes
//! annotations, so that traces can be found by them; metadata are only shown. Neither may contain
//! names, addresses or message texts.

use tracing::{Span, field::Empty};

use crate::{
    envelope::InboundEvent,
    id::{CustomerId, OrderId, ProductId},
    money::Amount,
    trace_header::TraceHeader,
};

/// Declares the fields of the invocation's span and a setter for each from one table: a field that
/// is not declared when the span is opened is dropped silently when it is recorded.
macro_rules! annotations {
    ($($group:ident { $($(#[$doc:meta])* $name:ident($value:ident: $type:ty) = $shown:expr;)* })*) => {
        $($(
            $(#[$doc])*
            pub fn $name($value: $type) {
                Span::current().record(concat!(stringify!($group), ".", stringify!($name)), $shown);
            }
        )*)*

        /// The span of one invocation: the subsegment `operation`.
        pub(crate) fn invocation_span(
            operation: &'static str,
            service: &'static str,
            cold_start: bool,
            event_source: &'static str,
        ) -> Span {
            tracing::info_span!(
                "invocation",
                otel.name = operation,
                request_id = Empty,
                xray_trace_id = Empty,
                http.response.status_code = Empty,
                annotation.service_name = service,
                annotation.cold_start = cold_start,
                annotation.event_source = event_source,
                $($($group.$name = Empty,)*)*
            )
        }
    };
}

annotations! {
    annotation {
        /// The order at hand.
        order_id(id: &OrderId) = id.as_str();
        /// The customer whose order it is.
        customer_id(id: &CustomerId) = id.as_str();
        /// What was ordered.
        product_id(id: &ProductId) = id.as_str();
        /// What the order costs, in major units of the configured currency.
        order_amount(amount: Amount) = amount.as_float();
        /// What is to be charged, in major units of the configured currency.
        payment_amount(amount: Amount) = amount.as_float();
        /// The warehouse that the stock was reserved in.
        warehouse(name: &str) = name;
        /// How the order ended, `confirmed`.
        notification_type(outcome: &str) = outcome;
    }
    metadata {
        /// The event at hand.
        event_id(id: &str) = id;
        /// The trace in which the event was published, if it is another one.
        published_in_trace(root: &str) = root;
        /// Why nothing was done about the event.
        ignored(reason: &str) = reason;
    }
}

/// Annotates the invocation with the event that it handles. If the event was published in another
/// trace (a replay from an archive starts a new one), that trace is named too.
pub(crate) fn inbound_event(inbound: &InboundEvent) {
    order_id(inbound.event.order_id());
    customer_id(inbound.event.customer_id());
    event_id(&inbound.metadata.event_id);
    let root = |header: TraceHeader| header.root();
    let published_in = inbound.metadata.trace.as_deref().and_then(|text| text.parse().ok());
    let published_in = published_in.map(root);
    if published_in != TraceHeader::current().map(root)
        && let Some(published_in) = published_in
    {
        published_in_trace(&published_in);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_declares_what_the_setters_record() {
        tracing::subscriber::with_default(tracing_subscriber::registry(), || {
            let span = invocation_span("process_payment", "payment-service", false, "eventbridge");
            for field in ["annotation.order_id", "annotation.warehouse", "metadata.event_id"] {
                assert!(span.has_field(field), "{field}");
            }
        });
    }
}

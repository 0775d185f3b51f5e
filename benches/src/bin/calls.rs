//! The least that a function can cost that does what order-service does: the Lambda runtime and the same two AWS calls,
//! without checks, traces, metrics and log lines. Built with the same profile as the services.

use std::{collections::HashMap, env};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = shared::aws::config()?;
    let (table, bus) = (env::var("ORDERS_TABLE")?, env::var("EVENT_BUS_NAME")?);
    let tables = aws_sdk_dynamodb::Client::new(&config);
    let events = aws_sdk_eventbridge::Client::new(&config);
    let (table, bus, tables, events) = (&table, &bus, &tables, &events);
    let place = |event: LambdaEvent<Value>| async move {
        let order_id = Uuid::new_v4().to_string();
        let item = HashMap::from([
            ("customerId".to_owned(), AttributeValue::S("customer123".to_owned())),
            ("orderId".to_owned(), AttributeValue::S(order_id.clone())),
            ("order".to_owned(), AttributeValue::S(event.payload["body"].to_string())),
        ]);
        tables.put_item().table_name(table).set_item(Some(item)).send().await?;
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(bus)
            .source("order.service")
            .detail_type("Order Created")
            .detail(json!({ "orderId": order_id, "order": event.payload["body"] }).to_string());
        events.put_events().entries(entry.build()).send().await?;
        Ok::<_, Error>(json!({ "statusCode": 201, "body": order_id }))
    };
    lambda_runtime::run(service_fn(place)).await
}

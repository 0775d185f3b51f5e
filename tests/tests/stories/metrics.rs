use std::{collections::BTreeSet, fs};

use e2e::workspace;
use serde_json::Value;

use crate::tour::every_way_an_order_can_go;

/// What each invocation counts, as CloudWatch reads it off the log.
#[tokio::test(flavor = "multi_thread")]
async fn every_fact_is_counted_once() {
    let world = every_way_an_order_can_go().await;
    let lines = world.stack().logs().lines(local::logs::Line::is_metrics);
    let sum = |name: &str| -> f64 {
        let fields = lines.iter().flat_map(|line| line.fields.split(' '));
        fields
            .filter_map(|field| field.strip_prefix(name)?.strip_prefix('=')?.parse::<f64>().ok())
            .sum()
    };
    for (name, detail_type) in [
        ("OrdersCreated", "Order Created"),
        ("PaymentsProcessed", "Payment Processed"),
        ("PaymentsFailed", "Payment Failed"),
        ("PaymentsRefunded", "Payment Refunded"),
        ("Reservations", "Inventory Updated"),
        ("StockOuts", "Inventory Insufficient"),
        ("ReservationsReleased", "Inventory Released"),
        ("NotificationsSent", "Notification Sent"),
    ] {
        // However often a fact was told, it has one id.
        let told = world.events_of(detail_type);
        let facts: BTreeSet<_> =
            told.iter().map(|event| event["detail"]["metadata"]["eventId"].to_string()).collect();
        assert_eq!(sum(name).to_string(), facts.len().to_string(), "{name}");
    }
    assert!((sum("OrderAmount") - 8.0 * 99.99).abs() < 0.001, "{}", sum("OrderAmount"));
    assert!(sum("ColdStarts") >= 4.0);
    assert!(lines.iter().all(|line| line.trace_id.is_some() && line.request_id.is_some()));
    world.end().await;
}

/// What the dashboard and the alarms show of ours is what the services write, under the same names.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_watched_is_what_is_counted() {
    let world = every_way_an_order_can_go().await;
    let mut counted = BTreeSet::new();
    for line in world.stack().logs().lines(local::logs::Line::is_metrics) {
        let service = line.function.replace("distributed-tracing-demo-", "");
        let fields = line.fields.split(' ').filter_map(|field| field.split_once('='));
        counted.extend(fields.map(|(name, _)| (name.to_owned(), service.clone())));
    }
    world.end().await;
    let template = fs::read_to_string(workspace().join("infra/watch.yaml")).unwrap();
    let (alarms, page) = template.split_once("DashboardBody: !Sub |").unwrap();
    let (page, _) = page.split_once("\nOutputs:").unwrap();
    let page: Value = serde_json::from_str(page).unwrap();
    let own = "${ProjectName}-${Environment}";
    let widgets = page["widgets"].as_array().unwrap().iter();
    let metrics = widgets.filter_map(|widget| widget["properties"]["metrics"].as_array()).flatten();
    let mut watched = BTreeSet::new();
    for metric in metrics.filter(|metric| metric[0] == own) {
        assert_eq!(metric[2], "Service");
        let text = |index: usize| metric[index].as_str().unwrap().to_owned();
        watched.insert((text(1), text(3)));
    }
    assert!(watched.len() > 15, "{watched:?}");
    let unknown: Vec<_> = watched.difference(&counted).collect();
    assert!(unknown.is_empty(), "on the dashboard and written by nobody: {unknown:?}");
    // The alarm on the bus is the only one on a metric of ours.
    let namespace = format!("Namespace: !Sub \"{own}\"\n");
    let ours: Vec<_> = alarms.split(&namespace).skip(1).collect();
    assert_eq!(ours.len(), 3);
    for (metric, service) in ours.iter().zip(["payment", "inventory", "notification"]) {
        assert!(metric.trim_start().starts_with("MetricName: BusLatency\n"), "{metric}");
        assert!(metric.contains(&format!("Name: Service, Value: {service}-service")), "{metric}");
        assert!(counted.contains(&("BusLatency".to_owned(), format!("{service}-service"))));
    }
}

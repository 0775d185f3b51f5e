use std::{collections::BTreeSet, fs};

use e2e::{World, workspace};
use local::logs::Line;
use serde_json::Value;

use crate::tour::every_way_an_order_can_go;

/// The metrics that count facts, and the facts that they count.
const FACTS: [(&str, &str); 8] = [
    ("OrdersCreated", "Order Created"),
    ("PaymentsProcessed", "Payment Processed"),
    ("PaymentsFailed", "Payment Failed"),
    ("PaymentsRefunded", "Payment Refunded"),
    ("Reservations", "Inventory Updated"),
    ("StockOuts", "Inventory Insufficient"),
    ("ReservationsReleased", "Inventory Released"),
    ("NotificationsSent", "Notification Sent"),
];

/// How many different facts were told under that name: however often one is told, it has one id.
fn facts(world: &World, detail_type: &str) -> f64 {
    let told = world.events_of(detail_type);
    let ids = told.iter().map(|event| event["detail"]["metadata"]["eventId"].to_string());
    f64::from(u32::try_from(ids.collect::<BTreeSet<_>>().len()).unwrap())
}

fn sum(lines: &[Line], name: &str) -> f64 {
    let fields = lines.iter().flat_map(|line| line.fields.split(' '));
    let of_name = |field: &str| field.strip_prefix(name)?.strip_prefix('=')?.parse::<f64>().ok();
    fields.filter_map(of_name).sum()
}

/// The lines of metrics. A function writes them before its answer, and they are read a little later.
async fn lines(world: &World) -> Vec<Line> {
    world
        .until("a count of every fact", || {
            let lines = world.stack().logs().lines(Line::is_metrics);
            let counted =
                |(name, detail_type): &(&str, &str)| sum(&lines, name) >= facts(world, detail_type);
            FACTS.iter().all(counted).then_some(lines)
        })
        .await
}

/// What each invocation counts, as CloudWatch reads it off the log.
#[tokio::test(flavor = "multi_thread")]
async fn every_fact_is_counted_once() {
    let world = every_way_an_order_can_go().await;
    let lines = lines(&world).await;
    let sum = |name: &str| sum(&lines, name);
    for (name, detail_type) in FACTS {
        let (counted, told) = (sum(name), facts(&world, detail_type));
        assert!((counted - told).abs() < 0.001, "{name}: {told} told, {counted} counted");
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
    for line in lines(&world).await {
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
    let namespace = format!("Namespace: !Sub \"{own}\"\n");
    let alarms: Vec<_> = alarms.split(&namespace).skip(1).collect();
    let alarms = alarms.iter().map(|alarm| {
        let name = alarm.trim_start().lines().next().unwrap().replace("MetricName: ", "");
        let (_, service) = alarm.split_once("Name: Service, Value: ").unwrap();
        (name, service.split_once(' ').unwrap().0.to_owned())
    });
    let alarms: BTreeSet<_> = alarms.collect();
    assert_eq!(alarms.len(), 4, "{alarms:?}");
    let unknown: Vec<_> = alarms.difference(&counted).collect();
    assert!(unknown.is_empty(), "alarms on what nobody writes: {unknown:?}");
}

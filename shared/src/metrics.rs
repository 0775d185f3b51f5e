use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use metrique::{
    CloseValue, RootEntry,
    emf::Emf,
    unit::Millisecond,
    unit_of_work::metrics,
    writer::{AnyEntrySink, BoxEntrySink, FormatExt, sink::FlushImmediately},
};

use crate::{Amount, Event, Heard, Told, clock::now};

/// Business metrics in CloudWatch's embedded metric format: at most one line of JSON an invocation, on
/// standard output, from which CloudWatch makes the metrics. No API call, and nothing left to flush when
/// Lambda freezes the process
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
///
/// The only dimension is `Service`: each further one multiplies what CloudWatch bills. What finds a single
/// order (its id, its trace) stands in the same line and is no metric.
#[derive(Clone)]
pub struct Metrics {
    sink: BoxEntrySink,
}

/// What one invocation counts. What stays `None` is not written.
#[metrics(rename_all = "PascalCase", emf::dimension_sets = [["Service"]])]
#[derive(Debug)]
struct Counts {
    #[metrics(timestamp)]
    timestamp: SystemTime,
    service: &'static str,
    #[metrics(name = "request_id")]
    request_id: Option<String>,
    #[metrics(name = "xray_trace_id")]
    trace_id: Option<String>,
    #[metrics(name = "order_id")]
    order_id: Option<String>,
    /// Processes started.
    cold_starts: Option<u64>,
    /// From the moment in which a fact was decided until a service acts on it: EventBridge, Lambda's queue,
    /// the cold start, and every retry.
    #[metrics(unit = Millisecond)]
    bus_latency: Option<Duration>,
    orders_created: Option<u64>,
    /// In major units of the configured currency, as are the other amounts.
    order_amount: Option<f64>,
    payments_processed: Option<u64>,
    payment_amount: Option<f64>,
    payments_failed: Option<u64>,
    failed_payment_amount: Option<f64>,
    payments_refunded: Option<u64>,
    refunded_amount: Option<f64>,
    reservations: Option<u64>,
    stock_outs: Option<u64>,
    reservations_released: Option<u64>,
    notifications_sent: Option<u64>,
}

/// An invocation that counts.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    /// Gone once they are written.
    counts: Arc<Mutex<Option<Counts>>>,
}

tokio::task_local! {
    /// The invocation that the running code belongs to. It is the task's and not the process's, because one
    /// process may serve several invocations at once.
    static CURRENT: Invocation;
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Metrics in CloudWatch's namespace `namespace`, one an environment.
    pub fn new(namespace: String) -> Self {
        Self::written_to(namespace, io::stdout)
    }

    fn written_to<W: io::Write + 'static>(
        namespace: String,
        writer: impl Fn() -> W + Send + Sync + 'static,
    ) -> Self {
        let format = Emf::builder(namespace, vec![vec![]]).build();
        Self { sink: FlushImmediately::new_boxed(format.output_to_makewriter(writer)) }
    }

    /// Writes what `invocation` counted, if it counted anything.
    pub(crate) fn write(&self, invocation: &Invocation) {
        let counts = invocation.counts.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(counts) = counts.filter(|counts| !counts.is_empty()) {
            self.sink.append_any(RootEntry::new(counts.close()));
        }
    }
}

impl Invocation {
    /// An invocation of `service` that begins now.
    pub(crate) fn begin(service: &'static str, cold: bool) -> Self {
        let mut counts = Counts::new(service);
        counts.cold_starts = cold.then_some(1);
        Self { counts: Arc::new(Mutex::new(Some(counts))) }
    }

    /// What finds the invocation's log lines.
    pub(crate) fn request(&self, id: &str) {
        self.change(|counts| counts.request_id = Some(id.to_owned()));
    }

    /// What finds its trace.
    pub(crate) fn trace(&self, id: impl Into<String>) {
        self.change(|counts| counts.trace_id = Some(id.into()));
    }

    /// Runs `work` as part of this invocation.
    pub(crate) async fn run<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    fn change(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counts) = counts.as_mut() {
            change(counts);
        }
    }
}

/// Counts how long a fact was on its way.
pub(crate) fn heard(heard: &Heard) {
    // Fails outside of an invocation, where there is nothing to count for.
    let _none = CURRENT.try_with(|invocation| {
        invocation.change(|counts| {
            let way = (now() - heard.metadata.occurred_at).to_std();
            // Another machine's clock may be ahead of ours.
            counts.bus_latency = Some(way.unwrap_or_default());
            counts.order_id = Some(heard.event.order_id().to_owned());
        });
    });
}

/// Counts a fact that is news. What is told again is not counted again, and what could not be told is not lost.
pub(crate) fn told(told: &Told) {
    if told.is_news() {
        let _none =
            CURRENT.try_with(|invocation| invocation.change(|counts| counts.add(told.event())));
    }
}

impl Counts {
    fn new(service: &'static str) -> Self {
        Self {
            timestamp: now().into(),
            service,
            request_id: None,
            trace_id: None,
            order_id: None,
            cold_starts: None,
            bus_latency: None,
            orders_created: None,
            order_amount: None,
            payments_processed: None,
            payment_amount: None,
            payments_failed: None,
            failed_payment_amount: None,
            payments_refunded: None,
            refunded_amount: None,
            reservations: None,
            stock_outs: None,
            reservations_released: None,
            notifications_sent: None,
        }
    }

    /// Whatever is heard or told belongs to an order.
    fn is_empty(&self) -> bool {
        self.cold_starts.is_none() && self.order_id.is_none()
    }

    fn add(&mut self, event: &Event) {
        fn one(count: &mut Option<u64>) {
            *count = Some(count.unwrap_or_default() + 1);
        }
        fn sum(total: &mut Option<f64>, amount: Amount) {
            *total = Some(total.unwrap_or_default() + amount.as_float());
        }
        self.order_id = Some(event.order_id().to_owned());
        match event {
            Event::OrderCreated(order) => {
                one(&mut self.orders_created);
                sum(&mut self.order_amount, order.amount);
            }
            Event::PaymentProcessed(payment) => {
                one(&mut self.payments_processed);
                sum(&mut self.payment_amount, payment.amount);
            }
            Event::PaymentFailed(payment) => {
                one(&mut self.payments_failed);
                sum(&mut self.failed_payment_amount, payment.amount);
            }
            Event::PaymentRefunded(payment) => {
                one(&mut self.payments_refunded);
                sum(&mut self.refunded_amount, payment.amount);
            }
            Event::InventoryUpdated(_) => one(&mut self.reservations),
            Event::InventoryInsufficient(_) => one(&mut self.stock_outs),
            Event::InventoryReleased(_) => one(&mut self.reservations_released),
            Event::NotificationSent(_) => one(&mut self.notifications_sent),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use serde_json::Value;

    use super::*;
    use crate::{Cause, PaymentFailed, PaymentFailure};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn failed(occurred_at: DateTime<Utc>) -> Told {
        let failed = PaymentFailed {
            order_id: "ord_1".to_owned(),
            customer_id: "customer123".to_owned(),
            payment_id: "pay_1".to_owned(),
            amount: "99.99".parse().unwrap(),
            currency: "USD".to_owned(),
            processor: "sandbox".to_owned(),
            reason: PaymentFailure::Declined,
        };
        Told::new(failed, occurred_at, Cause::request())
    }

    async fn line(cold: bool, work: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let metrics = Metrics::written_to("shop-test".to_owned(), move || writer.clone());
        let invocation = Invocation::begin("payment-service", cold);
        invocation.request("request-1");
        invocation.trace("1-5759e988-bd862e3fe1be46a994272793");
        invocation.clone().run(async { work() }).await;
        metrics.write(&invocation);
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test]
    async fn a_line_is_what_cloudwatch_reads() {
        let decided = now();
        let line = line(true, || told(&failed(decided).news_of(decided))).await;
        assert_eq!(line.matches('\n').count(), 1, "one line: {line}");
        let mut line: Value = serde_json::from_str(&line).unwrap();
        assert!(line["_aws"]["Timestamp"].take().as_u64().is_some());
        insta::assert_json_snapshot!(line);
    }

    #[tokio::test]
    async fn what_is_told_again_is_not_counted_again() {
        let line =
            line(false, || told(&failed(now() - TimeDelta::seconds(3)).news_of(now()))).await;
        assert_eq!(line, "", "nothing happened, so nothing is written");
    }

    #[test]
    fn outside_of_an_invocation_nothing_is_counted() {
        let decided = now();
        told(&failed(decided).news_of(decided));
    }
}

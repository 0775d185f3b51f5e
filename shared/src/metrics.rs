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

use crate::{
    clock::now,
    envelope::{InboundEvent, OutboundEvent},
    event::Event,
    money::Amount,
};

/// Business metrics in CloudWatch's embedded metric format: a line of JSON on standard output, which
/// CloudWatch turns into metrics. There is no API call, and nothing is left to flush when Lambda
/// freezes the process
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
///
/// The only dimension is `Service`: each further one multiplies the number of metrics that
/// CloudWatch bills. The ids that find a single order and its trace are in the same line, as
/// properties and not as metrics.
#[derive(Clone)]
pub struct Metrics {
    sink: BoxEntrySink,
}

/// The metrics of one invocation. A metric that is `None` is not written.
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
    /// From the time at which an event occurred until a service handles it: EventBridge, Lambda's
    /// queue, the cold start, and every retry.
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
    /// Orders that were open for long and whose `Order Created` was published again.
    orders_republished: Option<u64>,
    /// The most often that one of them was.
    republish_attempts: Option<u64>,
}

/// The metrics of an invocation while it runs, as far as they are not written yet.
#[derive(Clone, Debug)]
pub(crate) struct InvocationMetrics {
    metrics: Metrics,
    counts: Arc<Mutex<Counts>>,
}

tokio::task_local! {
    /// The metrics of the current invocation. They belong to the task and not to the process,
    /// because one process may serve several invocations at once.
    static CURRENT: InvocationMetrics;
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Metrics in CloudWatch's namespace `namespace`, one for each environment.
    pub fn new(namespace: String) -> Self {
        Self::written_to(namespace, io::stdout)
    }

    pub(crate) fn written_to<W: io::Write + 'static>(
        namespace: String,
        writer: impl Fn() -> W + Send + Sync + 'static,
    ) -> Self {
        let format = Emf::builder(namespace, vec![vec![]]).build();
        Self { sink: FlushImmediately::new_boxed(format.output_to_makewriter(writer)) }
    }
}

impl InvocationMetrics {
    /// Those of an invocation of `service` that starts now.
    pub(crate) fn new(metrics: Metrics, service: &'static str, is_cold: bool) -> Self {
        let mut counts = Counts::new(service);
        counts.cold_starts = is_cold.then_some(1);
        Self { metrics, counts: Arc::new(Mutex::new(counts)) }
    }

    /// Writes what there is and is not written yet.
    pub(crate) fn write(&self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if !counts.is_empty() {
            let next = counts.after_writing();
            let written = std::mem::replace(&mut *counts, next);
            self.metrics.sink.append_any(RootEntry::new(written.close()));
        }
    }

    /// Adds Lambda's request id, which finds the invocation's log lines.
    pub(crate) fn set_request_id(&self, id: &str) {
        self.change(|counts| counts.request_id = Some(id.to_owned()));
    }

    /// Adds the trace's id.
    pub(crate) fn set_trace_id(&self, id: impl Into<String>) {
        self.change(|counts| counts.trace_id = Some(id.into()));
    }

    /// Runs `work` as part of this invocation.
    pub(crate) async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    fn change(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Records how long ago the event occurred that the current invocation handles.
pub(crate) fn record_bus_latency(inbound: &InboundEvent) {
    change_current(|counts| {
        let latency = (now() - inbound.metadata.occurred_at).to_std();
        // Another machine's clock may be ahead of ours.
        counts.bus_latency = Some(latency.unwrap_or_default());
        counts.order_id = Some(inbound.event.order_id().to_string());
    });
}

/// Counts events once, when they are first recorded: publishing them again does not count them
/// again. The counts are written at once, so that neither failing to publish nor a process that dies
/// while it publishes loses them. What the canary ordered is no business.
pub(crate) fn count(events: &[OutboundEvent]) {
    let new = events.iter().filter_map(OutboundEvent::newly_recorded);
    let new: Vec<_> = new.filter(|event| !event.order_id().is_canary()).collect();
    if !new.is_empty() {
        change_current(|counts| new.into_iter().for_each(|event| counts.add(event)));
        // Fails outside of an invocation, where there is nothing to count for.
        let _outside = CURRENT.try_with(InvocationMetrics::write);
    }
}

/// Counts an order that was published again, for the `attempts`th time.
pub fn count_republished(attempts: u32) {
    change_current(|counts| {
        counts.orders_republished = Some(counts.orders_republished.unwrap_or_default() + 1);
        counts.republish_attempts = counts.republish_attempts.max(Some(attempts.into()));
    });
}

fn change_current(change: impl FnOnce(&mut Counts)) {
    // Fails outside of an invocation, where there is nothing to count for.
    let _outside = CURRENT.try_with(|invocation| invocation.change(change));
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
            orders_republished: None,
            republish_attempts: None,
        }
    }

    /// Those of the same invocation that are still to come.
    fn after_writing(&self) -> Self {
        let (request_id, trace_id) = (self.request_id.clone(), self.trace_id.clone());
        Self { request_id, trace_id, ..Self::new(self.service) }
    }

    /// Every other metric comes with an order id, or with the number of orders.
    fn is_empty(&self) -> bool {
        self.cold_starts.is_none() && self.order_id.is_none() && self.orders_republished.is_none()
    }

    fn add(&mut self, event: &Event) {
        fn one(count: &mut Option<u64>) {
            *count = Some(count.unwrap_or_default() + 1);
        }
        fn sum(total: &mut Option<f64>, amount: Amount) {
            *total = Some(total.unwrap_or_default() + amount.as_float());
        }
        self.order_id = Some(event.order_id().to_string());
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
            // Nothing was charged or reserved, so there is nothing to count.
            Event::PaymentCancelled(_) | Event::InventoryCancelled(_) => {}
            Event::NotificationSent(_) => one(&mut self.notifications_sent),
        }
    }
}

#[cfg(test)]
mod tests;

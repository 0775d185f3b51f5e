use std::{error::Error as StdError, sync::Arc};

use aws_config::SdkConfig;
pub use lambda_runtime::Error;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tower::Layer;

use crate::{
    annotation, aws,
    envelope::{EventError, InboundEvent, Producer},
    environment::{InvalidVariable, optional, required},
    invocation::Invocation,
    layer::TraceLayer,
    metrics::{Metrics, record_bus_latency},
    publisher::Publisher,
    telemetry,
};

/// The metrics' namespace by default: the template's default project name.
const METRICS_NAMESPACE: &str = "distributed-tracing";

/// What every service has: telemetry, AWS configuration, metrics, and its name as a producer of
/// events.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    version: &'static str,
    config: SdkConfig,
    metrics: Metrics,
}

/// Handles the events that EventBridge sends to a function.
pub trait EventHandler: Send + Sync + 'static {
    /// Why an event was not handled. Lambda retries, then sends the event to the on-failure
    /// destination.
    type Error: StdError + From<EventError> + Send + Sync + 'static;

    /// Handles one event, which may be redelivered and may arrive out of order.
    fn handle(
        &self,
        inbound: &InboundEvent,
        invocation: &Invocation,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl Service {
    /// Sets up telemetry and AWS configuration for the package `name` in `version`
    /// (`CARGO_PKG_NAME` and `CARGO_PKG_VERSION`). Call it first in `main`.
    pub fn start(name: &'static str, version: &'static str) -> Result<Self, Error> {
        telemetry::init(name)?;
        let namespace = optional("METRICS_NAMESPACE", METRICS_NAMESPACE.to_owned())?;
        let (config, metrics) = (aws::config()?, Metrics::new(namespace));
        Ok(Self { name, version, config, metrics })
    }

    /// The configuration of the service's AWS clients.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Publishes the service's events to the bus `EVENT_BUS_NAME`.
    pub fn publisher(&self) -> Result<Publisher, InvalidVariable> {
        let producer = Producer::new(self.name, self.version);
        Ok(Publisher::new(&self.config, required("EVENT_BUS_NAME")?, producer))
    }

    /// The layer around the service's handler, whose work becomes the subsegment `operation`.
    pub fn layer(&self, operation: &'static str) -> TraceLayer {
        TraceLayer::new(operation, self.name, self.metrics.clone())
    }

    /// Handles events with `handler` until Lambda ends the process.
    pub async fn run(
        self,
        operation: &'static str,
        handler: impl EventHandler,
    ) -> Result<(), Error> {
        let handler = Arc::new(handler);
        let function = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
            let handler = Arc::clone(&handler);
            async move {
                let invocation = Invocation::new(&event.context);
                handle_event(handler.as_ref(), &event.payload, &invocation).await
            }
        });
        lambda_runtime::run(self.layer(operation).layer(function)).await
    }
}

/// Handles the event in `payload`, as EventBridge passes it to a function.
pub async fn handle_event<H: EventHandler>(
    handler: &H,
    payload: &RawValue,
    invocation: &Invocation,
) -> Result<(), H::Error> {
    let inbound = InboundEvent::parse(payload)?;
    annotation::inbound_event(&inbound);
    record_bus_latency(&inbound);
    handler.handle(&inbound, invocation).await
}

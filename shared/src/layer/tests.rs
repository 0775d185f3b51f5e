use std::{convert::Infallible, io};

use serde_json::Value;
use tower::{ServiceExt, service_fn};
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::{captured::Captured, clock::now, log_line::LogLines};

#[derive(Debug, thiserror::Error)]
#[error("could not store order `ord_1`")]
struct StoreError(#[source] std::fmt::Error);

#[test]
fn an_error_is_shown_with_its_causes() {
    let error = StoreError(std::fmt::Error);
    let diagnostic = diagnostic(&error);
    assert_eq!(diagnostic.error_type, "StoreError");
    assert_eq!(
        diagnostic.error_message,
        "could not store order `ord_1`: an error occurred when formatting an argument"
    );
}

#[tokio::test]
async fn a_reported_error_is_logged_by_its_status() {
    for (status, level) in [(503, "ERROR"), (404, "WARN")] {
        let line = logged(status).await;
        assert_eq!(line["level"], level, "{line}");
        assert_eq!(line["status"], status, "{line}");
        assert_eq!(
            line["error"],
            "could not store order `ord_1`: an error occurred when formatting an argument"
        );
    }
}

/// What is logged of a response with that status that reports an error.
async fn logged(status: u16) -> Value {
    let log = Captured::default();
    let writer = log.clone();
    let lines = LogLines::written_to(now, move || writer.clone());
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines));
    let handler = service_fn(move |_event: LambdaEvent<Box<RawValue>>| async move {
        let mut response = http::Response::new(());
        *response.status_mut() = status.try_into().unwrap();
        response.extensions_mut().insert(ReportedError::new(StoreError(std::fmt::Error)));
        Ok::<_, Infallible>(response)
    });
    let metrics = Metrics::written_to("test".to_owned(), io::sink);
    let event = LambdaEvent::new(RawValue::NULL.to_owned(), Context::default());
    let layer = TraceLayer::new("process_order", "order-service", metrics);
    layer.layer(handler).oneshot(event).await.unwrap();
    serde_json::from_str(&log.text()).unwrap()
}

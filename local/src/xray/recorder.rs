use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::store::Store;
use crate::logs::Logs;

/// Records the segments that AWS services send for themselves, so that a trace here looks like one on AWS.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    store: Arc<Store>,
    logs: Arc<Logs>,
}

impl Recorder {
    /// Records into `store`, and reports to `logs` what the store rejects.
    pub(crate) fn new(store: Arc<Store>, logs: Arc<Logs>) -> Self {
        Self { store, logs }
    }

    /// Records a segment or subsegment. A rejected one, for instance because a name in the template has a character
    /// that X-Ray refuses, is reported as an error, since the trace lacks it.
    pub(crate) fn record(&self, document: &Value) {
        if let Err(rejection) = self.store.put_document(document) {
            let name = &document["name"];
            self.logs.report(&format!("x-ray rejected the segment {name}: {}", rejection.message));
        }
    }

    /// How the business of a trace ended; see [`Store::outcome`].
    pub(crate) async fn outcome(&self, trace_id: &str, limit: Duration) -> Option<String> {
        self.store.outcome(trace_id, limit).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rejected_segment_is_reported() {
        let (store, logs) = (Arc::new(Store::new(1)), Arc::new(Logs::new(|_| {})));
        let recorder = Recorder::new(Arc::clone(&store), Arc::clone(&logs));
        let segment = |name: &str| {
            json!({
                "id": "53995c3f42cd8ad8", "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
                "name": name, "start_time": 1, "end_time": 2,
            })
        };
        recorder.record(&segment("shop/prod"));
        assert_eq!(logs.lines(|_| true).len(), 0);
        assert_eq!(store.traces().len(), 1);
        for rejected in [segment("shop/$default"), json!([segment("shop/prod")])] {
            recorder.record(&rejected);
        }
        let lines = logs.lines(|line| line.level == "ERROR");
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].message.contains("ErrorCode: InvalidName"), "{lines:?}");
    }
}

use std::{future, sync::Arc};

use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    Schedules,
    bus::{Buses, DEFAULT},
    describe::Directory,
    entry::{Entry, EntryError},
    replay::Replays,
    request::parse_entries,
    sample::test_event_pattern,
};
use crate::{
    clock,
    identity::arn_of,
    random_id::new_id,
    trace_header::TraceHeader,
    wire::{AwsApi, AwsError, AwsRequest, Outcome, Permission, Protocol, Response},
};

/// The operations.
const OPERATIONS: [&str; 14] = [
    "PutEvents",
    "ListRules",
    "ListTargetsByRule",
    "TestEventPattern",
    "DescribeRule",
    "ListEventBuses",
    "DescribeEventBus",
    "CreateArchive",
    "DescribeArchive",
    "ListArchives",
    "StartReplay",
    "DescribeReplay",
    "ListReplays",
    "CancelReplay",
];

/// The EventBridge API.
#[derive(Debug)]
pub(crate) struct EventBridge {
    pub(crate) buses: Arc<Buses>,
    pub(crate) schedules: Arc<Schedules>,
}

impl AwsApi for EventBridge {
    fn name(&self) -> &'static str {
        "events"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Json { target: "AWSEvents", content_type: "application/x-amz-json-1.1" }
    }

    fn permissions(&self, request: &AwsRequest) -> Vec<Permission> {
        request.json().map_or_else(|_| Vec::new(), |body| permissions(&request.operation, body))
    }

    fn denial(&self) -> (StatusCode, &'static str) {
        (StatusCode::BAD_REQUEST, "AccessDeniedException")
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        let directory = Directory { buses: &self.buses, schedules: self.schedules.all() };
        let outcome = request.json().and_then(|body| match request.operation.as_str() {
            "PutEvents" => put_events(&self.buses, request.trace.as_ref(), body),
            "TestEventPattern" => test_event_pattern(body),
            "ListRules" => directory.list_rules(body),
            "DescribeRule" => directory.describe_rule(body),
            "ListTargetsByRule" => directory.list_targets(body),
            "ListEventBuses" => directory.list_buses(body),
            "DescribeEventBus" => directory.describe_bus(body),
            "CreateArchive" => self.create_archive(body),
            "DescribeArchive" => self.buses.archives.describe(body),
            "ListArchives" => self.buses.archives.list(body),
            "StartReplay" => Replays::start(&self.buses, body),
            "DescribeReplay" => self.buses.replays.describe(body),
            "ListReplays" => self.buses.replays.list(body),
            "CancelReplay" => self.buses.replays.cancel(body),
            other => Err(AwsError::unknown_operation("EventBridge", other, &OPERATIONS)),
        });
        Box::pin(future::ready(outcome.map(Response::Json)))
    }
}

impl EventBridge {
    fn create_archive(&self, request: &Value) -> Result<Value, AwsError> {
        let bus_of = |arn: &str| self.buses.find(arn).ok().map(str::to_owned);
        self.buses.archives.create(request, bus_of)
    }
}

fn permissions(operation: &str, body: &Value) -> Vec<Permission> {
    if operation != "PutEvents" {
        return vec![Permission::new("events", operation, "*")];
    }
    let entries = body["Entries"].as_array().into_iter().flatten();
    let buses = entries.map(|entry| entry["EventBusName"].as_str().unwrap_or(DEFAULT));
    let bus = |name| Permission::new("events", operation, arn_of("events", "event-bus/", name));
    buses.map(bus).collect()
}

/// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>.
fn put_events(
    buses: &Buses,
    trace: Option<&TraceHeader>,
    request: &Value,
) -> Result<Value, AwsError> {
    let mut failed = 0;
    let results: Vec<_> = parse_entries(request)?
        .into_iter()
        .map(|entry| match entry.and_then(|entry| put(buses, trace, &entry)) {
            Ok(id) => json!({ "EventId": id }),
            Err(EntryError { code, message }) => {
                failed += 1;
                json!({ "ErrorCode": code, "ErrorMessage": message })
            }
        })
        .collect();
    Ok(json!({ "FailedEntryCount": failed, "Entries": results }))
}

/// Puts an event on its bus. The entry's own trace header wins over the request's; a malformed one is
/// dropped.
fn put(
    buses: &Buses,
    trace: Option<&TraceHeader>,
    entry: &Entry<'_>,
) -> Result<String, EntryError> {
    let own = entry.trace_header.map(TraceHeader::parse);
    let trace = own.unwrap_or_else(|| trace.cloned());
    let id = new_id().to_string();
    let time = entry.time.unwrap_or_else(clock::date_time);
    let event = entry
        .to_event(&id, time)
        .map_err(|error| EntryError { code: "InternalFailure", message: error.to_string() })?;
    buses.dispatch(entry.bus, event, time, trace.as_ref());
    Ok(id)
}

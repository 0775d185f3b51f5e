use std::{future, sync::Arc};

use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    bus::{Buses, DEFAULT},
    entry::{Entry, EntryError, size},
};
use crate::{
    identity::arn_of,
    rules::Pattern,
    template::Rule,
    trace_header::TraceHeader,
    wire::{AwsApi, AwsError, AwsRequest, Outcome, Permission, Protocol, Response},
};

/// The operations.
const OPERATIONS: [&str; 4] = ["PutEvents", "ListRules", "ListTargetsByRule", "TestEventPattern"];
/// The most entries and bytes of one call
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>).
const MAX_ENTRIES: usize = 10;
const MAX_SIZE: usize = 1024 * 1024;

/// The EventBridge API.
#[derive(Debug)]
pub(crate) struct EventBridge(pub(crate) Arc<Buses>);

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
        let outcome = request.json().and_then(|body| match request.operation.as_str() {
            "PutEvents" => put_events(&self.0, request.trace.as_ref(), body),
            "ListRules" => list_rules(&self.0, body),
            "ListTargetsByRule" => list_targets(&self.0, body),
            "TestEventPattern" => test_event_pattern(body),
            other => Err(AwsError::unknown_operation("EventBridge", other, &OPERATIONS)),
        });
        Box::pin(future::ready(outcome.map(Response::Json)))
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

fn put_events(
    buses: &Buses,
    trace: Option<&TraceHeader>,
    request: &Value,
) -> Result<Value, AwsError> {
    let entries = request["Entries"].as_array().map_or(&[][..], Vec::as_slice);
    if entries.is_empty() || entries.len() > MAX_ENTRIES {
        let message = format!(
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member \
             must have length between 1 and {MAX_ENTRIES}"
        );
        return Err(AwsError::bad_request("ValidationException", message));
    }
    if entries.iter().map(size).sum::<usize>() > MAX_SIZE {
        let message = "Total size of the entries in the request is over the limit.";
        return Err(AwsError::bad_request("ValidationException", message));
    }
    let mut failed = 0;
    let results: Vec<_> = entries
        .iter()
        .map(|entry| match Entry::parse(entry, buses, trace) {
            Ok(Entry { id, bus, event, trace }) => {
                buses.dispatch(bus, event, trace.as_ref());
                json!({ "EventId": id })
            }
            Err(EntryError { code, message }) => {
                failed += 1;
                json!({ "ErrorCode": code, "ErrorMessage": message })
            }
        })
        .collect();
    Ok(json!({ "FailedEntryCount": failed, "Entries": results }))
}

/// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html>.
fn list_rules(buses: &Buses, request: &Value) -> Result<Value, AwsError> {
    let rules = rules(buses, request)?.map(|rule| {
        json!({
            "Name": rule.name,
            "Arn": rule.arn,
            "EventBusName": rule.bus,
            "EventPattern": rule.pattern.source().to_string(),
            "State": if rule.enabled { "ENABLED" } else { "DISABLED" },
        })
    });
    Ok(json!({ "Rules": rules.collect::<Vec<_>>() }))
}

/// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListTargetsByRule.html>.
fn list_targets(buses: &Buses, request: &Value) -> Result<Value, AwsError> {
    let name = &request["Rule"];
    let rule = rules(buses, request)?.find(|rule| *name == rule.name).ok_or_else(|| {
        let message = format!("Rule {name} does not exist on EventBus.");
        AwsError::bad_request("ResourceNotFoundException", message)
    })?;
    let targets = rule.targets.iter().enumerate();
    let targets =
        targets.map(|(number, target)| json!({ "Id": number.to_string(), "Arn": target.function }));
    Ok(json!({ "Targets": targets.collect::<Vec<_>>() }))
}

/// The rules of the bus that `request` names.
fn rules<'a>(
    buses: &'a Buses,
    request: &'a Value,
) -> Result<impl Iterator<Item = &'a Rule>, AwsError> {
    let bus = buses
        .find(request["EventBusName"].as_str().unwrap_or(DEFAULT))
        .map_err(|error| AwsError::bad_request("ResourceNotFoundException", error.to_string()))?;
    Ok(buses.rules(bus))
}

/// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html>.
fn test_event_pattern(request: &Value) -> Result<Value, AwsError> {
    let refuse = |message: String| AwsError::bad_request("InvalidEventPatternException", message);
    let text = |name: &str| {
        request[name].as_str().ok_or_else(|| {
            AwsError::bad_request("ValidationException", format!("{name} is missing"))
        })
    };
    let pattern =
        Pattern::parse(text("EventPattern")?).map_err(|error| refuse(error.to_string()))?;
    let event: Value = serde_json::from_str(text("Event")?)
        .map_err(|error| refuse(format!("Event is not valid. Reason: {error}")))?;
    for field in ["id", "account", "source", "time", "region", "resources", "detail-type"] {
        if event.get(field).is_none() {
            let message = format!("Parameter Event is not valid. Reason: `{field}` is missing");
            return Err(AwsError::bad_request("ValidationException", message));
        }
    }
    Ok(json!({ "Result": pattern.matches(&event) }))
}

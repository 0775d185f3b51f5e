use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    clock,
    identity::{ACCOUNT, REGION, arn},
    lambda::Lambda,
    ring_buffer::RingBuffer,
    rules::Pattern,
    sqs::Queues,
    template::{Rule, Target},
    trace_header::TraceHeader,
    wire::{AwsError, read_json},
};

/// The operations, as errors name them.
const OPERATIONS: [&str; 4] = ["PutEvents", "ListRules", "ListTargetsByRule", "TestEventPattern"];
/// The most entries and bytes of one call
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>).
const MAX_ENTRIES: usize = 10;
const MAX_SIZE: usize = 1024 * 1024;
/// How many events the console can look back on.
const MOST: usize = 500;

/// The buses of a template and their rules.
#[derive(Debug)]
pub struct Bus {
    buses: Vec<String>,
    rules: Vec<Rule>,
    lambda: Arc<Lambda>,
    queues: Arc<Queues>,
    passed: RingBuffer<Passed>,
}

/// An event that came by.
#[derive(Clone, Debug, Serialize)]
pub struct Passed {
    /// The event as targets get it.
    pub event: Value,
    /// The bus.
    pub bus: String,
    /// The rules that matched.
    pub rules: Vec<String>,
    /// The trace that it belongs to.
    pub trace_id: Option<String>,
}

/// Why one entry was not taken.
struct Refusal(&'static str, String);

impl Bus {
    /// The buses and rules of a template.
    pub fn new(
        buses: Vec<String>,
        rules: Vec<Rule>,
        lambda: Arc<Lambda>,
        queues: Arc<Queues>,
    ) -> Self {
        Self { buses, rules, lambda, queues, passed: RingBuffer::new(MOST) }
    }

    /// Answers a request to the EventBridge API: the target header names the operation.
    pub fn answer(
        &self,
        operation: &str,
        header: Option<&TraceHeader>,
        body: &[u8],
    ) -> Result<Value, AwsError> {
        let request = read_json(body)?;
        match operation {
            "PutEvents" => self.put_events(header, &request),
            "ListRules" => self.list_rules(&request),
            "ListTargetsByRule" => self.list_targets(&request),
            "TestEventPattern" => test_event_pattern(&request),
            other => Err(AwsError::unknown_operation("EventBridge", other, &OPERATIONS)),
        }
    }

    /// The events that came by and are `wanted`, oldest first.
    pub fn passed(&self, wanted: impl Fn(&Passed) -> bool) -> Vec<Passed> {
        self.passed.matching(wanted)
    }

    fn put_events(&self, header: Option<&TraceHeader>, request: &Value) -> Result<Value, AwsError> {
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
        let answers: Vec<_> = entries
            .iter()
            .map(|entry| match self.put(entry, header) {
                Ok(id) => json!({ "EventId": id }),
                Err(Refusal(code, message)) => {
                    json!({ "ErrorCode": code, "ErrorMessage": message })
                }
            })
            .collect();
        let failed = answers.iter().filter(|answer| answer.get("EventId").is_none()).count();
        Ok(json!({ "FailedEntryCount": failed, "Entries": answers }))
    }

    /// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html>.
    fn list_rules(&self, request: &Value) -> Result<Value, AwsError> {
        let rules = self.rules_of(request)?.map(|rule| {
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

    fn list_targets(&self, request: &Value) -> Result<Value, AwsError> {
        let name = &request["Rule"];
        let rule = self.rules_of(request)?.find(|rule| *name == rule.name).ok_or_else(|| {
            let message = format!("Rule {name} does not exist on EventBus.");
            AwsError::bad_request("ResourceNotFoundException", message)
        })?;
        let targets = rule.targets.iter().enumerate();
        let targets = targets
            .map(|(number, target)| json!({ "Id": number.to_string(), "Arn": target.function }));
        Ok(json!({ "Targets": targets.collect::<Vec<_>>() }))
    }

    /// The rules of the bus that `request` names.
    fn rules_of(&self, request: &Value) -> Result<impl Iterator<Item = &Rule>, AwsError> {
        let bus = bus_name(request["EventBusName"].as_str().unwrap_or("default")).to_owned();
        if bus != "default" && !self.buses.contains(&bus) {
            let message = format!("Event bus {bus} does not exist.");
            return Err(AwsError::bad_request("ResourceNotFoundException", message));
        }
        Ok(self.rules.iter().filter(move |rule| rule.bus == bus))
    }

    fn put(&self, entry: &Value, header: Option<&TraceHeader>) -> Result<String, Refusal> {
        let text = |name: &str| entry[name].as_str().filter(|text| !text.is_empty());
        let required = |name: &str| {
            text(name).ok_or_else(|| {
                let reason = format!(
                    "Parameter {name} is not valid. Reason: {name} is a required argument."
                );
                Refusal("InvalidArgument", reason)
            })
        };
        let source = required("Source")?;
        let detail_type = required("DetailType")?;
        let detail = required("Detail")?;
        if source.starts_with("aws.") {
            return Err(Refusal(
                "NotAuthorizedForSourceException",
                "Not authorized for the source.".to_owned(),
            ));
        }
        if detail_type.chars().count() > 128 {
            let reason =
                "Parameter DetailType is not valid. Reason: it is longer than 128 characters.";
            return Err(Refusal("InvalidArgument", reason.to_owned()));
        }
        let Ok(detail @ Value::Object(_)) = serde_json::from_str(detail) else {
            return Err(Refusal("MalformedDetail", "Detail is malformed.".to_owned()));
        };
        let bus = bus_name(text("EventBusName").unwrap_or("default"));
        if bus != "default" && !self.buses.iter().any(|known| known == bus) {
            return Err(Refusal("InvalidArgument", format!("Event bus {bus} does not exist.")));
        }
        // The entry's own header wins over the request's; one that makes no sense is dropped.
        let header = match entry["TraceHeader"].as_str() {
            Some(own) => TraceHeader::read(own),
            None => header.cloned(),
        };
        let time = entry["Time"].as_f64().map_or_else(clock::date_time, clock::at);
        let id = Uuid::new_v4().to_string();
        let event = event(&id, source, detail_type, &entry["Resources"], time, &detail);
        self.pass(bus, event, header.as_ref());
        Ok(id)
    }

    /// Hands an event to each target of each rule that matches.
    fn pass(&self, bus: &str, event: Value, header: Option<&TraceHeader>) {
        let matching =
            |rule: &&Rule| rule.enabled && rule.bus == bus && rule.pattern.matches(&event);
        let rules: Vec<_> = self.rules.iter().filter(matching).collect();
        let payload = Bytes::from(event.to_string());
        for rule in &rules {
            for target in &rule.targets {
                let invoked = self.lambda.invoke_asynchronously(
                    &target.function,
                    payload.clone(),
                    header.cloned(),
                );
                if let Err(error) = invoked {
                    self.bury(rule, target, &event, &error.to_string(), header);
                }
            }
        }
        self.passed.push(Passed {
            event,
            bus: bus.to_owned(),
            rules: rules.iter().map(|rule| rule.name.clone()).collect(),
            trace_id: header.map(|header| header.root.clone()),
        });
    }

    /// What cannot be delivered goes to the rule's dead-letter queue, with the attributes that say why
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>).
    fn bury(
        &self,
        rule: &Rule,
        target: &Target,
        event: &Value,
        reason: &str,
        header: Option<&TraceHeader>,
    ) {
        let Some(queue) = &target.dead_letters else { return };
        let attributes = json!({
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target.function,
            "ERROR_CODE": "NO_RESOURCE",
            "ERROR_MESSAGE": reason,
        });
        self.queues.send(queue, event.clone(), reason, header, attributes);
    }
}

/// A bus is named by its name or by its ARN.
fn bus_name(name: &str) -> &str {
    name.strip_prefix(arn("events", "event-bus/").as_str()).unwrap_or(name)
}

/// An entry's size as EventBridge counts it: the trace header is free
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>).
fn size(entry: &Value) -> usize {
    let length = |name: &str| entry[name].as_str().map_or(0, str::len);
    let time = if entry["Time"].is_null() { 0 } else { 14 };
    let resources = entry["Resources"].as_array().into_iter().flatten();
    let resources: usize = resources.filter_map(Value::as_str).map(str::len).sum();
    time + length("Source") + length("DetailType") + length("Detail") + resources
}

fn event(
    id: &str,
    source: &str,
    detail_type: &str,
    resources: &Value,
    time: DateTime<Utc>,
    detail: &Value,
) -> Value {
    json!({
        "version": "0",
        "id": id,
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": time.to_rfc3339_opts(SecondsFormat::Secs, true),
        "region": REGION,
        "resources": resources.as_array().cloned().unwrap_or_default(),
        "detail": detail,
    })
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

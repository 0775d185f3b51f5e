use std::{collections::BTreeMap, future, sync::Arc};

use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::pattern::Pattern;
use crate::{
    clock,
    identity::arn_of,
    lambda::{LOG_STREAM, Lambda},
    logs::Logs,
    wire::{
        AwsApi, AwsError, AwsRequest, Outcome, Page, Permission, Protocol, Response,
        parameters::{
            self, ANY,
            Form::{Text, Texts, Truth, Whole},
            Parameter,
        },
    },
};

/// The operations.
const OPERATIONS: [&str; 2] = ["DescribeLogGroups", "FilterLogEvents"];
/// The most groups and the most events of one answer.
const MAX_GROUPS: i64 = 50;
const MAX_EVENTS: i64 = 10_000;
/// What `DescribeLogGroups` may be asked.
const GROUPS: &[Parameter] = &[
    ("logGroupNamePrefix", Text(1, 512), false),
    ("logGroupNamePattern", Text(0, 512), false),
    ("limit", Whole(1, MAX_GROUPS), false),
    ("nextToken", Text(1, ANY), false),
];
/// What `FilterLogEvents` may be asked. Times are milliseconds since the epoch.
const EVENTS: &[Parameter] = &[
    ("logGroupName", Text(1, 512), false),
    ("logGroupIdentifier", Text(1, 2048), false),
    ("logStreamNames", Texts(100, 512), false),
    ("logStreamNamePrefix", Text(1, 512), false),
    ("startTime", Whole(0, i64::MAX), false),
    ("endTime", Whole(0, i64::MAX), false),
    ("filterPattern", Text(0, 1024), false),
    ("nextToken", Text(1, ANY), false),
    ("limit", Whole(1, MAX_EVENTS), false),
    ("interleaved", Truth, false),
    ("unmask", Truth, false),
];

/// The API of CloudWatch Logs.
#[derive(Debug)]
pub(crate) struct CloudWatchLogs {
    pub(crate) logs: Arc<Logs>,
    pub(crate) lambda: Arc<Lambda>,
    /// When the groups were created, in seconds since the epoch.
    pub(crate) created: f64,
}

impl AwsApi for CloudWatchLogs {
    fn name(&self) -> &'static str {
        "logs"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Json { target: "Logs_20140328", content_type: "application/x-amz-json-1.1" }
    }

    fn permissions(&self, request: &AwsRequest) -> Vec<Permission> {
        let group = request.json().ok().and_then(|body| group_name(body));
        let resource = arn_of("logs", "log-group:", group.unwrap_or("*"));
        vec![Permission::new("logs", &request.operation, resource)]
    }

    fn denial(&self) -> (StatusCode, &'static str) {
        (StatusCode::BAD_REQUEST, "AccessDeniedException")
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        let outcome = request.json().and_then(|body| match request.operation.as_str() {
            "DescribeLogGroups" => self.groups(body),
            "FilterLogEvents" => self.events(body),
            other => Err(AwsError::unknown_operation("CloudWatch Logs", other, &OPERATIONS)),
        });
        Box::pin(future::ready(outcome.map(Response::Json)))
    }
}

impl CloudWatchLogs {
    /// See <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html>.
    fn groups(&self, request: &Value) -> Result<Value, AwsError> {
        check(request, GROUPS)?;
        let wanted = |name: &str| {
            let prefix = request["logGroupNamePrefix"].as_str().unwrap_or_default();
            let part = request["logGroupNamePattern"].as_str().unwrap_or_default();
            name.starts_with(prefix) && name.to_lowercase().contains(&part.to_lowercase())
        };
        let groups = self.functions_by_group().into_keys().filter(|name| wanted(name));
        let created = clock::at(self.created).timestamp_millis();
        let groups = groups.map(|name| {
            let arn = arn_of("logs", "log-group:", name);
            json!({
                "logGroupName": name, "arn": format!("{arn}:*"), "logGroupArn": arn,
                "creationTime": created, "metricFilterCount": 0, "logGroupClass": "STANDARD",
            })
        });
        let size = size(request, MAX_GROUPS);
        let page = Page::of(groups.collect(), size, request["nextToken"].as_str());
        let page = page.map_err(|_| invalid("The specified nextToken is invalid."))?;
        Ok(json!({ "logGroups": page.items, "nextToken": page.next }))
    }

    /// See <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>.
    fn events(&self, request: &Value) -> Result<Value, AwsError> {
        check(request, EVENTS)?;
        let pattern = Pattern::parse(request["filterPattern"].as_str().unwrap_or_default())?;
        let groups = self.functions_by_group();
        let functions = group_name(request).and_then(|name| groups.get(name)).ok_or_else(|| {
            let message = "The specified log group does not exist.";
            AwsError::bad_request("ResourceNotFoundException", message)
        })?;
        let from = request["startTime"].as_i64().unwrap_or_default();
        let until = request["endTime"].as_i64().unwrap_or(i64::MAX);
        let names_stream = names_stream(request);
        let mut lines = self.logs.numbered(|line| {
            names_stream
                && functions.contains(&line.function.as_str())
                && (from..until).contains(&line.millis())
                && pattern.finds(line.text())
        });
        lines.sort_by_key(|(number, line)| (line.millis(), *number));
        // Lines come and go between two pages, so a token names the last one, not how many there were.
        let unknown_token = || invalid("The specified nextToken is invalid.");
        let token = request["nextToken"].as_str();
        let after = token.map(|token| position(token).ok_or_else(unknown_token)).transpose()?;
        lines.retain(|(number, line)| after.is_none_or(|after| (line.millis(), *number) > after));
        let size = size(request, MAX_EVENTS);
        let next = lines.get(size).and_then(|_| lines.get(size - 1));
        let next = next.map(|(number, line)| format!("{}-{number}", line.millis()));
        let events = lines.iter().take(size).map(|(number, line)| {
            json!({
                "logStreamName": LOG_STREAM, "timestamp": line.millis(), "ingestionTime": line.millis(),
                "message": line.text(), "eventId": format!("{number:056}"),
            })
        });
        Ok(json!({
            "events": events.collect::<Vec<_>>(), "searchedLogStreams": [], "nextToken": next,
        }))
    }

    /// The functions that write into each group.
    fn functions_by_group(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut groups = BTreeMap::<_, Vec<_>>::new();
        for function in self.lambda.functions() {
            groups.entry(function.log_group.as_str()).or_default().push(function.name.as_str());
        }
        groups
    }
}

/// A group by its name or ARN.
fn group_name(request: &Value) -> Option<&str> {
    let identifier = request["logGroupName"].as_str().or(request["logGroupIdentifier"].as_str())?;
    let name = identifier.split_once(":log-group:").map_or(identifier, |(_, name)| name);
    Some(name.trim_end_matches(":*"))
}

/// Whether the one stream is among those that a request asks for.
fn names_stream(request: &Value) -> bool {
    let names = request["logStreamNames"].as_array();
    names.is_none_or(|names| names.iter().any(|name| name == LOG_STREAM))
        && LOG_STREAM.starts_with(request["logStreamNamePrefix"].as_str().unwrap_or_default())
}

/// The time and number of a line, by the token that names it.
fn position(token: &str) -> Option<(i64, u64)> {
    let (millis, number) = token.rsplit_once('-')?;
    Some((millis.parse().ok()?, number.parse().ok()?))
}

/// How many items are asked for. The parameter was checked.
fn size(request: &Value, most: i64) -> usize {
    request["limit"].as_i64().unwrap_or(most).try_into().unwrap_or(usize::MAX)
}

fn check(request: &Value, parameters: &[Parameter]) -> Result<(), AwsError> {
    parameters::check(request, parameters).map_err(|error| invalid(&error.message))
}

fn invalid(message: &str) -> AwsError {
    AwsError::bad_request("InvalidParameterException", message)
}

use serde_json::{Map, Value, json};

use super::{attributes::Attributes, platform};

const OPERATION: [&str; 2] = ["aws.operation", "rpc.method"];
const ACCOUNT: [&str; 2] = ["aws.account_id", "aws.account.id"];
const REGION: [&str; 1] = ["aws.region"];
const REQUEST: [&str; 2] = ["aws.request_id", "aws.requestId"];
const QUEUE: [&str; 3] = ["messaging.url", "aws.queue_url", "aws.queue.url"];
const TABLE: [&str; 2] = ["aws.table_name", "aws.table.name"];
const TABLES: [&str; 1] = ["aws.dynamodb.table_names"];
const LOG_GROUPS: [&str; 1] = ["aws.log.group.names"];
const LOG_GROUP_ARNS: [&str; 1] = ["aws.log.group.arns"];

/// Whether a span is a call of an AWS API.
pub(super) fn is_api_call(attributes: &Attributes) -> bool {
    attributes.text(&["rpc.system"]) == Some("aws-api")
}

/// The field `aws`, of what the span and its resource say.
pub(super) fn take(attributes: &mut Attributes, resource: &Attributes) -> Option<Value> {
    let mut aws = Map::new();
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            aws.insert(name.to_owned(), value.into());
        }
    };
    put("operation", attributes.text(&OPERATION));
    put("account_id", attributes.text(&ACCOUNT).or_else(|| resource.text(&["cloud.account.id"])));
    put("region", attributes.text(&REGION));
    put("request_id", attributes.text(&REQUEST));
    put("queue_url", attributes.text(&QUEUE));
    match attributes.texts(&TABLES)[..] {
        [] => put("table_name", attributes.text(&TABLE)),
        [table] => put("table_name", Some(table)),
        ref tables => {
            aws.insert("table_names".to_owned(), tables.into());
        }
    }
    for names in [&OPERATION[..], &ACCOUNT, &REGION, &REQUEST, &QUEUE[1..], &TABLE] {
        attributes.remove(names);
    }
    if resource.text(&["cloud.provider"]).is_some_and(|provider| provider != "aws") {
        return None;
    }
    if let Some(groups) = log_groups(resource) {
        aws.insert("cloudwatch_logs".to_owned(), groups);
    }
    aws.extend(platform::fields(resource));
    aws.insert("xray".to_owned(), sdk(resource));
    Some(aws.into())
}

/// What made the spans, such as `opentelemetry for python`.
fn sdk(resource: &Attributes) -> Value {
    let name = resource.text(&["telemetry.sdk.name"]).unwrap_or("opentelemetry");
    let sdk = match resource.text(&["telemetry.sdk.language"]) {
        Some(language) => format!("{name} for {language}"),
        None => name.to_owned(),
    };
    let automatic = ["telemetry.auto.version", "telemetry.distro.version"];
    let mut shown =
        json!({ "sdk": sdk, "auto_instrumentation": resource.text(&automatic).is_some() });
    if let Some(version) = resource.text(&["telemetry.sdk.version"]) {
        shown["sdk_version"] = version.into();
    }
    shown
}

/// The log groups by ARN, whose seventh part is the name, or by name.
fn log_groups(resource: &Attributes) -> Option<Value> {
    let split = |names: &[&str]| -> Vec<String> {
        let texts = resource.texts(names).into_iter().flat_map(|text| text.split('&'));
        texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
    };
    let by_arn = split(&LOG_GROUP_ARNS).into_iter().map(|arn| {
        let name = arn.split(':').nth(6).unwrap_or(&arn).to_owned();
        json!({ "arn": arn, "log_group": name })
    });
    let mut groups: Vec<Value> = by_arn.collect();
    if groups.is_empty() {
        groups.extend(split(&LOG_GROUPS).into_iter().map(|name| json!({ "log_group": name })));
    }
    (!groups.is_empty()).then(|| groups.into())
}

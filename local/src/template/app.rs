/// The REST API.
mod api;
/// Buses, rules, archives and schedules.
mod events;
/// Topics and queues.
mod messaging;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde_json::Value;

pub use self::{
    api::{Api, GatewayResponse, Route, Security},
    events::{Archive, BusLog, BusLogLevel, Rule, Schedule, Scheduler, Target},
    messaging::{Queue, Subscription, Topic},
};
use super::error::LineError;
use crate::rules::Role;

/// What a template declares, as far as it is emulated.
#[derive(Debug, Default)]
pub struct App {
    /// The Lambda functions.
    pub functions: Vec<Function>,
    /// The REST API, if there is one.
    pub api: Option<Api>,
    /// The methods of the API and the functions behind them.
    pub routes: Vec<Route>,
    /// The names of the event buses, without `default`.
    pub buses: Vec<String>,
    /// What buses log, by name.
    pub bus_logs: BTreeMap<String, BusLog>,
    /// The ARNs of the roles that a principal of the account may assume.
    pub assumable_roles: Vec<String>,
    /// The EventBridge rules.
    pub rules: Vec<Rule>,
    /// The archives of buses.
    pub archives: Vec<Archive>,
    /// The schedules, of rules and of EventBridge Scheduler.
    pub schedules: Vec<Schedule>,
    /// The DynamoDB tables, as `CreateTable` requests.
    pub tables: Vec<Value>,
    /// The SNS topics.
    pub topics: Vec<Topic>,
    /// The subscriptions of topics by queues.
    pub subscriptions: Vec<Subscription>,
    /// The SQS queues.
    pub queues: Vec<Queue>,
    /// X-Ray's groups, as `CreateGroup` requests.
    pub trace_groups: Vec<Value>,
    /// X-Ray's sampling rules, as `CreateSamplingRule` requests.
    pub sampling_rules: Vec<Value>,
    /// The logical ids and types of the resources that are not emulated.
    pub not_emulated: Vec<(String, String)>,
    /// The stack's outputs by name, as far as they can be evaluated here.
    pub outputs: BTreeMap<String, String>,
    /// The outputs that cannot be evaluated here.
    pub unresolved_outputs: Vec<UnresolvedOutput>,
}

/// An output that cannot be evaluated here.
#[derive(Debug)]
pub struct UnresolvedOutput {
    /// Its name.
    pub name: String,
    /// Why not.
    pub error: LineError,
}

/// A Lambda function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its key in the template.
    pub logical_id: String,
    /// Its name on AWS.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its memory in MB.
    pub memory: u32,
    /// The longest that an invocation may take.
    pub timeout: Duration,
    /// Whether Lambda records segments for it (`Active`) or only passes the trace header on
    /// (`PassThrough`).
    pub traced: bool,
    /// The role with its permissions.
    pub role: Role,
    /// Its own environment variables.
    pub environment: BTreeMap<String, String>,
    /// `Handler`.
    pub handler: String,
    /// The log group that its log lines go to on AWS.
    pub log_group: String,
    /// How often a failed asynchronous invocation is retried.
    pub retries: u32,
    /// The age at which an asynchronous event is no longer retried.
    pub max_age: Duration,
    /// The on-failure destination of asynchronous invocations: the ARN of a queue.
    pub on_failure: Option<String>,
    /// The folder of its Cargo package.
    pub package: PathBuf,
    /// The binary, where the package has several.
    pub binary: Option<String>,
}

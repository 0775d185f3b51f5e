use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde_json::Value;

use super::{error::LineError, rest_api};
use crate::{
    identity::REGION,
    rules::{Expression, Pattern, Role},
};

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

/// A REST API and its one stage.
#[derive(Clone, Debug, Default)]
pub struct Api {
    /// Its name.
    pub name: String,
    /// Its stage.
    pub stage: String,
    /// Whether the stage records segments.
    pub traced: bool,
    /// The stage's variables.
    pub variables: BTreeMap<String, String>,
    /// What API Gateway answers by itself, by type, such as `DEFAULT_4XX`.
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
}

/// How a response of API Gateway itself looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayResponse {
    /// The status code, if not that of its type.
    pub status: Option<u16>,
    /// Headers, and what their values are mapped from, such as `stageVariables.origin`.
    pub headers: BTreeMap<String, String>,
    /// Templates of the body, by media type.
    pub templates: BTreeMap<String, String>,
}

impl Api {
    /// Its id.
    pub fn id(&self) -> String {
        rest_api::id(&self.name)
    }

    /// The ARN of its stage.
    pub fn stage_arn(&self) -> String {
        format!("arn:aws:apigateway:{REGION}::/restapis/{}/stages/{}", self.id(), self.stage)
    }

    /// Its host name on AWS.
    pub fn domain(&self) -> String {
        format!("{}.execute-api.{REGION}.amazonaws.com", self.id())
    }
}

/// A method of a path, and the function behind it.
#[derive(Clone, Debug)]
pub struct Route {
    /// `POST`, or `ANY`.
    pub method: String,
    /// `/orders/{customerId}`.
    pub path: String,
    /// The logical id of the function.
    pub function: String,
    /// Who may call it.
    pub security: Security,
}

/// Whom a method of an API lets in, as far as that is checked here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Anybody.
    #[default]
    Open,
    /// Whoever signs the request for `execute-api`.
    Iam,
    /// Whoever has an id token of the user pool with this id.
    UserPool(String),
}

/// What a bus logs of its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusLog {
    /// How much.
    pub level: BusLogLevel,
    /// Whether a record has the event's detail.
    pub includes_detail: bool,
}

/// How much a bus logs. Each level has what the ones before it have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BusLogLevel {
    /// Failures.
    Error,
    /// The major steps.
    Info,
    /// All steps.
    Trace,
}

impl BusLogLevel {
    /// As it is spelt on AWS.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Info => "INFO",
            Self::Trace => "TRACE",
        }
    }
}

/// An EventBridge rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The logical id of the resource that declares it: the rule itself or a function.
    pub logical_id: String,
    /// Its name on AWS.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The name of its event bus.
    pub bus: String,
    /// Its event pattern.
    pub pattern: Pattern,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Where the events that match are sent.
    pub targets: Vec<Target>,
}

/// What keeps the events of a bus, so that they can be replayed.
#[derive(Clone, Debug)]
pub struct Archive {
    /// The logical id of the resource that declares it.
    pub logical_id: String,
    /// Its name on AWS.
    pub name: String,
    /// The name of its event bus.
    pub bus: String,
    /// Which events it keeps, if not all.
    pub pattern: Option<Pattern>,
    /// How many days it keeps them; 0 for ever.
    pub retention_days: u32,
}

/// Something that invokes functions at certain times.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The logical id of the resource that declares it.
    pub logical_id: String,
    /// Its name on AWS.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What it belongs to.
    pub scheduler: Scheduler,
    /// When it is due.
    pub expression: Expression,
    /// Whether it fires by itself.
    pub enabled: bool,
    /// What it invokes.
    pub targets: Vec<Target>,
}

/// Which of AWS's two schedulers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    /// A rule of the default bus.
    Rule,
    /// `EventBridge` Scheduler.
    EventBridgeScheduler,
}

/// A function that a rule or a schedule invokes.
#[derive(Clone, Debug)]
pub struct Target {
    /// The function's ARN.
    pub function: String,
    /// The constant that it gets in place of the event.
    pub input: Option<String>,
    /// The ARN of the dead-letter queue.
    pub dead_letters: Option<String>,
}

/// An SNS topic.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Whether it keeps order and delivers each message once.
    pub fifo: bool,
    /// Whether equal messages are one message, in a FIFO topic.
    pub content_based_deduplication: bool,
    /// Whether deduplication ids belong to their message group and not to the whole topic.
    pub deduplicates_per_group: bool,
}

/// A queue that gets what is published to a topic.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The logical id of the resource that declares it.
    pub logical_id: String,
    /// Its ARN.
    pub arn: String,
    /// The topic's ARN.
    pub topic: String,
    /// The queue's ARN.
    pub queue: String,
    /// Whether the message comes alone, without SNS's envelope.
    pub raw: bool,
}

/// An SQS queue. Times are in seconds.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// How long a received message is hidden.
    pub visibility_timeout: u32,
    /// How long a new message is hidden.
    pub delay: u32,
    /// How long a receiver waits for a message.
    pub wait: u32,
    /// How long AWS keeps a message; here it stays.
    pub retention: u32,
    /// Whether it keeps order and delivers each message once.
    pub fifo: bool,
    /// Whether equal messages are one message, in a FIFO queue.
    pub content_based_deduplication: bool,
    /// Whether deduplication ids belong to their message group and not to the whole queue.
    pub deduplicates_per_group: bool,
}

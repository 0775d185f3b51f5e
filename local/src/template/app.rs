use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde_json::Value;
use uuid::Uuid;

use crate::{
    identity::REGION,
    rules::{Pattern, Role},
};

/// Everything that a template says and that exists here.
#[derive(Clone, Debug, Default)]
pub struct App {
    /// The Lambda functions.
    pub functions: Vec<Function>,
    /// The REST API, if there is one.
    pub api: Option<Api>,
    /// Where the API's requests go.
    pub routes: Vec<Route>,
    /// The event buses' names, `default` not among them.
    pub buses: Vec<String>,
    /// Which events go where.
    pub rules: Vec<Rule>,
    /// `CreateTable` requests.
    pub tables: Vec<Value>,
    /// The SNS topics.
    pub topics: Vec<Topic>,
    /// The SQS queues.
    pub queues: Vec<Queue>,
    /// Logical id and type of what exists on AWS only.
    pub not_emulated: Vec<(String, String)>,
    /// The stack's outputs, by name, as far as they can be told here.
    pub outputs: BTreeMap<String, String>,
}

/// A Lambda function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name on AWS.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// In MB.
    pub memory: u32,
    /// When an invocation is cut off.
    pub timeout: Duration,
    /// Whether Lambda records segments for it (`Active`) or only passes the trace id on.
    pub traced: bool,
    /// What it may do.
    pub role: Role,
    /// Its own environment variables.
    pub environment: BTreeMap<String, String>,
    /// `Handler`.
    pub handler: String,
    /// Where its log lines go on AWS.
    pub log_group: String,
    /// How often an asynchronous invocation is tried again.
    pub retries: u32,
    /// How old an asynchronous event may become.
    pub max_age: Duration,
    /// The ARN of the queue that failed asynchronous invocations go to.
    pub on_failure: Option<String>,
    /// The folder of its Cargo package.
    pub package: PathBuf,
    /// Which binary of the package, where it has several.
    pub binary: Option<String>,
}

/// A stage of a REST API.
#[derive(Clone, Debug)]
pub struct Api {
    /// Its name.
    pub name: String,
    /// Its stage.
    pub stage: String,
    /// Whether the stage records segments.
    pub traced: bool,
}

impl Api {
    /// Its id: ten letters and digits, the same at every start.
    pub fn id(&self) -> String {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, self.name.as_bytes()).simple().to_string();
        id[..10].to_owned()
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
}

/// An EventBridge rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The logical id of the resource that it stands in: the rule itself or a function.
    pub logical_id: String,
    /// Its name on AWS.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The bus that it listens to.
    pub bus: String,
    /// Which events it matches.
    pub pattern: Pattern,
    /// Whether it is on.
    pub enabled: bool,
    /// Where they go.
    pub targets: Vec<Target>,
}

/// A function that a rule hands events to.
#[derive(Clone, Debug)]
pub struct Target {
    /// The function's ARN.
    pub function: String,
    /// The ARN of the queue for what cannot be delivered.
    pub dead_letters: Option<String>,
}

/// An SNS topic.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its ARN.
    pub arn: String,
}

/// An SQS queue.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}
